"""The disturbances of a rehearsal cancel out, whatever is rehearsed; what does not come out as it went in is found."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli.rehearsal.check import Incoherent, JudgedBallots, differences
from services.cli.rehearsal.script import Ballot, Disturbances, Order, Step, script
from services.cli.rehearsal.subject import SectionRanking, Subject
from shared.contract.codec import decode_judged, encode_judged
from shared.contract.elections import Contest
from shared.contract.standings import Standing
from shared.contract.verdict_ranges import AnonymousBallot, Verdict, Verdicts, verdict_range
from shared.contract.verdicts import Reason
from shared.runtime.watermark import Gap
from tests.support.elections import contest
from tests.support.strategies import MAX_SECTIONS, contests, marks
from tests.unit.cli.rehearsal.held import Held, hold, subject

SECTIONS = tuple(f"Section {number}" for number in range(MAX_SECTIONS))
FRUIT = [
    SectionRanking(0, ranked) for ranked in ("0>1", "1>0", "2", "3>*>1", "0=1>2", "", "3>>0", "1", "2>1", "0")
]
WILD = Disturbances(seed=5, double_votes=1, voids=1)

shares = st.sampled_from([0, 0.1, 0.5, 1])


def rehearsed(
    of: Contest, ballots: Sequence[SectionRanking], how: Disturbances
) -> tuple[Subject, list[Step], Held]:
    """Return what is rehearsed, its script, and what comes of it."""
    about = subject(of, ballots, SECTIONS if of.section_shares or len(ballots) % 2 else ("all",))
    steps = script(about.contest, about.ballots, how)
    return about, steps, hold(about, steps)


def ballots_of(steps: Sequence[Step]) -> list[Ballot]:
    """Return all ballots of a script."""
    return [ballot for step in steps for ballot in step.ballots]


@given(st.data(), shares, shares, st.integers(0, 3), st.integers(0, 2**32))
@settings(max_examples=60)
def test_disturbances_cancel_out(
    data: st.DataObject, double_votes: float, voids: float, withdrawals: int, seed: int
) -> None:
    """Any contest, any ballots: each ballot ends as the script says, what stands is what was to be cast, and counts so."""
    of = data.draw(contests())
    drawn = data.draw(st.lists(marks(len(of.candidates)), max_size=12))
    sections = MAX_SECTIONS if of.section_shares or len(drawn) % 2 else 1
    ballots = [SectionRanking(number % sections, of_one) for number, of_one in enumerate(drawn)]
    about, steps, held = rehearsed(of, ballots, Disturbances(seed, double_votes, voids, withdrawals))
    judged = held.read()
    assert {elector: [ballot] for elector, ballot in enumerate(about.ballots)} == judged.counted
    assert list(differences(about, ballots_of(steps), judged, held.standing)) == []


def test_the_shares_are_those_asked_for() -> None:
    """Half are voided, one half of these before they vote; three in ten vote twice; a candidate is withdrawn for a while."""
    ballots = [SectionRanking(0, "0>1")] * 40
    _, steps, held = rehearsed(contest(), ballots, Disturbances(1, double_votes=0.3, voids=0.5))
    orders = Counter(order.command for step in steps for order in step.orders)
    assert orders == {"void": 20, "restore": 20, "withdraw": 1, "reinstate": 1}
    assert held.standing.balance.reasons == {"accepted": 40, "already-voted": 12, "void-elector": 10}
    assert held.standing.contest == contest()


def test_the_script_follows_from_its_seed() -> None:
    """The same for the same, another order for another."""
    ballots = [SectionRanking(0, "0>1")] * 40
    one, again, other = (script(contest(), ballots, Disturbances(seed, 0.3, 0.5)) for seed in (1, 1, 2))
    assert one == again
    assert [b.elector for b in ballots_of(one)] != [b.elector for b in ballots_of(other)]
    assert len(ballots_of(one)) == 40 + ceil(40 * 0.3) + 10


def test_an_elector_acts_once_in_a_step() -> None:
    """What happens at once may stand in any order."""
    for step in script(contest(), FRUIT, WILD):
        acting = [ballot.elector for ballot in step.ballots]
        acting += [order.about["elector"] for order in step.orders if "elector" in order.about]  # type: ignore[misc]
        assert len(set(acting)) == len(acting)


def test_every_victim_is_killed_after_the_first_step() -> None:
    """While ballots still arrive."""
    steps = script(contest(), FRUIT, Disturbances(1, victims=("a", "b", "c")))
    assert sorted(victim for step in steps[1:] for victim in step.kills) == ["a", "b", "c"]


def test_nobody_withdraws_where_nobody_would_be_left() -> None:
    """Nor more than can."""
    lonely = contest(candidates=("apple",))
    assert orders_of(script(lonely, [SectionRanking(0, "0")], Disturbances(1, withdrawals=3))) == [
        "restore",
        "void",
    ]
    assert orders_of(script(contest(), FRUIT, Disturbances(1, voids=0, withdrawals=9))).count("withdraw") == 3


def orders_of(steps: Sequence[Step]) -> list[str]:
    """Return the commands of a script, sorted."""
    return sorted(order.command for step in steps for order in step.orders if isinstance(order, Order))


Records = list[bytes]


def changed(reason: Reason, make: Callable[[Verdict], Verdict]) -> Callable[[Records], Records]:
    """Return how to alter the first verdict for a reason."""

    def alter(verdicts: Records) -> Records:
        for place, value in enumerate(verdicts):
            judged = decode_judged(value)
            each = list(judged.each()) if isinstance(judged, Verdicts) else []
            found = next((n for n, verdict in enumerate(each) if verdict.reason == reason), None)
            if found is not None and isinstance(judged, Verdicts):
                each[found] = make(each[found])
                return [*verdicts[:place], with_others(judged, each), *verdicts[place + 1 :]]
        raise AssertionError(f"no {reason} in this log")

    return alter


def with_others(judged: Verdicts, each: Sequence[Verdict]) -> bytes:
    """Return a range with other verdicts in it."""
    return encode_judged(verdict_range(judged.since, judged.election, judged.ballots_of(), each, judged.head))


def as_lost(verdict: Verdict) -> Verdict:
    """Reject a ballot."""
    return verdict._replace(reason=Reason.BAD_RANKING, ballot=None)


def as_altered(verdict: Verdict) -> Verdict:
    """Make a ballot blank."""
    assert verdict.ballot is not None
    return verdict._replace(ballot=AnonymousBallot(verdict.ballot.section, ("",)))


def as_second(verdict: Verdict) -> Verdict:
    """Count a second vote."""
    return verdict._replace(reason=Reason.ACCEPTED, ballot=AnonymousBallot(0, ("3>2>1>0",)))


TAMPERED = [
    (changed(Reason.ACCEPTED, as_lost), "expected a ballot accepted, found it bad-ranking", "counted none"),
    (changed(Reason.ACCEPTED, as_altered), "counted '' in section 0", "round 1, votes"),
    (changed(Reason.ALREADY_VOTED, as_second), "expected a ballot already-voted, found it accepted", " and "),
]


@pytest.mark.parametrize(("tamper", "first", "later"), TAMPERED)
def test_what_is_lost_altered_or_doubled_is_found(
    tamper: Callable[[Records], Records], first: str, later: str
) -> None:
    """The first difference names the elector; the account and the rounds differ too."""
    about, steps, held = rehearsed(contest(), FRUIT, Disturbances(3, double_votes=1, voids=0))
    bad = held._replace(judged=[tamper(held.judged[0]), *held.judged[1:]])
    found = list(differences(about, ballots_of(steps), bad.read(), held.standing))
    assert first in found[0]
    assert found[0].startswith("elector ")
    assert any(later in difference for difference in found)


def test_a_standing_that_is_not_the_count_of_its_ballots_is_found() -> None:
    """By round and field."""
    about, steps, held = rehearsed(contest(), FRUIT, WILD)
    first, *rest = held.standing.rounds
    votes = {**first.votes, "apple": first.votes["apple"] + 1}
    wrong: Standing = held.standing.model_copy(
        update={"rounds": (first.model_copy(update={"votes": votes}), *rest)}
    )
    (found,) = differences(about, ballots_of(steps), held.read(), wrong)
    assert found.startswith("round 1, votes: published ")
    short = held.standing.model_copy(update={"rounds": held.standing.rounds[:-1]})
    assert [*differences(about, ballots_of(steps), held.read(), short)] == [
        f"rounds: published {len(rest)}, counted {len(rest) + 1}"
    ]


def test_a_candidate_who_is_still_out_is_found() -> None:
    """The reinstatement was lost."""
    about, steps, _ = rehearsed(contest(), FRUIT, WILD)
    for step in steps:
        step.orders = [order for order in step.orders if order.command != "reinstate"]
    held = hold(about, steps)
    found = list(differences(about, ballots_of(steps), held.read(), held.standing))
    assert found[0].startswith("the contest: published ")


def test_a_ballot_that_was_never_cast_is_found() -> None:
    """And one that was never recorded."""
    about, steps, held = rehearsed(contest(), FRUIT, Disturbances(3, 0, 0))
    one, *others = ballots_of(steps)
    swapped = [one._replace(ballot_id="f" * 32), *others]
    found = list(differences(about, swapped, held.read(), held.standing))
    assert "found it never recorded" in found[0]
    assert found[1] == f"ballot {one.ballot_id} was never cast, and is in the log"


def test_repeated_verdicts_change_nothing_and_missing_ones_are_found() -> None:
    """As for every reader of that log."""
    _, _, held = rehearsed(contest(), FRUIT, WILD)
    cast, judged = held.cast[0], held.judged[0]
    twice, once = JudgedBallots("rehearsal"), JudgedBallots("rehearsal")
    once.read(0, cast, judged)
    twice.read(0, cast, [*judged[:5], *judged[2:], judged[-1]])
    assert (twice.counted, twice.verdicts) == (once.counted, once.verdicts)
    with pytest.raises(Gap, match="verdict in shard 0"):
        JudgedBallots("rehearsal").read(0, cast, [*judged[:3], *judged[4:]])
    with pytest.raises(Incoherent, match=f"expected {len(cast)} verdicts, found {len(cast) - 1}"):
        JudgedBallots("rehearsal").read(0, cast, judged[:-1])
