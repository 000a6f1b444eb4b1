"""The judge, told as logs: these records give these verdicts."""

from collections.abc import Callable

import pytest

from services.validation.controls import WrongKey
from services.validation.judge import Judge
from services.validation.range import MAX_BYTES, Range
from shared.contract.chain import START, link
from shared.contract.codec import UnknownVersion, decode_judged
from shared.contract.codes import election_key
from shared.contract.verdict_ranges import HotVerdicts, Verdict, each_verdict
from shared.contract.verdicts import MAX_VERDICTS_IN_RANGE, ControlJudged
from tests.support.elections import MASTER, Life, election


def judge(shard: int = 0, shards: int = 1) -> Judge:
    """Return a judge of one shard."""
    return Judge(shard, shards, "judged", lambda name: election_key(MASTER, name))


def told(*records: bytes, of: Judge | None = None) -> list[HotVerdicts | ControlJudged]:
    """Return what is told of the records."""
    machine = of or judge()
    machine.apply(records)
    return [decode_judged(outgoing.value) for outgoing in machine.drain()]


def verdicts(*records: bytes, of: Judge | None = None) -> list[Verdict | ControlJudged]:
    """Return what becomes of the records, one by one."""
    return [one for said in told(*records, of=of) for one in each_verdict(said)]


def words(*records: bytes) -> list[str]:
    """Return the verdicts in a word each."""
    return [v.reason if isinstance(v, Verdict) else v.effect for v in verdicts(*records)]


@pytest.fixture
def life() -> Life:
    """A picnic's election."""
    return Life(election())


def test_a_ballot_in_an_open_election_is_accepted_with_its_section_and_papers(life: Life) -> None:
    """The verdict carries all that a tally needs, and no elector."""
    accepted = verdicts(life.configured(), life.opened(), life.ballot(3, "0>2", "1", section=1))[2]

    assert accepted == Verdict("picnic", "accepted", (1, ("0>2", "1")))


def test_every_record_has_one_verdict_at_its_own_offset(life: Life) -> None:
    """Ranges join on from zero, controls and rubbish included; one is of one election."""
    log = [life.configured(), b"rubbish", life.opened(), life.ballot(1), life.ballot(1), b"rubbish"]

    assert [(said.since, said.upto) for said in told(*log)] == [(0, 1), (1, 2), (2, 3), (3, 5), (5, 6)]


def test_verdicts_that_follow_one_another_are_told_together(life: Life) -> None:
    """Reasons in runs, a paper for each that counts, and the head after the last."""
    machine, controls = judge(), [life.configured(), life.opened()]
    machine.apply(controls)
    machine.drain()
    ballots = [
        life.ballot(1, "0", "1"),
        life.ballot(2, "1", "0"),
        life.ballot(1, "0", "1"),
        life.ballot(3, mac=1),
    ]
    (said,) = told(*ballots, of=machine)

    assert isinstance(said, HotVerdicts)
    assert said.outcomes == (("accepted", 2), ("same-ballot", 1), ("bad-code", 1))
    assert said.accepted == ((0, ("0", "1")), (0, ("1", "0")))
    head = START
    for record, outcome in zip(
        [*controls, *ballots],
        ["applied", "applied", "accepted", "accepted", "same-ballot", "bad-code"],
        strict=True,
    ):
        head = link(head, outcome, record)
    assert said.head == head.hex()


def test_a_range_is_cut_where_it_is_large(life: Life) -> None:
    """By the number of verdicts, and by the bytes of the papers in it."""
    machine = judge()
    machine.apply([life.configured(), life.opened()])
    machine.drain()
    many = told(*[life.ballot(1)] * (MAX_VERDICTS_IN_RANGE + 1), of=machine)
    wide = Range(0, "picnic")
    while wide.room > 0:
        wide.add("accepted", (0, ("0",)), MAX_BYTES // 4)

    assert sum(said.upto - said.since for said in many) == MAX_VERDICTS_IN_RANGE + 1
    assert len(many) == 2
    written = decode_judged(wide.encoded(START))
    assert isinstance(written, HotVerdicts)
    assert written.outcomes == (("accepted", 4),)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ((), "not-open"),
        (("opened", "paused"), "paused"),
        (("opened", "paused", "resumed"), "accepted"),
        (("opened", "closed"), "closed"),
        (("opened", "closed", "certified"), "closed"),
    ],
)
def test_the_phase_of_the_log_decides(life: Life, phase: tuple[str, ...], expected: str) -> None:
    """A ballot's place against the controls of its shard decides, not a clock."""
    controls = [getattr(life, name)() for name in phase]

    assert words(life.configured(), *controls, life.ballot(1))[-1] == expected


def test_a_ballot_of_an_election_nobody_configured_is_rejected(life: Life) -> None:
    """An unknown election has a reason of its own."""
    assert words(life.ballot(1)) == ["unknown-election"]


AGAINST_A_RULE = [
    (lambda life: life.ballot(40), "unknown-elector"),
    (lambda life: life.ballot(1, section=2), "unknown-section"),
    (lambda life: life.ballot(1, mac=7), "bad-code"),
    (lambda life: life.ballot(1, "0"), "unknown-contest"),
    (lambda life: life.ballot(1, "0", "0", "0"), "unknown-contest"),
    (lambda life: life.ballot(1, "4", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "0>", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "2=1", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "0>1>2>3>0", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "first", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "0>>1=2", ""), "accepted"),
]


