"""Writes a log into a bundle: beside its place first, then sealed, and only then under its name.

A shard's watermark is where its verdicts end, so every cast record of a bundle has a verdict. Nothing is judged here and no
secret is needed: whether a bundle is right, `verify` finds out.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pydantic import BaseModel

from services.audit.bundle import FORMAT, MANIFEST, SEAL_CHARS, Manifest, Part, frame, part_name, seal_of
from services.audit.evidence import Evidence
from services.audit.recount import NoElection
from shared.contract.chain import START
from shared.contract.codec import decode_judged, encode
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED, COUNTS_PUBLISHED, ELECTIONS_ANNOUNCED
from shared.contract.verdicts import ControlJudged
from shared.runtime.log import LogError

OWNER_ONLY: Final = 0o600
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""A zip's first moment: the same log gives the same bundle."""


async def export(
    evidence: Evidence, election: str, path: Path, advance: Callable[[int], Callable[[int], None]]
) -> Manifest:
    """Write a bundle of the log up to its present end; return what it holds. `advance` is as `verify`'s.

    Raises LogError, NoElection, OSError; then nothing is at `path` that was not there before.
    """
    announced, standings = await evidence.announced(), await evidence.standings()
    names = [of.definition.id for of in announced]
    if election not in names:
        raise NoElection(f"no election {election!r} is announced; there are: {', '.join(names) or 'none'}")
    ends = await evidence.ends(BALLOTS_JUDGED)
    step = advance(2 * sum(ends))
    covered: list[tuple[int, str]] = []
    with BundleWriter(path) as bundle:
        bundle.write(part_name(ELECTIONS_ANNOUNCED), announced)
        bundle.write(part_name(COUNTS_PUBLISHED), standings)
        for shard, end in enumerate(ends):
            covered.append(await _write_judged(evidence, bundle, shard, end, step))
            await _write_cast(evidence, bundle, shard, covered[-1][0], step)
        return bundle.finish(election, covered)


async def _write_judged(
    evidence: Evidence, bundle: "BundleWriter", shard: int, end: int, step: Callable[[int], None]
) -> tuple[int, str]:
    watermark, head = 0, START.hex()
    with bundle.part(part_name(BALLOTS_JUDGED, shard)) as part:
        async for values in evidence.records(BALLOTS_JUDGED, shard, end):
            for record in map(decode_judged, values):
                if record.since > watermark:
                    raise LogError(
                        f"shard {shard}: no verdict on record {watermark}, the next is on {record.since}"
                    )
                if record.upto > watermark:
                    watermark = record.upto
                    head = record.head if isinstance(record, ControlJudged) else record.head.hex()
            part.add(values)
            step(len(values))
    return watermark, head


async def _write_cast(
    evidence: Evidence, bundle: "BundleWriter", shard: int, upto: int, step: Callable[[int], None]
) -> None:
    with bundle.part(part_name(BALLOTS_CAST, shard)) as part:
        async for values in evidence.records(BALLOTS_CAST, shard, upto):
            part.add(values)
            step(len(values))


class PartWriter:
    """A part that is being written."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name = name
        self._file = file
        self._records = 0
        self._bytes = 0
        self._sha256 = sha256()

    def add(self, values: Sequence[bytes]) -> None:
        """Write the next records."""
        frames = b"".join(frame(self._name, self._records + n, value) for n, value in enumerate(values))
        self._file.write(frames)
        self._sha256.update(frames)
        self._records += len(values)
        self._bytes += len(frames)

    def written(self) -> Part:
        """Return what has been written."""
        return Part(records=self._records, bytes=self._bytes, sha256=self._sha256.hexdigest())


class BundleWriter:
    """A bundle that is being written; a context. It is at its path once it is finished, or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".{path.name}.part")
        self._parts: dict[str, Part] = {}
        self._finished = False

    def __enter__(self) -> Self:
        self._beside.unlink(missing_ok=True)
        self._beside.touch(OWNER_ONLY)
        self._zip = ZipFile(self._beside, "w", ZIP_DEFLATED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._zip.comment = b"0" * SEAL_CHARS
            self._zip.close()
            if self._finished:
                self._seal()
                self._beside.replace(self._path)
        finally:
            self._beside.unlink(missing_ok=True)

    @contextmanager
    def part(self, name: str) -> Iterator[PartWriter]:
        """Open the next part."""
        with self._zip.open(_entry(name), "w", force_zip64=True) as file:
            writer = PartWriter(name, file)
            yield writer
        self._parts[name] = writer.written()

    def write(self, name: str, records: Sequence[BaseModel]) -> None:
        """Write a whole part."""
        with self.part(name) as part:
            part.add([encode(record) for record in records])

    def finish(self, election: str, covered: Sequence[tuple[int, str]]) -> Manifest:
        """Write the manifest; `covered` is the watermark and head of each shard."""
        manifest = Manifest(
            format=FORMAT,
            election=election,
            shards=len(covered),
            watermark=tuple(watermark for watermark, _ in covered),
            heads=tuple(head for _, head in covered),
            parts=self._parts,
        )
        self._zip.writestr(_entry(MANIFEST), manifest.model_dump_json(indent=2))
        self._finished = True
        return manifest

    def _seal(self) -> None:
        seal = seal_of(self._beside)
        with self._beside.open("r+b") as file:
            file.seek(-SEAL_CHARS, os.SEEK_END)
            file.write(seal)
            file.flush()
            os.fsync(file.fileno())


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, NO_TIME)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = OWNER_ONLY << 16
    return entry
