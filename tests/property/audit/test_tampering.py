"""Random tamperings: 10,000 with a bundle's bytes, 10,000 with its records behind checksums made anew, 2,000 forgeries.

Rule 1: an accident is found by the seal and named by the frames; a forgery is found by the heads.
"""

import asyncio
import os
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.audit.bundle import Bundle, Damaged
from services.audit.check import CannotJudge, Difference, ShardCheck
from services.audit.export import export
from services.audit.ledger import ShardLedger
from shared.contract.codec import UnknownVersion
from tests.support.evidence import IDENTITY, picnic

SEED = 5
TAMPERINGS = int(os.environ.get("LIVECOUNT_TAMPERINGS", "10000"))

pytestmark = pytest.mark.timeout(600)


def flipped(value: bytes, rng: random.Random) -> tuple[int, bytes]:
    """Return the place of a random bit, in bytes, and the bytes with that bit flipped."""
    place = rng.randrange(len(value))
    changed = bytearray(value)
    changed[place] ^= 1 << rng.randrange(8)
    return place, bytes(changed)


def damage(path: Path) -> Damaged | None:
    """Return what is found to be damaged."""
    try:
        Bundle(path).__exit__(None, None, None)
    except Damaged as found:
        return found
    return None


def checked(shard: int, cast: Sequence[bytes], judged: Sequence[bytes]) -> None:
    """Hold a shard's verdicts against the auditor's own. Raises Difference, CannotJudge."""
    check = ShardCheck(ShardLedger(shard, 2, IDENTITY), "picnic", frozenset())
    check.take_cast(cast)
    taken = check.take_judged(judged)
    if taken < len(judged):
        raise check.beyond(judged[taken])
    assert check.position == len(cast)


def test_a_flipped_bit_anywhere_in_a_bundle_is_found_and_its_place_named(tmp_path: Path) -> None:
    """Records, frames, deflated bytes, the zip's own structure, the manifest, the seal."""
    rng = random.Random(SEED)
    path, damaged = tmp_path / "picnic.zip", tmp_path / "damaged.zip"
    asyncio.run(export(picnic(SEED, steps=12), "picnic", path, lambda _: lambda _: None))
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as bundle:
        starts = {part.header_offset: part.filename.replace("/", ", shard ") for part in bundle.infolist()}
        directory = bundle.start_dir
    named = 0
    for _ in range(TAMPERINGS):
        place, content = flipped(whole, rng)
        damaged.write_bytes(content)
        found = damage(damaged)
        assert found is not None, f"a flipped bit of byte {place} was not found"
        if found.offset is not None and place < directory:
            part = starts[max(start for start in starts if start <= place)]
            assert f"{part}, offset {found.offset}" in str(found)
            named += 1

    assert named > TAMPERINGS // 2


def test_a_flipped_bit_of_a_record_is_found_by_the_chain_at_its_offset() -> None:
    """Every checksum can be made anew, yet the record's head is not the one its verdict carries."""
    rng = random.Random(SEED)
    evidence = picnic(SEED, steps=12)
    logs = [(shard, *pair) for shard, pair in enumerate(zip(evidence.cast, evidence.judged, strict=True))]
    for _ in range(TAMPERINGS):
        shard, cast, judged = rng.choice(logs)
        cast, judged = [*cast], [*judged]
        log = rng.choice((cast, judged))
        offset = rng.randrange(len(log))
        _, log[offset] = flipped(log[offset], rng)
        with pytest.raises((Difference, CannotJudge)) as found:
            checked(shard, cast, judged)
        place = f"offset {offset}" if log is cast else f"record {offset} of ballots.judged"
        assert f"shard {shard}, " in str(found.value)
        assert place in str(found.value)


def test_a_forger_who_judges_the_log_anew_cannot_meet_a_head_that_was_kept() -> None:
    """Every verdict and every head made again by the rules: the last head is another one.

    The founding record stays as it is: without it nothing is judged at all.
    """
    rng = random.Random(SEED)
    logs = picnic(SEED, steps=12).cast
    kept = [_last_head(shard, log) for shard, log in enumerate(logs)]
    stopped, forgeries = 0, TAMPERINGS // 5
    for _ in range(forgeries):
        shard = rng.randrange(2)
        forged = [*logs[shard]]
        offset = rng.randrange(1, len(forged))
        place, forged[offset] = flipped(forged[offset], rng)
        try:
            assert _last_head(shard, forged) != kept[shard], f"shard {shard}, offset {offset}, byte {place}"
        except (UnknownVersion, RuntimeError):
            stopped += 1

    assert stopped < forgeries // 10


def _last_head(shard: int, log: Sequence[bytes]) -> str:
    ledger = ShardLedger(shard, 2, IDENTITY)
    for value in log:
        ledger.judge(value)
    return ledger.head.hex()
