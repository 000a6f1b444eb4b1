"""What a table of rounds holds, before it is laid out: a line for each candidate, a cell for each round.

Rule 1: candidates stand as they finished: elected first, then the last to fall; those never in the count are left out.
Rule 2: whatever is measured (votes, a section's votes, an electoral college's points) is an integer of fixed places.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final, Literal, NamedTuple

from shared.contract.standings import Ending, points
from shared.rcv.count.rounds import Round

State = Literal["hopeful", "elected", "falling", "out"]
SCORE_PLACES: Final = 2


class Measure(NamedTuple):
    """What the cells tell of a round, in units of the last of `places`."""

    amounts: Callable[[Round], Sequence[int]]
    """Of each candidate."""
    threshold: Callable[[Round], int | None]
    stopped: Callable[[Round], Mapping[Ending, int]]
    """What stands with nobody, by the reason; blank papers never held a vote."""
    places: int
    shares: bool
    """Whether a share of all amounts says something beside the amount."""


class Cell(NamedTuple):
    """One candidate in one round."""

    amount: int
    change: int
    whole: int
    """All candidates' amounts together."""
    threshold: int | None
    state: State


class Line(NamedTuple):
    """One candidate in all rounds."""

    candidate: int
    cells: tuple[Cell, ...]


def votes_of(places: int, *, shares: bool) -> Measure:
    """Measure votes over all sections."""
    return Measure(lambda r: r.votes, lambda r: r.threshold, lambda r: r.inactive, places, shares)


def section_votes_of(section: int, places: int) -> Measure:
    """Measure the votes of one section, in which no number elects."""
    stopped: Callable[[Round], Mapping[Ending, int]] = lambda r: r.inactive_by_section[section]  # noqa: E731
    return Measure(lambda r: r.votes_by_section[section], lambda _: None, stopped, places, shares=True)


def scores_of() -> Measure:
    """Measure an electoral college's points, to two places; more than half of the whole elects."""
    return Measure(_points, lambda _: 50 * 10**SCORE_PLACES, lambda _: {}, SCORE_PLACES, shares=False)


def lines(rounds: Sequence[Round], measure: Measure) -> list[Line]:
    """Return the lines of one run's `rounds`."""
    states = list(_states(rounds))
    amounts = [measure.amounts(round_) for round_ in rounds]
    changes = [
        [0] * len(amounts[0]),
        *([b - a for a, b in zip(*two, strict=True)] for two in pairwise(amounts)),
    ]

    def cell(place: int, candidate: int) -> Cell:
        of = amounts[place]
        threshold = measure.threshold(rounds[place])
        return Cell(of[candidate], changes[place][candidate], sum(of), threshold, states[place][candidate])

    return [
        Line(candidate, tuple(cell(place, candidate) for place in range(len(rounds))))
        for candidate in finishing_order(rounds)
    ]


def scale_of(all_lines: Sequence[Line]) -> int:
    """Return the amount that fills a bar: the most anybody has, or what elects if that is more."""
    return max(max(cell.amount, cell.threshold or 0) for line in all_lines for cell in line.cells)


def finishing_order(rounds: Sequence[Round]) -> list[int]:
    """Return the candidates of the first of `rounds`, as they finished."""
    elected = [c for round_ in rounds for c in round_.elected]
    last = rounds[-1]
    left = [c for c in last.continuing if c not in elected and c not in last.eliminated]
    order = [*elected, *sorted(left, key=lambda c: -last.votes[c])]
    for round_ in reversed(rounds):
        order += sorted(round_.eliminated, key=lambda c: -round_.votes[c])
    return list(dict.fromkeys(order))


def surpluses(round_: Round) -> list[int]:
    """Return whose surplus moves on by what a round decides: with each, or for itself, if the rules say so."""
    sources = {transfer.source for transfer in round_.transfers}
    decided = [d.candidate for d in round_.decisions if d.outcome != "eliminated"]
    return [c for c in dict.fromkeys(decided) if c in sources]


def runs_of(rounds: Sequence[Round]) -> list[list[Round]]:
    """Return the rounds of each run: one for most contests, one a seat for sequential ones."""
    return [list(run) for _, run in groupby(rounds, key=lambda round_: round_.run)]


def _states(rounds: Sequence[Round]) -> Iterator[list[State]]:
    elected: set[int] = set()
    for round_ in rounds:
        elected.update(round_.elected, round_.seated)
        yield [_state(c, round_, elected) for c in range(len(round_.votes))]


def _state(candidate: int, round_: Round, elected: set[int]) -> State:
    if candidate in elected:
        return "elected"
    if candidate in round_.eliminated:
        return "falling"
    return "hopeful" if candidate in round_.continuing else "out"


def _points(round_: Round) -> list[int]:
    return [points(score, SCORE_PLACES) for score in round_.scores]
