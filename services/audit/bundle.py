"""A whole election in one file, which needs no Kafka to be read: `livecount-bundle/1`.

The file is a zip of deflated parts, and nothing else may be in it:

  elections.announced       the newest announcement of each election
  counts.published          the newest standing of each contest
  ballots.judged/SHARD      every record of verdicts of the shard, repeated ones too, as in the topic
  ballots.cast/SHARD        every cast record of the shard from the first to the watermark: ballots and controls
  manifest.json             format, election, shards, watermark, heads; records, bytes and SHA-256 of each part

A part is a frame for each record: a line `OFFSET LENGTH CHECKSUM`, the record's bytes, and a line feed. Offsets count up from
zero. The checksum is the CRC-32 of the part's name, a space, the offset, a line feed, and the record's bytes, in 8 hexadecimal
digits: a record at another place is as wrong as a changed one. So damage is found and its place named: part, shard, offset.
The zip's comment, the last 64 bytes of the file, is the SHA-256 of all bytes before it: no bit of the file is unchecked.

A bundle holds whole shards: a log is shared by all elections of its namespace, and a chain runs through them all. So offsets
and heads are the same wherever it is read, and the other elections' records come along.

Checksums find accidents. Whoever forges a record can forge them too; the heads find that, compared with the auditor's own
and with any standing that somebody kept (see verify).

Keys and times of the log's records are left out: they decide nothing, and a time can help to find out who cast what. No voting
code is in it, only commitments; verifying one needs no secret. A bundle links electors' numbers to their rankings as the log
does: its file can be read by its owner only.
"""

import struct
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self
from zipfile import BadZipFile, ZipExtFile, ZipFile

from pydantic import Field

from services.audit.check import Difference
from shared.contract.chain import Head
from shared.contract.codec import decode_as
from shared.contract.elections import Frozen
from shared.contract.events import MAX_SHARDS, ElectionAnnounced
from shared.contract.ids import ElectionId
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED, COUNTS_PUBLISHED, ELECTIONS_ANNOUNCED, Topic

FORMAT: Final = "livecount-bundle/1"
MANIFEST: Final = "manifest.json"
SEAL_CHARS: Final = 64
MAX_MANIFEST_BYTES: Final = 1024 * 1024
MAX_RECORD_BYTES: Final = 1024 * 1024
MAX_LINE_BYTES: Final = 64
BATCH_RECORDS: Final = 1_000
CHUNK_BYTES: Final = 1024 * 1024
FINE_BYTES: Final = 16
"""How much is inflated at once where the place of damage is sought: a record may be named that much too early."""

