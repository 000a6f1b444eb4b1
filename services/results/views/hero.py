"""The hero: everybody in one round on one axis, with the line that elects; who has left below. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.results.views.table import NOBODY, Bar, Cell, Row, Table, bar_width, colours_of, provisional
from shared.contract.standings import Round
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import SHOWN_PLACES, brief, number, percent, signed
from shared.rcv.narrate.tables import Line, RoundsTable, strength
from shared.rcv.narrate.words import outcome, threshold_name

OUT_SHOWN: Final = 8
"""Candidates who are out up to which they stand below those in the count."""


def title_of(counted: Counted, shown: Round) -> str:
    """Return what a round is called that is shown large, without its number."""
    if shown is not counted.rounds[-1]:
        return "Round"
    return "Final round: round" if counted.final else "Latest round: round"


def round_as_bars(
    counted: Counted, table: RoundsTable, place: int, links: Mapping[str, str]
) -> tuple[Table, Table | None]:
    """Return everybody in the round at `place` as bars, strongest first, then those who had left before.

    Where these are more than OUT_SHOWN, they have a table of their own.

    Where one is elected, a full bar is all continuing votes; where several are, it is the most that anybody has or what
    elects, since quotas are a small part of all votes. A name leads to what `links` has for the candidate.
    """
    round_, colours, scored = counted.rounds[place], colours_of(counted), bool(counted.rounds[place].scores)
    elects = table.thresholds[place]
    full = table.totals[place] if counted.contest.seats == 1 else table.scales[place]
    mark = bar_width(min(1000 * elects, 993 * full), 1000 * full) if elects else ""
    caption = f"{'Scores' if scored else 'Votes'} in round {round_.number}{provisional(counted)}."
    if scored:
        caption += " More than 50% of the electoral college elects."
    elif elects:
        caption += f" {threshold_name(counted.contest)}: {brief(elects, counted.places)}."
    if mark:
        caption += " The line in the bars marks it."
    if links:
        caption += " A name leads to what would follow if that candidate dropped out."
    in_count = [line for line in table.lines if line.cells[place].in_count]
    rows = []
    for line in sorted(in_count, key=lambda line: -strength(round_, line.candidate)):
        cell, colour = line.cells[place], colours[line.candidate]
        amount = f"{number(cell.amount, table.places)}%" if scored else brief(cell.amount, table.places)
        cells = [Cell(amount, strong=True)]
        if not scored:
            cells.append(Cell(percent(cell.amount, table.totals[place])))
        cells.append(Cell(bar=Bar(bar_width(cell.amount, full), colour, mark)))
        if place:
            cells.append(
                Cell(signed(cell.change, table.places, min(table.places, SHOWN_PLACES)), unseen="none")
            )
        tag = outcome(cell.fate, final=counted.final).capitalize()
        rows.append(
            Row(
                line.name,
                tuple(cells),
                colour,
                tag,
                first=cell.fate == "elected",
                party=counted.parties[line.candidate],
                link=links.get(line.candidate, ""),
            )
        )
    figures = ("Score",) if scored else ("Votes", "Share")
    left = [line for line in table.lines if not line.cells[place].in_count]
    many = len(left) > OUT_SHOWN
    if not many:
        rows += [
            _left(counted, line, place, len(figures) + (place > 0))._replace(
                link=links.get(line.candidate, "")
            )
            for line in left
        ]
    shown = Table(
        label=f"Table of round {round_.number}",
        caption=caption,
        columns=("Candidate", *figures, "", *(("Gained",) if place else ())),
        rows=tuple(rows),
        kind="bars",
    )
    return shown, _out(counted, table, left, place) if many else None


def _out(counted: Counted, table: RoundsTable, left: Sequence[Line], place: int) -> Table:
    """Return those who had left before the round at `place`, who lasted longest first, and the votes they had at the end."""
    unit = "" if table.shares else "%"
    rows = []
    for line in left:
        row = _left(counted, line, place, 0)
        held = [cell.amount for cell in line.cells[:place] if cell.in_count]
        amount = f"{number(held[-1], table.places)}{unit}" if held else ""
        rows.append(row._replace(cells=(Cell(row.tag, prose=True), Cell(amount, unseen="none")), tag=""))
    return Table(
        label="Table of those who are out",
        caption="Who is no longer in the count, since when, and with how many votes",
        columns=("Candidate", "What became of them", "Votes"),
        rows=tuple(rows),
        kind="grid",
    )


def _left(counted: Counted, line: Line, place: int, figures: int) -> Row:
    """Return the row of somebody who is no longer in the count: since when, and nothing but an empty bar."""
    went = [at for at, cell in enumerate(line.cells[:place]) if cell.decided]
    word = outcome(line.cells[place].fate, final=counted.final)
    tag = f"{word} in round {counted.rounds[went[-1]].number}" if went else word
    cells = [Cell(unseen=word)] * figures
    cells.insert(figures if place == 0 else figures - 1, Cell(bar=Bar("0", NOBODY)))
    colour, party = colours_of(counted)[line.candidate], counted.parties[line.candidate]
    return Row(line.name, tuple(cells), colour, tag.capitalize(), kind="gone", party=party)
