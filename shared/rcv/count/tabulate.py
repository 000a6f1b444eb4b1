"""The cold count: the rounds of a contest from its rankings alone, and where every paper stood in them.

Rule 1: `tabulate` is total, deterministic and exact; a live count must equal it, field by field.
Rule 2: a method is a function that yields one round after another. Those that elect or eliminate by thresholds share
        `by_rounds`; a statute that goes its own way has a module of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count as numbers
from typing import Final

from shared.contract.elections import Contest, Method
from shared.rcv.count.course import Course
from shared.rcv.count.decide import Rulebook
from shared.rcv.count.methods.bundles import MEEK_PLACES
from shared.rcv.count.methods.meek import meek
from shared.rcv.count.methods.scottish import SCOTTISH_PLACES, scottish_stv
from shared.rcv.count.piles import Papers, Piles, Share
from shared.rcv.count.rankings import Rankings
from shared.rcv.count.rounds import Count, Decision, Round, Transfer, round_of
from shared.rcv.count.situation import places_of
from shared.rcv.count.ties import Ask, TieBreaker
from shared.rcv.count.trace import Snapshot, Traced

Profile = Mapping[tuple[int, str], int]
"""How many ballots of each section carry which marks."""


def tabulate(profile: Profile, contest: Contest, sections: int, ask: Ask | None = None) -> Count:
    """Return the count of `profile` by the contest's method and rules: total, deterministic, exact.

    `ask` breaks ties where the rules say that somebody is asked. Raises UnresolvedTie where nobody is there to be
    asked, ValueError if the rules cannot be carried out: nobody reaches the minimum of votes, say.
    """
    rankings = Rankings(len(contest.candidates), sections, contest.rules)
    rankings.add((section, marks, ballots) for (section, marks), ballots in profile.items())
    return recount(rankings, contest, ask)


def recount(rankings: Papers, contest: Contest, ask: Ask | None = None) -> Count:
    """Return the count of the rankings: see `tabulate`."""
    return _count(rankings, contest, ask, None)


def trace(rankings: Papers, contest: Contest, ask: Ask | None = None) -> Traced:
    """Return the count of the rankings and where their papers stood in each round."""
    snapshots: list[Snapshot] = []
    return Traced(_count(rankings, contest, ask, snapshots), tuple(snapshots))


def runs(rankings: Papers, contest: Contest, ask: Ask | None = None) -> Iterator[tuple[Contest, Traced]]:
    """Yield each run of a contest: one or, where seats are filled one after another, one for each seat.

    Such a run (RCTab's multi-pass IRV) is an instant run-off among those whom no run before has elected.
    """
    if contest.method != "sequential-irv":
        yield contest, trace(rankings, contest, ask)
        return
    snapshots: list[Snapshot] = []
    for run, count in _seat_by_seat(rankings, contest, ask, snapshots):
        yield run, Traced(count, tuple(snapshots))
        snapshots.clear()


def _count(rankings: Papers, contest: Contest, ask: Ask | None, snapshots: list[Snapshot] | None) -> Count:
    if contest.method != "sequential-irv":
        rounds = _RULES.get(contest.method, _by_rounds)(
            rankings, contest, TieBreaker(contest, ask), snapshots
        )
        return Count(tuple(rounds), _PLACES.get(contest.method, places_of)(contest))
    all_rounds: list[Round] = []
    for number, (_, count) in enumerate(_seat_by_seat(rankings, contest, ask, snapshots), 1):
        all_rounds += [
            replace(round_, number=len(all_rounds) + round_.number, run=number) for round_ in count.rounds
        ]
    return Count(tuple(all_rounds))


def _seat_by_seat(
    rankings: Papers, contest: Contest, ask: Ask | None, snapshots: list[Snapshot] | None
) -> Iterator[tuple[Contest, Count]]:
    """Yield each seat's run-off and its count; those elected are out of the next."""
    run = contest.model_copy(update={"method": "irv", "seats": 1})
    for _ in range(contest.seats):
        count = _count(rankings, run, ask, snapshots)
        yield run, count
        run = run.excluding(count.elected)
        if not count.elected or not run.standing:
            return


def _by_rounds(
    rankings: Papers, contest: Contest, ties: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    course = Course(contest, ties, Rulebook(contest))
    piles = Piles(rankings, contest, 10 ** places_of(contest), snapshots)
    for number in numbers(1):
        piles.record()
        by_section, continuing, seated = piles.by_section(), course.continuing, course.seated
        residue = piles.residue_by_section()
        decisions = course.settle([units[: len(contest.candidates)] for units in by_section])
        goes_on = course.goes_on()
        yield round_of(
            number,
            by_section,
            continuing,
            decisions,
            threshold=course.threshold,
            transfers=_carry_out(decisions, piles, course) if goes_on else (),
            seated=seated,
            residue_by_section=residue,
            scores=course.scores,
        )
        if not goes_on:
            return


def _carry_out(decisions: Sequence[Decision], piles: Piles, course: Course) -> tuple[Transfer, ...]:
    """Move the papers of whom a round eliminates or, where votes are divided, the surplus of whom it elects.

    Once all seats are filled nobody needs a surplus: it is shown, and elects no more.
    """
    fallen = [d.candidate for d in decisions if d.outcome == "eliminated"]
    if fallen or not course.divides:
        return piles.eliminate(fallen)
    assert course.threshold is not None, "votes are divided at a threshold"
    threshold, votes = course.threshold, course.history[-1]
    shares = {d.candidate: _surplus(int(votes[d.candidate]), threshold, course.unit) for d in decisions}
    return piles.divide(shares, threshold, is_needed=course.seats_left > 0)


def _surplus(votes: int, threshold: int, unit: int) -> Share:
    """Return what papers pass on: RCTab's fraction of the surplus, to fixed places, times what each is worth."""
    fraction = max(0, votes - threshold) * unit // votes if votes else 0
    return lambda worth: worth * fraction // unit


_Rules = Callable[[Papers, Contest, TieBreaker, "list[Snapshot] | None"], Iterator[Round]]

_RULES: Final[dict[Method, _Rules]] = {"scottish-stv": scottish_stv, "meek": meek}
_PLACES: Final[dict[Method, Callable[[Contest], int]]] = {
    "scottish-stv": lambda _: SCOTTISH_PLACES,
    "meek": lambda _: MEEK_PLACES,
}
