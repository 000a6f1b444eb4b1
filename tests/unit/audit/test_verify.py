"""Verifying a whole log: what is right passes, and the first thing that is not is named with its place."""

import asyncio
from collections.abc import Callable

import pytest

from services.audit.check import CannotJudge, Difference
from services.audit.recount import NoElection
from services.audit.verify import Verification, verify
from shared.contract.standings import Standing
from tests.support.elections import MASTER, Life, election
from tests.support.evidence import MemoryEvidence, certified, judged, picnic, standings


def verified(evidence: MemoryEvidence, name: str = "picnic", kept: tuple[Standing, ...] = ()) -> Verification:
    """Return the verification of a log."""
    return asyncio.run(verify(evidence, name, MASTER, kept, lambda _: lambda _: None))


def found(evidence: MemoryEvidence, kept: tuple[Standing, ...] = ()) -> Difference:
    """Return the difference that must be found."""
    with pytest.raises(Difference) as raised:
        verified(evidence, kept=kept)
    return raised.value


def swap(records: list[bytes], offset: int, old: bytes, new: bytes) -> None:
    """Change a record."""
    assert old in records[offset]
    records[offset] = records[offset].replace(old, new, 1)


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
        (lambda e: swap(e.cast[1], 5, b'"ballot-cast', b' "ballot-cast'), (1, 5), "head: expected "),
        (
            lambda e: swap(e.judged[0], 4, b'"picnic"', b'"picnik"'),
            (0, 4),
            "election: expected picnic, found",
        ),
        (lambda e: swap(e.judged[0], 4, b",", b", "), (0, 4), "found it in other bytes"),
        (lambda e: swap(e.judged[0], 4, b"[", b"("), (0, 4), 'found ("verdicts/1"'),
        (lambda e: e.judged[1].pop(6), (1, 6), "expected its verdict next, found "),
        (
            lambda e: e.judged[1].append(e.judged[1][9][:-1]),
            None,
            "not a judged record: Input data was truncated",
        ),
        (
            lambda e: e.judged[1].append(e.judged[1][9].replace(b",9,", b",34,", 1)),
            (1, 34),
            "expected no more, for the log ends",
        ),
        (lambda e: e.cast[0].pop(), (0, 37), "expected 38 cast records, which the standing of picnic/"),
        (lambda e: e.judged[0].pop(), (0, 37), "expected a verdict, for the standing of picnic/"),
    ],
)
def test_the_first_difference_is_named_with_its_place(
    change: Callable[[MemoryEvidence], object], place: tuple[int, int] | None, said: str
) -> None:
    """A changed, missing, added or misspelt record of either topic."""
    evidence = picnic(1)
    assert len(evidence.cast[0]) == 38
    change(evidence)

    difference = found(evidence)

    assert said in str(difference)
    assert place is None or (difference.shard, difference.offset) == place


def test_a_second_verdict_must_be_the_first_ones_bytes() -> None:
    """A zombie that judges otherwise is found out, however late it comes."""
    evidence = picnic(1)
    evidence.judged[0].append(evidence.judged[0][4].replace(b"picnic", b"panic"))

    difference = found(evidence)

    assert "expected the verdict as first published" in str(difference)
    assert (difference.shard, difference.offset) == (0, 4)


def test_a_range_that_is_cut_elsewhere_is_a_repeat() -> None:
    """A restart in the middle of a range tells its beginning again and goes on."""
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
    del evidence.cast[1][4]
    judged_again(evidence)

    assert str(found(evidence)).startswith("certificate in shard 0: heads at ")


def test_a_log_forged_with_its_certificate_is_told_by_any_standing_that_was_kept() -> None:
    """Whoever kept one published standing can name the shard."""
    evidence = picnic(1)
    kept = standings([judged(shard, log[:-1], 2) for shard, log in enumerate(evidence.cast)])[0]
    assert verified(evidence, kept=(kept,))
    del evidence.cast[1][4]
    evidence.cast[1].insert(4, b"rubbish")
    evidence.cast = [log[:-1] for log in evidence.cast]
    certificate = certified(evidence.definition, evidence.cast)
    evidence.cast = [[*log, certificate] for log in evidence.cast]
    judged_again(evidence)
    assert verified(evidence)

    assert "shard 1, head of the chain: published " in str(found(evidence, (kept,)))


def test_a_standing_that_was_changed_is_told() -> None:
    """Its turnout here; heads, balance, phases and every round are compared too."""
    evidence = picnic(1)
    fruit = evidence.published[0]
    less = fruit.turnout[0].model_copy(update={"accepted": 1})
    evidence.published[0] = fruit.model_copy(update={"turnout": (less, *fruit.turnout[1:])})

    assert f"standing of {fruit.key} at watermark 38+34" in str(found(evidence))
    assert "turnout of adults: published 1, recounted" in str(found(evidence))


def test_what_cannot_be_judged_is_no_verdict_on_the_log() -> None:
    """A newer record, another secret, an election that is not there: the place is named."""
    evidence = picnic(1)
    swap(evidence.cast[0], 5, b"ballot-cast/1", b"ballot-cast/9")
    with pytest.raises(CannotJudge, match="shard 0, offset 5: record 'ballot-cast/9'"):
        verified(evidence)
    feast = picnic(1).published[0].model_copy(update={"election": "feast"})
    with pytest.raises(ValueError, match="expected kept standings of picnic, found one of feast/"):
        verified(picnic(1), kept=(feast,))
    other = MemoryEvidence(election(), [[Life(election()).configured()]])
    with pytest.raises(NoElection, match="configured in no shard"):
        verified(other, "feast")
    with pytest.raises(CannotJudge, match="shard 0, offset 1: opened under key"):
        asyncio.run(verify(picnic(1), "picnic", b"another" * 9, (), lambda _: lambda _: None))
