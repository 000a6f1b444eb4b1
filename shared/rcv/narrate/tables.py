"""What the tables of a count hold, before a page or a terminal lays them out.

Candidates stand as they finished: the elected in their order, then who lasted longest; the withdrawn last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Final, Literal, NamedTuple

from shared.contract.standings import Ending, Round, points
from shared.rcv.narrate.counted import Counted, decided
from shared.rcv.narrate.words import ELECTED_IN_WORDS, ENDING_IN_WORDS, non_transferable, threshold_name

SCORE_PLACES: Final = 2

Fate = Literal["continuing", "elected", "eliminated", "withdrawn"]


class Cell(NamedTuple):
    """One candidate in one round. Amounts are in units of the table's last place."""

    amount: int
    change: int
    """Since the round before; 0 in a first count."""
    fate: Fate
    """What has become of the candidate, this round's decisions included."""
    in_count: bool
    """Whether the candidate is in the count in this round."""
    decided: bool
    """Whether this round decides the fate."""


class Line(NamedTuple):
    """One candidate in all rounds."""

    candidate: str
    name: str
    cells: tuple[Cell, ...]


class Footer(NamedTuple):
    """A line below the candidates: why votes rest, what all make together, what elects."""

    label: str
    amounts: tuple[int | None, ...]
    """By round, in units of the last of `places`; None where a round has none."""
    places: int
    kind: Literal["rest", "sum", "threshold"]


@dataclass(frozen=True)
class RoundsTable:
    """Candidates down, rounds across."""

    rounds: tuple[Round, ...]
    lines: tuple[Line, ...]
    footers: tuple[Footer, ...]
    thresholds: tuple[int | None, ...]
    """By round, the amount that elects."""
    places: int
    """Of the amounts of candidates: votes' places or, in an electoral college, those of points."""
    shares: bool
    """Whether a share of all amounts says something beside the amount."""

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """By round, what all candidates have together."""
        return tuple(
            sum(line.cells[place].amount for line in self.lines) for place in range(len(self.rounds))
        )

    @cached_property
    def scales(self) -> tuple[int, ...]:
        """By round, the amount that fills a bar: the most anybody has, or what elects if that is more."""
        most = (
            max((line.cells[place].amount for line in self.lines), default=0)
            for place in range(len(self.rounds))
        )
        return tuple(max(one, elects or 0) for one, elects in zip(most, self.thresholds, strict=True))


class Seat(NamedTuple):
    """A candidate who is elected, when and how."""

    candidate: str
    name: str
    round: int
    how: str


class SectionLine(NamedTuple):
    """A candidate's votes in every section and, in an electoral college, the part of the whole that they bring."""

    candidate: str
    name: str
    votes: tuple[int, ...]
    brings: tuple[Fraction, ...]


def rounds_table(
    counted: Counted, rounds: Sequence[Round] | None = None, section: str | None = None
) -> RoundsTable:
    """Return the table of all `rounds` or of one run's, of all votes or of one section's.

    Withdrawn candidates have a line only in a table of all rounds and votes.
    """
    chosen = counted.rounds if rounds is None else tuple(rounds)
    steps = [_step(round_, section) for round_ in chosen]
    scored = section is None and any(round_.scores for round_ in chosen)
    lines = [Line(name, counted.names[name], tuple(_cells(name, steps))) for name in _finishing_order(steps)]
    if rounds is None and section is None:
        out = (Cell(0, 0, "withdrawn", in_count=False, decided=False),) * len(chosen)
        lines += [Line(c.id, c.name, out) for c in counted.contest.candidates if c.excluded]
    half = 50 * 10**SCORE_PLACES
    thresholds: list[int | None] = [
        half if scored else round_.threshold if section is None else None for round_ in chosen
    ]
    places = SCORE_PLACES if scored else counted.places
    return RoundsTable(
        rounds=chosen,
        lines=tuple(lines),
        footers=tuple(_footers(counted, chosen, section, thresholds, places)),
        thresholds=tuple(thresholds),
        places=places,
        shares=not scored,
    )


def strength(round_: Round, candidate: str) -> Fraction | int:
    """Return what candidates are compared by: votes or, in an electoral college, the part of the whole."""
    return Fraction(round_.scores[candidate].exact) if round_.scores else round_.votes[candidate]


def runs_of(rounds: Sequence[Round]) -> list[list[Round]]:
    """Return the rounds of each run: one for most contests, one a seat where seats are filled one after another."""
    return [list(run) for _, run in groupby(rounds, key=lambda round_: round_.run)]