_BROKEN = (
    *(BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(ValueError, LookupError, RuntimeError, ArithmeticError, MemoryError),
)
"""What a zip that is damaged may raise; NotImplementedError is a RuntimeError."""


class BadFrame(ValueError):
    """A frame that is not as it was written, and its offset."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(why)
        self.offset = offset


class Part(Frozen):
    """One part as it was written."""

    records: int = Field(ge=0)
    bytes: int = Field(ge=0, description="Of its frames, before they are deflated")
    sha256: str = Field(description="Of its frames")


class Manifest(Frozen):
    """What a bundle holds."""

    format: str = Field(pattern=r"^[ -~]{1,64}$")
    election: ElectionId = Field(description="The election it was exported for")
    shards: int = Field(ge=1, le=MAX_SHARDS)
    watermark: tuple[int, ...] = Field(description="For each shard, how many cast records are in it")
    heads: tuple[Head, ...] = Field(description="For each shard, the head of its chain there")
    parts: dict[str, Part]

    def fault(self, names: Sequence[str]) -> str | None:
        """Return what a zip with these names lacks or has too much for this manifest, or what in it does not fit."""
        shards = range(self.shards)
        expected = [
            part_name(ELECTIONS_ANNOUNCED),
            part_name(COUNTS_PUBLISHED),
            *(part_name(topic, shard) for topic in (BALLOTS_JUDGED, BALLOTS_CAST) for shard in shards),
        ]
        if sorted(names) != sorted([*self.parts, MANIFEST]):
            return f"the parts it names are not those there are: {names}"
        if sorted(self.parts) != sorted(expected):
            return f"expected the parts of {self.shards} shards, found {sorted(self.parts)}"
        cast = tuple(self.parts[part_name(BALLOTS_CAST, shard)].records for shard in shards)
        if self.watermark != cast or len(self.heads) != self.shards:
            return f"expected watermark {cast} and as many heads, found {self.watermark} and {len(self.heads)} heads"
        return None


class Damaged(Difference):
    """A bundle that is not as it was written, and where."""


class Bundle:
    """An open bundle, checked whole; a context. Raises Damaged, OSError, ValueError for a format of another version."""

    def __init__(self, path: Path) -> None:
        self._path = path
        sealed = _is_sealed(path)
        try:
            self._zip = ZipFile(path)
        except _BROKEN as fault:
            raise Damaged(str(path), f"its directory cannot be read: {fault}") from fault
        try:
            self.manifest = self._manifest(sealed=sealed)
            self._check_parts()
            self._require_seal(sealed=sealed)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def shards(self) -> int:
        """How many shards the log has."""
        return self.manifest.shards

    async def announced(self) -> Sequence[ElectionAnnounced]:
        """Return the newest announcement of each election."""
        return [
            decode_as(ElectionAnnounced, value) for value in self._records(part_name(ELECTIONS_ANNOUNCED))
        ]

    async def standings(self) -> Sequence[Standing]:
        """Return the newest standing of each contest."""
        return [decode_as(Standing, value) for value in self._records(part_name(COUNTS_PUBLISHED))]

    async def ends(self, topic: Topic) -> Sequence[int]:
        """Return how many records each shard of a topic holds."""
        return [self.manifest.parts[part_name(topic, shard)].records for shard in range(self.shards)]

    async def records(self, topic: Topic, shard: int, upto: int) -> AsyncIterator[Sequence[bytes]]:
        """Yield the records 0 .. upto-1 of a topic's shard in batches."""
        batch: list[bytes] = []
        for offset, value in zip(range(upto), self._records(part_name(topic, shard)), strict=False):
            batch.append(value)
            if len(batch) == BATCH_RECORDS or offset + 1 == upto:
                yield batch
                batch = []

    def _records(self, name: str, at_once: int | None = None) -> Iterator[bytes]:
        with self._zip.open(name) as file:
            if at_once is not None and isinstance(file, ZipExtFile):
                file.MIN_READ_SIZE = at_once
            yield from read_frames(name, file)

    def _manifest(self, *, sealed: bool) -> Manifest:
        try:
            with self._zip.open(MANIFEST) as file:
                manifest = Manifest.model_validate_json(file.read(MAX_MANIFEST_BYTES))
            known = manifest.format == FORMAT
            if known and (fault := manifest.fault(self._zip.namelist())):
                raise ValueError(fault)
        except _BROKEN as fault:
            raise Damaged(f"{self._path}, {MANIFEST}", str(fault)) from fault
        if sealed and not known:
            raise ValueError(f"{self._path}: expected {FORMAT}, found {manifest.format}: another program's")
        return manifest

    def _require_seal(self, *, sealed: bool) -> None:
        if not sealed:
            raise Damaged(
                str(self._path), "every record is whole, but the zip around them or its seal is not"
            )

    def _check_parts(self) -> None:
        for name, part in self.manifest.parts.items():
            try:
                found = self._measured(name)
            except _BROKEN as fault:
                raise self._damaged(name, self._first_broken(name, part), str(fault)) from fault
            if found != part:
                raise self._damaged(name, None, f"expected {part}, found {found}")

    def _measured(self, name: str) -> Part:
        with self._zip.open(name) as file:
            hashed = _Hashed(file)
            records = sum(1 for _ in read_frames(name, hashed))
        return Part(records=records, bytes=hashed.bytes, sha256=hashed.sha256.hexdigest())

    def _first_broken(self, name: str, part: Part) -> int | None:
        """Return the offset of a damaged part's first record that is not whole; None if the fault is around them."""
        try:
            self._zip.open(name).close()
        except _BROKEN:
            return None
        records = 0
        try:
            for _ in self._records(name, FINE_BYTES):
                records += 1
        except BadFrame as fault:
            return fault.offset
        except _BROKEN:
            pass
        return records if records < part.records else None

    def _damaged(self, name: str, offset: int | None, why: str) -> Damaged:
        topic, _, shard = name.partition("/")
        number = int(shard) if shard.isdecimal() else None
        place = [
            topic,
            *([f"shard {shard}"] if shard else []),
            *([] if offset is None else [f"offset {offset}"]),
        ]
        return Damaged(f"{self._path}, {', '.join(place)}", why, number, offset)


def part_name(topic: Topic, shard: int | None = None) -> str:
    """Return the name of the part that holds a topic, or one shard of it."""
    return topic.noun if shard is None else f"{topic.noun}/{shard}"


def seal_of(path: Path) -> bytes:
    """Return the seal that a file must end in: SHA-256 of all but its last SEAL_CHARS bytes, in hexadecimal digits."""
    left, digest = path.stat().st_size - SEAL_CHARS, sha256()
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, CHUNK_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest().encode()


def _is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - SEAL_CHARS))
        return file.read() == seal_of(path)


class _Hashed:
    """A file that is measured while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = sha256()
        self.bytes = 0

    def readline(self, limit: int) -> bytes:
        return self._measured(self._file.readline(limit))

    def read(self, size: int) -> bytes:
        return self._measured(self._file.read(size))

    def _measured(self, data: bytes) -> bytes:
        self.sha256.update(data)
        self.bytes += len(data)
        return data


class Readable(Protocol):
    """What frames are read from."""

    def readline(self, limit: int) -> bytes:
        """Return a line of at most `limit` bytes."""

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer at the end."""


def frame(part: str, offset: int, value: bytes) -> bytes:
    """Return a record's frame."""
    return b"%b%b\n" % (_line(part, offset, value), value)


def read_frames(part: str, file: Readable) -> Iterator[bytes]:
    """Yield the records of a part. Raises BadFrame."""
    offset = 0
    while line := file.readline(MAX_LINE_BYTES):
        value = file.read(_length(line, offset))
        if line != _line(part, offset, value) or file.read(1) != b"\n":
            raise BadFrame(offset, "its bytes do not match its checksum")
        yield value
        offset += 1


def _line(part: str, offset: int, value: bytes) -> bytes:
    checksum = zlib.crc32(value, zlib.crc32(b"%b %d\n" % (part.encode(), offset)))
    return b"%d %d %08x\n" % (offset, len(value), checksum)


def _length(line: bytes, offset: int) -> int:
    words = line.split(b" ")
    if len(words) != 3 or not words[1].isdigit() or int(words[1]) > MAX_RECORD_BYTES:
        raise BadFrame(offset, f"expected a line of offset, length and checksum, found {line!r}")
    return int(words[1])
