"""What the tables of a page hold, before they are laid out. Pure.

Rule 1: candidates stand as they finished: the elected in their order, then who lasted longest; the withdrawn last.
Rule 2: a candidate has one colour in every table and at every hour.
Rule 3: a cell says what the round settles about its candidate in a word, not by colour.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

from services.results.numbers import number, percent, points, signed, width
from services.results.words import SEATED_IN_WORDS, is_final, names_of
from shared.contract.standings import Round, Standing

COLOURS: Final = 8


class Row(NamedTuple):
    """A candidate in one round's table."""

    id: str
    name: str
    votes: int
    share: str
    width: str
    change: str
    note: str


class Cell(NamedTuple):
    """A candidate in one round of the table of all rounds; no text where there is nothing to say."""

    text: str
    said: str


class Line(NamedTuple):
    """A candidate, or a reason, in the table of all rounds."""

    id: str
    name: str
    note: str
    cells: tuple[Cell, ...]


class Seat(NamedTuple):
    """A candidate who is elected, when and how."""

    id: str
    name: str
    round: int
    how: str


def colours(standing: Standing) -> dict[str, int]:
    """Return a colour number for each candidate."""
    return {candidate.id: place % COLOURS for place, candidate in enumerate(standing.contest.candidates)}


def order(standing: Standing) -> list[str]:
    """Return the candidates who are in the count, as they finished."""
    last: dict[str, Round] = {}
    for round_ in standing.rounds:
        last |= dict.fromkeys(round_.votes, round_)
    rest = [name for name in last if name not in standing.elected]
    rest.sort(key=lambda name: (last[name].number, strength(last[name], name)), reverse=True)
    return [*standing.elected, *rest]


def strength(round_: Round, candidate: str) -> Fraction:
    """Return what candidates are compared by: votes or, in an electoral college, scores."""
    return Fraction(round_.scores[candidate].exact if round_.scores else round_.votes[candidate])


def rows(standing: Standing, place: int) -> list[Row]:
    """Return the table of one round, strongest first."""
    round_, names = standing.rounds[place], names_of(standing.contest)
    most = scale(round_)
    return [
        Row(
            id=name,
            name=names[name],
            votes=round_.votes[name],
            share=_share(round_, name),
            width=width(strength(round_, name), most),
            change=_change(standing, place, name),
            note=_note(standing, round_, name),
        )
        for name in sorted(round_.votes, key=lambda name: -strength(round_, name))
    ]


def scale(round_: Round) -> Fraction:
    """Return what the longest bar stands for: the strongest candidate or, if that is more, the votes that elect."""
    strongest = max((strength(round_, name) for name in round_.votes), default=Fraction())
    return max(strongest, _elects(round_))


def mark(round_: Round) -> str | None:
    """Return where on a bar the votes that elect are; none where no number elects."""
    elects = _elects(round_)
    return width(min(elects, scale(round_) * Fraction(993, 1000)), scale(round_)) if elects else None


def _elects(round_: Round) -> Fraction:
    return Fraction(1, 2) if round_.scores else Fraction(round_.threshold or 0)


def seats(standing: Standing) -> list[Seat]:
    """Return who is elected, in order."""
    names = names_of(standing.contest)
    return [
        Seat(d.candidate, names[d.candidate], round_.number, SEATED_IN_WORDS[d.why])
        for round_ in standing.rounds
        for d in round_.decisions
        if d.outcome == "elected"
    ]


def lines(standing: Standing) -> list[Line]:
    """Return the table of all rounds: the candidates, those withdrawn too."""
    names = names_of(standing.contest)
    withdrawn = [candidate.id for candidate in standing.contest.candidates if candidate.excluded]
    return [
        *(Line(name, names[name], "", tuple(_cells(standing, name))) for name in order(standing)),
        *(Line(n, names[n], "withdrawn", (Cell("", "withdrawn"),) * len(standing.rounds)) for n in withdrawn),
    ]


def endings(standing: Standing) -> list[str]:
    """Return the reasons for which some vote stands with nobody."""
    return sorted({ending for round_ in standing.rounds for ending, n in round_.inactive.items() if n})


def _cells(standing: Standing, candidate: str) -> Iterator[Cell]:
    elected: set[str] = set()
    for round_ in standing.rounds:
        if candidate in round_.votes:
            yield Cell(_text(standing, round_, candidate), _settled(standing, round_, candidate))
        else:
            yield Cell("", "elected" if candidate in elected else "eliminated")
        elected |= {d.candidate for d in round_.decisions if d.outcome == "elected"}


def _text(standing: Standing, round_: Round, candidate: str) -> str:
    if round_.scores:
        return f"{round_.scores[candidate].points}%"
    return number(round_.votes[candidate], standing.places)


def _settled(standing: Standing, round_: Round, candidate: str) -> str:
    final = is_final(standing)
    said = {"elected": "elected" if final else "ahead", "eliminated": "eliminated" if final else "last"}
    return next(
        (said[d.outcome] for d in round_.decisions if d.candidate == candidate and d.outcome in said), ""
    )


def _share(round_: Round, candidate: str) -> str:
    if round_.scores:
        return f"{round_.scores[candidate].points}%"
    return percent(round_.votes[candidate], sum(round_.votes.values()))


def _change(standing: Standing, place: int, candidate: str) -> str:
    if not place or standing.rounds[place - 1].run != standing.rounds[place].run:
        return signed(0)
    this, before = standing.rounds[place], standing.rounds[place - 1]
    if this.scores:
        gained = strength(this, candidate) - strength(before, candidate)
        return f"{'+' if gained > 0 else ''}{points(gained)}"
    return signed(this.votes[candidate] - before.votes[candidate], standing.places)


def _note(standing: Standing, round_: Round, candidate: str) -> str:
    so_far = (d for r in standing.rounds[: round_.number] for d in r.decisions if d.outcome == "elected")
    if candidate in {d.candidate for d in so_far}:
        return "Elected" if is_final(standing) else "Ahead"
    if any(d.candidate == candidate and d.outcome == "eliminated" for d in round_.decisions):
        return "Eliminated" if is_final(standing) else "Last"
    return ""
