"""Verifying a whole log: what is right passes, and the first thing that is not is named with its place."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from services.audit.check import CannotJudge, Difference
from services.audit.ledger import LogIdentity
from services.audit.recount import NoElection
from services.audit.verify import Verification, verify
from shared.contract.codec import decode_cast, decode_judged, encode, encode_judged
from shared.contract.events import ElectionCertified, ElectionClosed, SignedRecord, VersionAdmitted, signed
from shared.contract.standings import Standing
from shared.contract.verdict_ranges import Verdicts
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY, Life, election
from tests.support.evidence import IDENTITY, MemoryEvidence, certified, judged, picnic, standings

END = tuple(map(len, picnic(1).cast))
"""How many records each shard of the picnic holds."""
RANGE, SINCE = next(
    (place, record.since)
    for place, record in enumerate(map(decode_judged, picnic(1).judged[0]))
    if isinstance(record, Verdicts)
)
"""The first range of verdicts in shard 0: its place there, and the offset of its first cast record."""


def verified(evidence: MemoryEvidence, name: str = "picnic", kept: tuple[Standing, ...] = ()) -> Verification:
    """Return the verification of a log."""
    return asyncio.run(verify(evidence, name, IDENTITY, kept, lambda _: lambda _: None))


def found(evidence: MemoryEvidence, kept: tuple[Standing, ...] = ()) -> Difference:
    """Return the difference that must be found."""
    with pytest.raises(Difference) as raised:
        verified(evidence, kept=kept)
    return raised.value


def swap(records: list[bytes], offset: int, old: bytes, new: bytes) -> None:
    """Change a record."""
    assert old in records[offset]
    records[offset] = records[offset].replace(old, new, 1)


def longer(records: list[bytes], offset: int) -> None:
    """Spell a range's first number in two bytes, where one would do."""
    tag = b"verdicts/2"
    assert tag in records[offset]
    records[offset] = records[offset].replace(tag, tag + b"\xcc", 1)


def beyond(records: list[bytes], since: int) -> None:
    """Add a range about records that are not there."""
    verdicts = next(found for found in map(decode_judged, records) if isinstance(found, Verdicts))
    records.append(encode_judged(msgspec.structs.replace(verdicts, since=since)))


def judged_again(evidence: MemoryEvidence) -> None:
    """Let validation and counting make everything again, as somebody would who can write every topic."""
    evidence.judged = [judged(shard, log, evidence.shards) for shard, log in enumerate(evidence.cast)]
    evidence.published = standings(evidence.judged)


def test_a_log_as_the_services_left_it_is_right() -> None:
    """Everything is accounted for: balance, heads, repeats, each contest's standing and rounds."""
    evidence = picnic(1)

    report = verified(evidence)

    assert report.recount.balance == evidence.published[0].balance
    assert report.recount.balance.holds
    assert [shard.repeats for shard in report.shards] == [3, 3]
    assert tuple(shard.head for shard in report.shards) == evidence.published[0].heads
    assert {s.contest: s.result_hash for s in report.standings} == {
        name: counted.result_hash for name, counted in report.recount.contests.items()
    }


def test_verdicts_that_are_not_there_yet_are_no_difference() -> None:
    """Validation may be behind, and so may the standing be."""
    evidence = picnic(1)
    evidence.judged[1] = evidence.judged[1][:5]
    evidence.published = standings(evidence.judged)

    assert verified(evidence).shards[1].judged == 5


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (lambda e: swap(e.cast[1], 7, b"salt of", b"Salt of"), (1, 7), "head: expected "),
        (
            lambda e: swap(e.judged[0], RANGE, b"picnic", b"picnik"),
            (0, SINCE),
            "election: expected picnic, found",
        ),
        (lambda e: longer(e.judged[0], RANGE), (0, SINCE), "found it in other bytes"),
        (lambda e: swap(e.judged[0], RANGE, b"\x97", b"\x96"), (0, SINCE), "not a judged record"),
        (lambda e: e.judged[1].pop(6), (1, 6), "expected its verdict next, found "),
        (
            lambda e: e.judged[1].append(e.judged[1][9][:-1]),
            None,
            "not a judged record: Input data was trunc",
        ),
        (lambda e: beyond(e.judged[1], len(e.cast[1])), (1, END[1]), "expected no more, for the log ends"),
        (
            lambda e: e.cast[0].pop(),
            (0, END[0] - 1),
            f"expected {END[0]} cast records, which the standing of picnic/",
        ),
        (
            lambda e: e.judged[0].pop(),
            (0, END[0] - 1),
            "expected a verdict, for the standing of picnic/",
        ),
    ],
)
def test_the_first_difference_is_named_with_its_place(
    change: Callable[[MemoryEvidence], object], place: tuple[int, int] | None, said: str
) -> None:
    """A changed, missing, added or misspelt record of either topic."""
    evidence = picnic(1)
    change(evidence)

    difference = found(evidence)

    assert said in str(difference)
    assert place is None or (difference.shard, difference.offset) == place


