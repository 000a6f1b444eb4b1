"""One paper's way through a count: where its vote was in each round, what it was worth there, and why.

Rule 1: rounds in which nothing happened to the paper are told together.
Rule 2: where is read from the trace; why is what the round before decided about whoever held the paper.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.terminal.bars import Glyphs
from shared.contract.ballots import UNNAMED, parse_marks
from shared.contract.elections import Contest
from shared.contract.standings import Ending, decimal
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.rounds import Round
from shared.rcv.count.trace import Traced
from shared.rcv.narrate.document import steps
from shared.rcv.narrate.grid import runs_of, surpluses
from shared.rcv.narrate.words import listed, names_of

STOPS: Final[dict[Ending, str]] = {
    Ending.EXHAUSTED: "the paper names nobody else who is still in",
    Ending.BLANK: "the paper names nobody",
    Ending.OVERVOTE: "the next rank holds several candidates, which stops the paper",
    Ending.SKIPPED: "too many ranks in a row are blank, which stops the paper",
    Ending.REPEATED: "a candidate is ranked again, which stops the paper",
    Ending.SURPLUS: "nobody needs it any more: all seats are filled",
}
ORDINALS: Final = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)


class Stand(NamedTuple):
    """Where one paper is in one round."""

    run: int
    holder: int
    """A candidate, or the number of candidates plus an ending's place."""
    worth: int
    kept: tuple[tuple[int, int], ...]
    """Candidates elected before, and what they keep of the vote."""


class Stay(NamedTuple):
    """Rounds in a row in which a paper stood the same."""

    first: int
    last: int
    stand: Stand
    why: str


def journey(
    contest: Contest, traced: Traced, row: int, marks: str, glyphs: Glyphs
) -> Iterator[RenderableType]:
    """Yield what to print of the paper at `row` of the trace."""
    names = names_of(contest)
    told = stays(traced, row, marks, names)
    yield Text(contest.title, style="bold")
    yield Text(ranking_in_words(marks, names), style="dim")
    yield Text("")
    yield _table(told, names, traced.count.places, glyphs, set(traced.count.elected))
    yield Text("")
    yield Text(conclusion(told, traced, names))


def stays(traced: Traced, row: int, marks: str, names: Sequence[str]) -> list[Stay]:
    """Return the paper's way, first round first."""
    rounds = traced.count.rounds
    stands = [_stand(traced, place, row) for place in range(len(rounds))]
    led_by = [before for before, _ in steps(traced.count)]
    whys = [_why(traced, led_by[place], stands, place, marks, names) for place in range(len(rounds))]
    found: list[Stay] = []
    for _, group in groupby(range(len(rounds)), key=stands.__getitem__):
        places = list(group)
        first, last = rounds[places[0]].number, rounds[places[-1]].number
        found.append(Stay(first, last, stands[places[0]], whys[places[0]]))
    return found


def ranking_in_words(marks: str, names: Sequence[str]) -> str:
    """Return marks by name: "Ada > Basil = Clara > (blank) > Dora"."""
    ranks = parse_marks(marks)
    return " > ".join(_rank(rank, names) for rank in ranks) or "A blank paper"


def conclusion(told: Sequence[Stay], traced: Traced, names: Sequence[str]) -> str:
    """Return what became of the vote in the end or, where seats are filled one after another, for each seat."""
    seats = [list(stays_) for _, stays_ in groupby(told, key=lambda stay: stay.stand.run)]
    elected = [{c for round_ in run for c in round_.elected} for run in runs_of(traced.count.rounds)]
    ends = [_end(of[-1], winners, names) for of, winners in zip(seats, elected, strict=True)]
    if len(ends) == 1:
        return f"In the end {ends[0]}."
    return " ".join(f"For seat {seat} {end}." for seat, end in enumerate(ends, 1))


