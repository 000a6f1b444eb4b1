"""Bundles: what goes in comes out, whatever is damaged is found and named, and nothing half-written is left."""

import asyncio
import json
import stat
import warnings
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from services.audit.app import verify_bundle
from services.audit.bundle import FORMAT, MANIFEST, SEAL_CHARS, Bundle, Damaged, Manifest, frame, seal_of
from services.audit.check import Difference
from services.audit.export import export
from services.audit.recount import NoElection
from services.audit.settings import AuditSettings
from services.audit.verify import verify
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED
from shared.runtime.log import LogError
from tests.support.elections import LOG_ID, ROOT_KEY
from tests.support.evidence import IDENTITY, MemoryEvidence, picnic


def exported(evidence: MemoryEvidence, path: Path, name: str = "picnic") -> Manifest:
    """Write a bundle."""
    return asyncio.run(export(evidence, name, path, lambda _: lambda _: None))


async def collected(bundle: Bundle, shard: int) -> list[list[bytes]]:
    """Return a shard's cast records and verdicts."""
    found = []
    for topic in (BALLOTS_CAST, BALLOTS_JUDGED):
        end = (await bundle.ends(topic))[shard]
        found.append([value async for values in bundle.records(topic, shard, end) for value in values])
    return found


def reseal(path: Path) -> None:
    """Seal a file that was changed."""
    content = path.read_bytes()
    path.write_bytes(content[:-SEAL_CHARS] + seal_of(path))


def rewritten(path: Path, name: str, content: bytes, *, deflated: bool = True) -> None:
    """Put other content in a part's place, all else as it was, and seal the file."""
    with zipfile.ZipFile(path) as old:
        parts = {part: old.read(part) for part in old.namelist()} | {name: content}
    kind = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as new:
        for part, frames in parts.items():
            new.writestr(part, frames)
        new.comment = b"0" * SEAL_CHARS
    reseal(path)


def test_what_goes_in_comes_out_and_verifies(tmp_path: Path) -> None:
    """Every record of every shard at its own offset, repeats of verdicts included; the file is its owner's only."""
    evidence, path = picnic(2), tmp_path / "picnic.zip"
    manifest = exported(evidence, path)

    with Bundle(path) as bundle:
        for shard in range(2):
            cast, judged = asyncio.run(collected(bundle, shard))
            assert (cast, judged) == (evidence.cast[shard], evidence.judged[shard])
        report = asyncio.run(verify(bundle, "picnic", IDENTITY, (), lambda _: lambda _: None))
    assert tuple(shard.head for shard in report.shards) == manifest.heads == evidence.published[0].heads
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["picnic.zip"]


def test_the_same_log_gives_the_same_bytes(tmp_path: Path) -> None:
    """A bundle holds no clock."""
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    exported(picnic(3), first)
    exported(picnic(3), second)

    assert first.read_bytes() == second.read_bytes()


def test_records_without_a_verdict_stay_out(tmp_path: Path) -> None:
    """The watermark is where the verdicts end."""
    evidence, path = picnic(2), tmp_path / "picnic.zip"
    evidence.judged[0] = evidence.judged[0][:6]
    evidence.published = []

    assert exported(evidence, path).watermark == (6, len(evidence.cast[1]))


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither a bundle nor a part of one; what was there stays."""
    path = tmp_path / "picnic.zip"
    path.write_bytes(b"an older one")
    evidence = picnic(2)
    del evidence.judged[1][5]

    with pytest.raises(LogError, match="shard 1: no verdict on record 5, the next is on 6"):
        exported(evidence, path)
    with pytest.raises(NoElection, match="no election 'feast' is announced; there are: picnic"):
        exported(picnic(2), path, "feast")

    assert [file.name for file in tmp_path.iterdir()] == ["picnic.zip"]
    assert path.read_bytes() == b"an older one"


@pytest.mark.parametrize("offset", [1, 7, 20])
@pytest.mark.parametrize("name", ["ballots.cast/1", "ballots.judged/0"])
def test_a_changed_record_is_named_by_part_shard_and_offset(tmp_path: Path, name: str, offset: int) -> None:
    """Even where the file around it was made anew."""
    evidence, path = picnic(2), tmp_path / "picnic.zip"
    exported(evidence, path)
    topic, shard = name.split("/")
    records = (evidence.cast if topic == "ballots.cast" else evidence.judged)[int(shard)]
    frames = [frame(name, place, value) for place, value in enumerate(records)]
    frames[offset] = frames[offset].replace(b"picnic", b"picnik").replace(b"malformed", b"malforned")
    rewritten(path, name, b"".join(frames))

    with pytest.raises(Damaged) as raised:
        Bundle(path)

    assert (raised.value.shard, raised.value.offset) == (int(shard), offset)
    assert f"{topic}, shard {shard}, offset {offset}: its bytes do not match" in str(raised.value)


def test_records_that_change_places_are_found(tmp_path: Path) -> None:
    """A frame's checksum covers its place."""
    evidence, path = picnic(2), tmp_path / "picnic.zip"
    exported(evidence, path)
    log = evidence.cast[1]
    frames = [frame("ballots.cast/1", place, value) for place, value in enumerate(log)]
    frames[4], frames[5] = frames[5], frames[4]
    rewritten(path, "ballots.cast/1", b"".join(frames))

    with pytest.raises(Damaged, match=r"ballots\.cast, shard 1, offset 4"):
        Bundle(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "manifest.json: "),
        (b'{"format": "livecount-bundle/1"}', "manifest.json: "),
    ],
)
def test_a_manifest_that_is_none_is_found(tmp_path: Path, content: bytes, said: str) -> None:
    """And named."""
    path = tmp_path / "picnic.zip"
    exported(picnic(2), path)
    rewritten(path, MANIFEST, content)

    with pytest.raises(Damaged, match=said):
        Bundle(path)