def test_a_second_verdict_must_be_the_first_ones_bytes() -> None:
    """A zombie that judges otherwise is found out, however late it comes."""
    evidence = picnic(1)
    evidence.judged[0].append(evidence.judged[0][RANGE].replace(b"picnic", b"picnik"))

    difference = found(evidence)

    assert "expected the verdict as first published" in str(difference)
    assert (difference.shard, difference.offset) == (0, SINCE)


def test_a_range_that_is_cut_elsewhere_is_a_repeat() -> None:
    """A restart in the middle of a range publishes its beginning again and goes on."""
    evidence = picnic(1)
    log = evidence.cast[0]
    early, late = judged(0, log, 2, together=7), judged(0, log, 2, together=9)
    evidence.judged[0] = [*early[: len(early) // 2], *late]

    assert verified(evidence).shards[0].judged == len(log)
    evidence.judged[0] = [*early[: len(early) // 2], *late[len(late) // 2 + 2 :]]
    assert "expected its verdict next" in str(found(evidence))


def test_a_log_forged_with_all_its_verdicts_breaks_its_own_certificate() -> None:
    """One ballot fewer, everything made again: the certificate still names the heads there were."""
    evidence = picnic(1)
    del evidence.cast[1][6]
    judged_again(evidence)

    assert str(found(evidence)).startswith("certificate in shard 0: heads at ")


def test_a_certificate_that_a_later_void_dropped_in_one_shard_is_no_difference() -> None:
    """The void has an effect in the elector's shard alone: the other still holds the certificate, of the result before."""
    evidence = picnic(1)
    before = verified(evidence).recount
    life = Life(evidence.definition, 2)
    life.resume(last_control(evidence.cast[0]))
    void = life.voided(elector=0)
    evidence.cast = [[*log, void] for log in evidence.cast]
    judged_again(evidence)

    after = verified(evidence).recount

    assert after.balance.voided == before.balance.voided + 1
    assert after.contests != before.contests


def test_a_log_forged_with_its_certificate_is_found_by_any_standing_that_was_kept() -> None:
    """Whoever kept one published standing can name the shard."""
    evidence = picnic(1)
    kept = standings([judged(shard, log[:-1], 2) for shard, log in enumerate(evidence.cast)])[0]
    assert verified(evidence, kept=(kept,))
    evidence.cast[1][6] = b"rubbish"
    evidence.cast = [log[:-1] for log in evidence.cast]
    forger = Life(evidence.definition, 2)
    forger.resume(last_control(evidence.cast[0]))
    certificate = certified(forger, evidence.cast)
    evidence.cast = [[*log, certificate] for log in evidence.cast]
    judged_again(evidence)
    assert verified(evidence)

    assert "shard 1, head of the chain: published " in str(found(evidence, (kept,)))


def test_a_standing_that_was_changed_is_found() -> None:
    """Its turnout here; heads, balance, phases and every round are compared too."""
    evidence = picnic(1)
    fruit = evidence.published[0]
    less = fruit.turnout[0].model_copy(update={"accepted": 1})
    evidence.published[0] = fruit.model_copy(update={"turnout": (less, *fruit.turnout[1:])})

    assert f"standing of {fruit.key} at watermark {END[0]}+{END[1]}" in str(found(evidence))
    assert "turnout of adults: published 1, recounted" in str(found(evidence))


def test_what_cannot_be_judged_is_no_verdict_on_the_log() -> None:
    """A newer record that the log admits, another log, an election that is not there: the place is named."""
    evidence = picnic(1)
    swap(evidence.cast[0], SINCE, b"ballot-pack/1", b"ballot-pack/9")
    admitted = encode(signed(VersionAdmitted(log=LOG_ID, version="ballot-pack/9"), (ROOT_KEY, ROOT)))
    evidence.cast[0].insert(1, admitted)
    with pytest.raises(CannotJudge, match=f"shard 0, offset {SINCE + 1}: record 'ballot-pack/9'"):
        verified(evidence)
    feast = picnic(1).published[0].model_copy(update={"election": "feast"})
    with pytest.raises(ValueError, match="expected kept standings of picnic, found one of feast/"):
        verified(picnic(1), kept=(feast,))
    life = Life(election())
    other = MemoryEvidence(election(), [[life.founded(), life.configured()]])
    with pytest.raises(NoElection, match="configured in no shard"):
        verified(other, "feast")
    another = LogIdentity("cd" * 16, ROOT_KEY)
    with pytest.raises(CannotJudge, match="shard 0, offset 0: shard 0: expected log cdcd"):
        asyncio.run(verify(picnic(1), "picnic", another, (), lambda _: lambda _: None))


def last_control(log: list[bytes]) -> str:
    """Return the id of the last control in a shard."""
    records = [record for record in map(decode_cast, log) if isinstance(record, SignedRecord)]
    content = records[-1].content()
    assert isinstance(content, ElectionClosed | ElectionCertified)
    return content.control_id