def _end(last: Stay, elected: set[int], names: Sequence[str]) -> str:
    parts = (*last.stand.kept, (last.stand.holder, last.stand.worth))
    holders = [c for c, units in parts if c < len(names) and units]
    helped = [names[c] for c in holders if c in elected]
    if helped:
        return f"this vote counts for {listed(helped)}, who {'is' if len(helped) == 1 else 'are'} elected"
    if holders:
        return f"this vote counts for {listed([names[c] for c in holders])}, who is not elected"
    return f"this vote counts for nobody: it stopped in round {last.first}"


def _stand(traced: Traced, place: int, row: int) -> Stand:
    snapshot, one = traced.snapshots[place], 10**traced.count.places
    kept = tuple((c, int(units[row])) for c, units in snapshot.kept.items() if units[row])
    worth = one if snapshot.value is None else int(snapshot.value[row])
    return Stand(traced.count.rounds[place].run, int(snapshot.holder[row]), worth, kept)


def _why(
    traced: Traced,
    before: Round | None,
    stands: Sequence[Stand],
    place: int,
    marks: str,
    names: Sequence[str],
) -> str:
    stand = stands[place]
    if before is None:
        start = f"Seat {stand.run}: " if traced.count.rounds[-1].run > 1 else ""
        return start + _arrival(stand.holder, marks, names, "")
    left = stands[place - 1].holder
    if left == stand.holder:
        return "the elected keep another part now"
    return _arrival(stand.holder, marks, names, f"{names[left]} {_left(left, surpluses(before))}; ")


def _left(candidate: int, moved: Sequence[int]) -> str:
    return "is elected, what the quota does not need moves on" if candidate in moved else "is out"


def _arrival(holder: int, marks: str, names: Sequence[str], opening: str) -> str:
    if holder >= len(names):
        return opening + STOPS[ENDINGS[holder - len(names)]]
    return f"{opening}{_choice(holder, marks)} is {names[holder]}" if opening else f"{_choice(holder, marks)}"


def _choice(holder: int, marks: str) -> str:
    """Return which choice of the paper a candidate is, blank and several-marked ranks not counted."""
    single = [rank[0] for rank in parse_marks(marks) if len(rank) == 1]
    order = list(dict.fromkeys(single))
    if holder not in order:
        return "the one still in of those at one rank"
    place = order.index(holder)
    return f"{ORDINALS[place]} choice" if place < len(ORDINALS) else f"choice {place + 1}"


def _rank(rank: Sequence[int], names: Sequence[str]) -> str:
    if tuple(rank) == UNNAMED:
        return "(several)"
    return " = ".join(names[c] for c in rank) or "(blank)"


def _table(
    told: Sequence[Stay], names: Sequence[str], places: int, glyphs: Glyphs, elected: set[int]
) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Round", no_wrap=True)
    table.add_column("Vote with", no_wrap=True)
    if places:
        table.add_column("Worth", justify="right", no_wrap=True)
    table.add_column("Why")
    for stay in told:
        for cells in _rows(stay, names, places, glyphs, elected):
            table.add_row(*cells)
    return table


def _rows(
    stay: Stay, names: Sequence[str], places: int, glyphs: Glyphs, elected: set[int]
) -> Iterator[list[str | Text]]:
    """Yield a line for each who holds a part of the vote; whoever holds what moves last, with the reason."""
    *kept, moving = (*stay.stand.kept, (stay.stand.holder, stay.stand.worth))
    rounds = str(stay.first) if stay.first == stay.last else f"{stay.first} to {stay.last}"
    shown = [(holder, worth, "keeps what the quota needs") for holder, worth in kept]
    if moving[1] or not kept:
        shown.append((*moving, stay.why))
    for number, (holder, worth, why) in enumerate(shown):
        worths: list[str | Text] = [decimal(worth, places)] if places else []
        yield [rounds if number == 0 else "", _where(holder, names, glyphs, elected), *worths, why]


def _where(holder: int, names: Sequence[str], glyphs: Glyphs, elected: set[int]) -> Text:
    if holder >= len(names):
        return Text("nobody", style="dim")
    mark = f" {glyphs.elected}" if holder in elected else ""
    return Text(f"{names[holder]}{mark}", style="green" if mark else "cyan")