def seats(counted: Counted) -> list[Seat]:
    """Return who is elected, in order."""
    return [
        Seat(d.candidate, counted.names[d.candidate], round_.number, ELECTED_IN_WORDS[d.why])
        for round_ in counted.rounds
        for d in round_.decisions
        if d.outcome == "elected"
    ]


def section_lines(counted: Counted, round_: Round) -> list[SectionLine]:
    """Return a round's votes by section, candidates as they finished.

    In an electoral college a section's votes bring points of the whole: its share of 100, divided by the votes that
    still continue in it. A section where none continues brings nothing, and the others' shares are scaled up. So the
    points of a line add up to the candidate's score.
    """
    shares = counted.contest.section_shares or (1,) * len(counted.sections)
    share_of = dict(zip(counted.sections, shares, strict=True)) if round_.scores else {}
    continuing = {section: sum(votes.values()) for section, votes in round_.by_section.items()}
    whole = sum(share for section, share in share_of.items() if continuing[section])

    def brings(section: str, votes: int) -> Fraction:
        all_votes = continuing[section]
        return Fraction(share_of[section] * votes, whole * all_votes) if all_votes else Fraction()

    return [
        SectionLine(
            candidate=name,
            name=counted.names[name],
            votes=tuple(round_.by_section[section][name] for section in counted.sections),
            brings=tuple(brings(section, round_.by_section[section][name]) for section in share_of),
        )
        for name in _finishing_order([_step(each) for each in counted.rounds])
        if name in round_.votes
    ]


def resting(counted: Counted, round_: Round, section: str) -> int:
    """Return the units of a section's ballots that are with no candidate in a round."""
    units: int = counted.ballots[section] * 10**counted.places
    return units - sum(round_.by_section[section].values())


class _Step(NamedTuple):
    round: Round
    held: Mapping[str, Fraction | int]
    """What each candidate in the count has, exactly."""
    elected: Sequence[str]
    eliminated: Sequence[str]


def _step(round_: Round, section: str | None = None) -> _Step:
    held: Mapping[str, Fraction | int] = round_.votes if section is None else round_.by_section[section]
    if round_.scores and section is None:
        held = {name: Fraction(score.exact) for name, score in round_.scores.items()}
    return _Step(round_, held, decided(round_, "elected"), decided(round_, "eliminated"))


def _finishing_order(steps: Sequence[_Step]) -> list[str]:
    elected = list(dict.fromkeys(name for step in steps for name in step.elected))
    lasted: dict[str, tuple[int, bool, Fraction | int]] = {}
    for place, step in enumerate(steps):
        lasted |= {name: (place, name not in step.eliminated, value) for name, value in step.held.items()}
    rest = [name for name in lasted if name not in elected]
    return [*elected, *sorted(rest, key=lasted.__getitem__, reverse=True)]


def _cells(name: str, steps: Sequence[_Step]) -> Iterator[Cell]:
    elected, run = False, 0
    before: Fraction | int = 0
    for step in steps:
        value = step.held.get(name, 0)
        elected = elected or name in step.round.seated or name in step.elected
        eliminated = name in step.eliminated
        yield Cell(
            amount=_units(value),
            change=_units(value - before) if step.round.run == run else 0,
            fate="elected"
            if elected
            else "eliminated"
            if eliminated or name not in step.held
            else "continuing",
            in_count=name in step.held,
            decided=eliminated or name in step.elected,
        )
        run, before = step.round.run, value


def _units(value: Fraction | int) -> int:
    if isinstance(value, int):
        return value
    return points(value, SCORE_PLACES)


def _footers(
    counted: Counted,
    rounds: Sequence[Round],
    section: str | None,
    thresholds: Sequence[int | None],
    places: int,
) -> Iterator[Footer]:
    """Yield the lines that say something: why votes rest, what all make together, what elects."""
    if section is not None:
        label = non_transferable(with_residue=any(round_.residue for round_ in rounds))
        amounts = tuple(resting(counted, round_, section) for round_ in rounds)
        if any(amounts):
            yield Footer(label, amounts, counted.places, "rest")
        return
    scored = any(round_.scores for round_ in rounds)
    for ending, words in ENDING_IN_WORDS.items():
        amounts = tuple(
            round_.residue if ending is Ending.RESIDUE else round_.inactive.get(ending, 0)
            for round_ in rounds
        )
        if any(amounts):
            yield Footer(f"{words} (ballots)" if scored else words, amounts, counted.places, "rest")
    if not scored:
        whole = (sum(r.votes.values()) + sum(r.inactive.values()) + r.residue for r in rounds)
        yield Footer("All ballots", tuple(whole), counted.places, "sum")
    if any(thresholds):
        yield Footer(threshold_name(counted.contest), tuple(thresholds), places, "threshold")