@pytest.mark.parametrize(("make", "expected"), AGAINST_A_RULE)
def test_each_rule_names_its_reason(life: Life, make: Callable[[Life], bytes], expected: str) -> None:
    """Blanks and overvotes are papers; what does not fit the paper is not."""
    assert words(life.configured(), life.opened(), make(life))[-1] == expected


def test_a_ballot_in_the_wrong_shard_is_rejected(life: Life) -> None:
    """One person's ballots must meet in one shard."""
    found = verdicts(life.configured(), life.opened(), life.ballot(2), life.ballot(3), of=judge(1, 2))

    assert [v.reason for v in found if isinstance(v, Verdict)] == ["wrong-shard", "accepted"]


def test_the_first_ballot_stands(life: Life) -> None:
    """The same ballot again is a retry, another one a second vote."""
    again, other = life.ballot(5), life.ballot(5, ballot=99)

    assert words(life.configured(), life.opened(), again, again, other, again)[2:] == [
        "accepted",
        "same-ballot",
        "already-voted",
        "same-ballot",
    ]


def test_a_void_retracts_the_very_ballot_and_a_restore_brings_it_back(life: Life) -> None:
    """Void and restore are exact opposites."""
    _, _, _, void, late, restore = verdicts(
        life.configured(),
        life.opened(),
        life.ballot(5, "3>1", "0", section=1),
        life.voided(5),
        life.ballot(5, ballot=99),
        life.restored(5),
    )

    assert isinstance(void, ControlJudged)
    assert void.retracted is not None
    assert (void.retracted.section, void.retracted.rankings) == (1, ("3>1", "0"))
    assert isinstance(late, Verdict)
    assert late.reason == "void-elector"
    assert isinstance(restore, ControlJudged)
    assert restore.restored == void.retracted


def test_an_elector_voided_before_voting_is_refused_and_may_vote_when_restored(life: Life) -> None:
    """Nothing is retracted where nothing was cast."""
    found = verdicts(
        life.configured(),
        life.opened(),
        life.voided(5),
        life.ballot(5),
        life.restored(5),
        life.ballot(5, ballot=6),
    )

    assert isinstance(found[2], ControlJudged)
    assert found[2].retracted is None
    assert [v.reason for v in found if isinstance(v, Verdict)] == ["void-elector", "accepted"]


def test_a_control_out_of_turn_is_ignored_and_says_why(life: Life) -> None:
    """An election closed by mistake cannot be opened again."""
    last = verdicts(life.configured(), life.opened(), life.closed(), life.opened())[-1]

    assert isinstance(last, ControlJudged)
    assert (last.effect, last.why) == ("ignored", "out-of-phase")


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (("reinstated", "apple"), "no-change"),
        (("withdrawn", "quince"), "no-change"),
        (("withdrawn", "apple", "salad"), "not-here"),
    ],
)
def test_an_order_about_a_candidate_who_is_not_there_is_ignored(
    life: Life, records: tuple[str, ...], why: str
) -> None:
    """It says why."""
    kind, *whom = records
    last = verdicts(life.configured(), getattr(life, kind)(*whom))[-1]

    assert isinstance(last, ControlJudged)
    assert (last.effect, last.why) == ("ignored", why)


def test_a_candidate_withdraws_once_and_the_last_one_cannot(life: Life) -> None:
    """Repeats have no effect; after the certificate nothing has."""
    fruit = [life.withdrawn(name) for name in ("apple", "apple", "banana", "cherry", "damson")]
    after = [life.reinstated("banana"), life.withdrawn("damson")]
    end = [life.opened(), life.closed(), life.certified(), life.reinstated("apple")]

    assert words(life.configured(), *fruit, *after, *end) == [
        *("applied", "applied", "ignored", "applied", "applied", "ignored"),
        *("applied", "applied"),
        *("applied", "applied", "applied", "ignored"),
    ]


def test_a_record_of_an_unknown_version_stops_the_shard(life: Life) -> None:
    """A newer record is never guessed at."""
    with pytest.raises(UnknownVersion, match="ballot-cast/2"):
        verdicts(life.ballot(1).replace(b"ballot-cast/1", b"ballot-cast/2"))


def test_another_secret_than_the_one_it_was_opened_with_stops_the_shard(life: Life) -> None:
    """Without the right key every code would look forged."""
    with pytest.raises(WrongKey, match="opened under voting-code key feed"):
        verdicts(life.configured(), life.opened(code_key="feed"))


def test_a_saved_judge_goes_on_as_if_it_had_never_stopped(life: Life) -> None:
    """State and place are saved together, at every record of a life."""
    log = [
        life.configured(),
        life.opened(),
        life.ballot(5),
        life.voided(5),
        life.withdrawn("apple"),
        life.ballot(6, "0>>1=2", "", section=1),
        life.restored(5),
        life.withdrawn("apple"),
        life.ballot(5, ballot=7),
        life.closed(),
        life.ballot(8),
    ]
    whole = verdicts(*log)
    for cut in range(len(log)):
        first = judge()
        first.apply(log[:cut])
        second = judge()
        second.restore(first.save())

        assert verdicts(*log[cut:], of=second) == whole[cut:]