def test_a_part_too_many_or_too_short_is_found(tmp_path: Path) -> None:
    """Nothing else may be in the zip, and a part is as long as it was."""
    path = tmp_path / "picnic.zip"
    exported(picnic(2), path)
    whole = path.read_bytes()
    rewritten(path, "another", b"part")
    with pytest.raises(Damaged, match="the parts it names are not those there are"):
        Bundle(path)

    path.write_bytes(whole)
    rewritten(path, "ballots.cast/0", frame("ballots.cast/0", 0, picnic(2).cast[0][0]))
    with pytest.raises(Damaged, match=r"ballots\.cast, shard 0: expected records="):
        Bundle(path)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"shards": 3}, "expected the parts of 3 shards"),
        ({"shards": 1}, "expected the parts of 1 shards"),
        ({"shards": 10**12}, "shards"),
        ({"watermark": [10**30, 1]}, "expected watermark"),
        ({"watermark": [1]}, "expected watermark"),
        ({"heads": ["0" * 64]}, "and 1 heads"),
    ],
)
def test_a_manifest_of_another_log_is_found(tmp_path: Path, said: dict[str, object], found: str) -> None:
    """Shards, parts, watermark and heads belong together, however the file is sealed."""
    path = tmp_path / "picnic.zip"
    manifest = exported(picnic(2), path).model_dump(mode="json")
    rewritten(path, MANIFEST, json.dumps({**manifest, **said}).encode())

    with pytest.raises(Damaged, match=found):
        Bundle(path)


@pytest.mark.parametrize("name", ["../../evil", "ballots.cast/9", "counts.published/\x1b[2J"])
def test_a_part_that_no_bundle_has_is_found_and_named_without_escapes(tmp_path: Path, name: str) -> None:
    """Though the manifest names it; and nothing is written where its name points to."""
    path = tmp_path / "picnic.zip"
    manifest = exported(picnic(2), path).model_dump(mode="json")
    part = {"records": 0, "bytes": 0, "sha256": sha256().hexdigest()}
    rewritten(path, name, b"")
    rewritten(path, MANIFEST, json.dumps({**manifest, "parts": {**manifest["parts"], name: part}}).encode())

    with pytest.raises(Damaged, match="expected the parts of 2 shards") as refused:
        Bundle(path)
    assert str(refused.value).isprintable()
    assert [file.name for file in tmp_path.iterdir()] == ["picnic.zip"]


def test_a_part_that_is_there_twice_is_found(tmp_path: Path) -> None:
    """Programs differ in which of two they read."""
    path = tmp_path / "picnic.zip"
    exported(picnic(2), path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as twice:
        warnings.simplefilter("ignore")
        twice.writestr("ballots.cast/0", b"another")
    reseal(path)

    with pytest.raises(Damaged, match="the parts it names are not those there are"):
        Bundle(path)


def test_heads_that_the_manifest_alone_says_do_not_verify(tmp_path: Path) -> None:
    """They are compared with those that the auditor comes to."""
    path = tmp_path / "picnic.zip"
    manifest = exported(picnic(2), path).model_dump(mode="json")
    settings = AuditSettings(log_id=LOG_ID, root_key=ROOT_KEY)
    assert asyncio.run(verify_bundle(settings, path, None, [])).recount.election == "picnic"
    rewritten(path, MANIFEST, json.dumps({**manifest, "heads": [manifest["heads"][0], "0" * 64]}).encode())

    with pytest.raises(Difference, match=r"manifest\.json, shard 1: expected head"):
        asyncio.run(verify_bundle(settings, path, None, []))


def test_another_programs_bundle_is_not_guessed_at(tmp_path: Path) -> None:
    """It is whole, but of a format this program does not know."""
    path = tmp_path / "picnic.zip"
    exported(picnic(2), path)
    with zipfile.ZipFile(path) as bundle:
        manifest = json.loads(bundle.read(MANIFEST))
    rewritten(path, MANIFEST, json.dumps(manifest | {"format": "livecount-bundle/9"}).encode())

    with pytest.raises(ValueError, match=f"expected {FORMAT}, found livecount-bundle/9"):
        Bundle(path)


def test_what_is_no_bundle_is_damaged(tmp_path: Path) -> None:
    """An empty file, a text, a bundle cut short."""
    path = tmp_path / "picnic.zip"
    exported(picnic(2), path)
    for content in (b"", b"not a zip", path.read_bytes()[:-1], path.read_bytes()[:500]):
        path.write_bytes(content)
        with pytest.raises(Damaged):
            Bundle(path)
