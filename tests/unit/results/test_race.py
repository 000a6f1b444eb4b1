"""The race over time: lines of first choices, when who was ahead, what turned it, and where each standing of it is found."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.results.course import Moment, Place, moment
from services.results.views.contest import contest_page
from services.results.views.race import TURNS, Race, race
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.events import Notice
from shared.contract.standings import Standing, Status
from shared.rcv.count.profile import RankingCounts
from shared.rcv.narrate.counted import counted_in
from tests.support.elections import contest
from tests.support.standings import college, standing, standing_by

BEGUN_MS = 1_790_000_000_000
MINUTE_MS = 60_000
FIRST = {(0, "0>1"): 6, (0, "1>0"): 4}
"""Apple leads by 6 to 4; with Cherry, of whom Banana is the second choice, it is 6 to 4 to 3 and then 6 to 7."""
THEN = FIRST | {(1, "2>1"): 3}


def counted(profile: RankingCounts, phase: Phase = Phase.OPEN, *, out: tuple[int, ...] = ()) -> Standing:
    """Return a standing of a contest between three."""
    return standing_by(contest(candidates=("apple", "banana", "cherry")).excluding(out), profile, phase)


def raced(standings: Sequence[Standing]) -> Race | None:
    """Return the race of standings that are a minute apart."""
    course = [of_minute(minute, found) for minute, found in enumerate(standings)]
    return race(counted_in(standings[-1]), course)


def of_minute(minute: int, found: Standing) -> Moment:
    """Return the moment of a standing."""
    return moment(encode(found), Place(found.sequence, BEGUN_MS + minute * MINUTE_MS, 0, minute))


def race_of(*standings: Standing) -> Race:
    """Return a race that there is."""
    found = raced(standings)
    assert found is not None
    return found


def test_who_was_ahead_when() -> None:
    """Apple for a minute, Banana since; the one line ends where the other begins."""
    found = race_of(counted(FIRST), counted(THEN), counted(THEN, Phase.CLOSED))
    lanes = {lane.name: lane for lane in found.lanes}
    assert [(part.left, part.width) for part in lanes["Apple"].ahead] == [("0.00", "50.00")]
    assert [(part.left, part.width) for part in lanes["Banana"].ahead] == [("50.00", "50.00")]
    assert lanes["Cherry"].ahead == ()
    assert found.lanes[0].name == "Banana"
    assert lanes["Banana"].said == "40.0% at first"
    assert lanes["Banana"].since == ("14:14:20", "2026-09-21T14:14:20+00:00")
    assert lanes["Apple"].since is None
    assert (lanes["Banana"].share, lanes["Apple"].share) == ("30.8%", "46.2%")


def test_a_line_is_of_first_choices() -> None:
    """From nought at the bottom to the largest share of all at the top; one who withdrew has no more of it."""
    found = race_of(counted(FIRST), counted(THEN), counted(THEN, out=(0,)))
    lanes = {lane.name: lane for lane in found.lanes}
    assert found.scale == "76.9%"
    assert lanes["Banana"].points == "0.00,11.56 50.00,14.20 100.00,1.00"
    assert lanes["Cherry"].points.startswith("0.00,23.00 ")
    assert len(lanes["Apple"].points.split()) == 2
    assert (lanes["Apple"].share, lanes["Apple"].said) == ("", "60.0% at first, withdrawn")


def test_a_withdrawal_says_who_was_ahead_before_and_after() -> None:
    """With the part of the last round, and links to the standings on either side."""
    before, after = counted(FIRST), counted(FIRST, out=(0,))
    after = after.model_copy(update={"sequence": before.sequence + 3})
    (turn,) = race_of(before, after).turns
    assert turn.sentence == "Apple withdrew. Ahead before: Apple (60.0%); after: Banana (100.0%)."
    assert (turn.before, turn.after) == (f"?as_of={before.sequence}", f"?as_of={after.sequence}")
    assert turn.when.iso == "2026-09-21T14:14:20+00:00"
    (back,) = race_of(after, before).turns
    assert back.sentence == "Apple is back. Ahead before: Banana (100.0%); after: Apple (60.0%)."


def notice(minute: int, reason: str, *, withdrawn: bool = True) -> Notice:
    """Return what an officer said about Apple, just before the standing of that minute."""
    at = datetime.fromtimestamp(BEGUN_MS / 1000 + 60 * minute - 10, UTC).isoformat()
    return Notice(contest="fruit", candidate="apple", withdrawn=withdrawn, at=at, reason=reason)


def sentences(found: Race | None) -> list[str]:
    """Return what turned a race, oldest first, without who was ahead."""
    assert found is not None
    return [turn.sentence.partition(" Ahead")[0] for turn in reversed(found.turns)]


def test_a_withdrawal_has_the_reason_that_was_given_for_it() -> None:
    """Each its own: of two withdrawals of one candidate the page does not mix the letters."""
    standings = counted(FIRST), counted(FIRST, out=(0,)), counted(FIRST), counted(FIRST, out=(0,))
    course = [of_minute(minute, found) for minute, found in enumerate(standings)]
    notices = [
        notice(1, "by her letter"),
        notice(2, "it was forged", withdrawn=False),
        notice(3, "by her own word"),
    ]
    assert sentences(race(counted_in(standings[-1]), course, notices)) == [
        "Apple withdrew. Reason given: “\N{FIRST STRONG ISOLATE}by her letter\N{POP DIRECTIONAL ISOLATE}”.",
        "Apple is back. Reason given: “\N{FIRST STRONG ISOLATE}it was forged\N{POP DIRECTIONAL ISOLATE}”.",
        "Apple withdrew. Reason given: “\N{FIRST STRONG ISOLATE}by her own word\N{POP DIRECTIONAL ISOLATE}”.",
    ]
    assert sentences(race(counted_in(standings[-1]), course)) == [
        "Apple withdrew.",
        "Apple is back.",
        "Apple withdrew.",
    ]


def test_a_reason_turns_nothing_beside_it() -> None:
    """What is not seen, and what turns the direction of letters, is not shown."""
    course = [of_minute(0, counted(FIRST)), of_minute(1, counted(FIRST, out=(0,)))]
    found = race(
        counted_in(counted(FIRST, out=(0,))), course, [notice(1, "a\N{RIGHT-TO-LEFT OVERRIDE}b\n\0c")]
    )
    assert "“\N{FIRST STRONG ISOLATE}a b c\N{POP DIRECTIONAL ISOLATE}”" in sentences(found)[0]


def test_a_withdrawal_stands_on_the_page_where_no_race_is_shown() -> None:
    """Under embargo too: when, who, and why; on the page of an earlier standing only what had been ordered by then."""
    out = counted(FIRST, out=(0,))
    given = [notice(1, "by her letter"), notice(9, "by mistake", withdrawn=False)]
    page = contest_page(out, BEGUN_MS, notices=given)
    assert [each.sentence[:14] for each in page.withdrawals] == ["Apple is back.", "Apple withdrew"]
    assert page.withdrawals[-1].when.text == "21 Sep 14:14:10"
    past = contest_page(out, BEGUN_MS + 2 * MINUTE_MS, past=True, notices=given)
    assert [each.when.text for each in past.withdrawals] == ["21 Sep 14:14:10"]
    course = [of_minute(0, counted(FIRST)), of_minute(1, out)]
    assert contest_page(out, BEGUN_MS + MINUTE_MS, course=course, notices=given[:1]).withdrawals == ()
    elsewhere = [given[0].model_copy(update={"contest": "drink"})]
    assert contest_page(out, BEGUN_MS, notices=elsewhere).withdrawals == ()


def test_a_correction_is_marked_and_the_votes_compared_are_those_before_and_after_it() -> None:
    """While it waits for its certificate votes are withheld: the standing that names the new result comes after it."""
    closed = counted(THEN, Phase.CLOSED)
    fewer = counted(FIRST | {(1, "2>1"): 1}, Phase.CLOSED)
    voided = fewer.balance.model_copy(update={"voided": 2})
    held = fewer.model_copy(
        update={"withheld": True, "rounds": (), "elected": (), "what_if": None, "balance": voided}
    )
    certified = fewer.model_copy(update={"balance": voided, "status": Status.CERTIFIED})
    found = race_of(counted(FIRST), closed, held, certified)
    assert [turn.sentence for turn in found.turns] == [
        "The result was certified. Ahead before: Banana (53.8%); after: Apple (54.5%).",
        "Corrected after the close: 2 ballots were taken out. Ahead before: Banana (53.8%); after: Apple (54.5%).",
        "Voting closed. Ahead before: Apple (60.0%); after: Banana (53.8%).",
    ]


def test_there_is_no_race_before_there_are_two_standings_with_votes() -> None:
    """Nor of one moment, nor while nobody has a vote."""
    empty = counted({})
    assert raced([counted(FIRST)]) is None
    assert raced([empty, counted(FIRST)]) is None
    assert raced([counted(FIRST), counted(THEN), empty]) is None
    assert (
        race(counted_in(counted(THEN)), [of_minute(1, counted(FIRST)), of_minute(1, counted(THEN))]) is None
    )


def test_a_long_race_has_bounds() -> None:
    """A day of minutes and many turns: so many points a line, so many turns, the newest first, with the day."""
    many = [
        of_minute(minute, counted(FIRST, out=(2,) if minute // 60 % 2 else ())) for minute in range(1_500)
    ]
    found = race(counted_in(counted(FIRST, out=(2,))), many)
    assert found is not None
    assert len(found.lanes[0].points.split()) <= 120
    assert len(found.turns) == TURNS
    assert found.turns[0].when.iso > found.turns[-1].when.iso
    assert found.begins.text == "21 Sep 14:13:20"


def test_an_electoral_college_is_a_race_of_scores() -> None:
    """The 300 votes of Friends are a fifth of the college, not most of it."""
    found = race_of(college(Phase.OPEN), college())
    first = college().rounds[0]
    assert {lane.name.lower(): lane.share for lane in found.lanes} == {
        name: f"{float(score.points):.1f}%" for name, score in first.scores.items()
    }


def test_the_page_has_it_and_a_withheld_one_has_none() -> None:
    """What is withheld now has no past to look at."""
    found = standing(2, Phase.OPEN)
    assert found.rounds
    held = found.model_copy(update={"withheld": True})
    course = [of_minute(0, standing(1, Phase.OPEN)), of_minute(1, found)]
    assert contest_page(found, 1, course=course).race is not None
    assert contest_page(held, 1, course=course).race is None
