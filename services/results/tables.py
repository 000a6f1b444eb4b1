"""The tables of a page, ready to be drawn: every number is text, every word is chosen. Pure.

All of them have one form, so one template draws them. Candidates have one colour in every table, at every hour.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from shared.contract.standings import Round, Standing, WhatIf
from shared.contract.verdicts import CATEGORY, IN_WORDS, Category, Reason
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import SHOWN_PLACES, brief, number, percent, points, signed
from shared.rcv.narrate.tables import Line, RoundsTable, resting, rounds_table, section_lines, strength
from shared.rcv.narrate.transfers import transfers
from shared.rcv.narrate.words import (
    ENDING_IN_WORDS,
    listed,
    non_transferable,
    outcome,
    plural,
    threshold_name,
)

COLOURS: Final = 8
NOBODY: Final = "none"
PLAIN: Final = "plain"
OUT_SHOWN: Final = 8
"""Candidates who are out up to which they stand below those in the count."""
INSTEAD_NAMED: Final = 2
"""Candidates whose dropping out is said in short."""
DROPPED_TO: Final = 6
"""Receivers of votes that a what-if names."""


COUNTED: Final = "they are in the count: one of each elector who has voted"
TAKEN_OUT: Final = (
    "they had been counted, and were taken out when officers voided their electors' right to vote"
)
ADD_UP: Final = "The lines above add up to it; a standing whose lines do not add up is not published."


class Bar(NamedTuple):
    """A bar, and the line across it that marks what elects. Lengths are in percent."""

    width: str
    colour: str
    """A class of the style sheet."""
    mark: str = ""
    more: str = ""
    """A second part, drawn faint behind the first: what is not final."""


class Cell(NamedTuple):
    """A cell: a bar, or text with a smaller line below it. Without either a dash stands there."""

    text: str = ""
    below: str = ""
    bar: Bar | None = None
    unseen: str = ""
    """What a screen reader says where the eye sees a dash."""
    strong: bool = False
    first: bool = False
    """Whether the line below is about somebody who is ahead or elected."""
    prose: bool = False
    """Whether the text is words, which may be broken into lines."""


class Row(NamedTuple):
    """A line of a table."""

    name: str
    cells: tuple[Cell, ...]
    colour: str = ""
    tag: str = ""
    first: bool = False
    """Whether the tag is about somebody who is ahead or elected."""
    kind: Literal["", "withdrawn", "inactive", "gone", "sum"] = ""
    party: str = ""


class FlowPart(NamedTuple):
    """One receiver of votes: where its part of a stacked bar begins and how long it is, in percent."""

    name: str
    share: str
    left: str
    width: str
    colour: str


class Flow(NamedTuple):
    """Where the votes go that move after one round."""

    round: str
    what: str
    parts: tuple[FlowPart, ...]
    """Candidates, most first, then the reasons for nobody."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its headings, the one of the names first; a column without a heading holds bars."""

    label: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    kind: Literal["bars", "grid", "answers"]
    """Bars and answers become cards on a phone; a grid scrolls beneath its names."""
    labelled: bool = False
    """Whether each cell of a card has its column's heading beside it."""


def round_as_bars(counted: Counted, table: RoundsTable, place: int) -> tuple[Table, Table | None]:
    """Return everybody in the round at `place` as bars, strongest first, then those who had left before.

    Where these are more than OUT_SHOWN, they have a table of their own.

    Where one is elected, a full bar is all continuing votes; where several are, it is the most that anybody has or what
    elects, since quotas are a small part of all votes.
    """
    round_, colours, scored = counted.rounds[place], colours_of(counted), bool(counted.rounds[place].scores)
    elects = table.thresholds[place]
    full = table.totals[place] if counted.contest.seats == 1 else table.scales[place]
    mark = bar_width(min(1000 * elects, 993 * full), 1000 * full) if elects else ""
    caption = f"{'Scores' if scored else 'Votes'} in round {round_.number}{_provisional(counted)}."
    if scored:
        caption += " More than 50% of the electoral college elects."
    elif elects:
        caption += f" {threshold_name(counted.contest)}: {brief(elects, counted.places)}."
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
            )
        )
    figures = ("Score",) if scored else ("Votes", "Share")
    left = [line for line in table.lines if not line.cells[place].in_count]
    many = len(left) > OUT_SHOWN
    if not many:
        rows += [_left(counted, line, place, len(figures) + (place > 0)) for line in left]
    shown = Table(
        label=f"Table of round {round_.number}",
        caption=f"{caption} The line in the bars marks it." if mark else caption,
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


def every_round(counted: Counted, table: RoundsTable) -> Table:
    """Return the table of all rounds: candidates, why votes rest, all ballots, what elects."""
    final, colours = counted.final, colours_of(counted)
    scored = bool(counted.rounds[-1].scores)
    per_seat = counted.contest.method == "sequential-irv"
    rows = []
    for line in table.lines:
        cells = []
        for cell in line.cells:
            word = outcome(cell.fate, final=final)
            amount = f"{number(cell.amount, table.places)}{'%' if scored else ''}"
            below = word if cell.decided else ""
            shown = Cell(amount, below, first=cell.fate == "elected") if cell.in_count else Cell(unseen=word)
            cells.append(shown)
        withdrawn = line.cells[0].fate == "withdrawn"
        rows.append(
            Row(
                line.name,
                tuple(cells),
                colours[line.candidate],
                tag="withdrawn" if withdrawn else "",
                kind="withdrawn" if withdrawn else "",
                party=counted.parties[line.candidate],
            )
        )
    for footer in table.footers:
        unit = "%" if scored and footer.kind == "threshold" else ""
        amounts = ("" if n is None else f"{number(n, footer.places)}{unit}" for n in footer.amounts)
        cells = [Cell(amount, unseen="none") for amount in amounts]
        rows.append(Row(footer.label, tuple(cells), kind="sum" if footer.kind == "sum" else "inactive"))
    what = f"{'scores' if scored else 'votes'} of each candidate"
    rest = f"non-transferable {'votes' if counted.places else 'ballots'}"
    return Table(
        label="All rounds",
        caption=f"Every round{_provisional(counted)}: {what}, and the {rest}, by the reason",
        columns=(
            "Candidate",
            *(f"Round {each.number}{f', seat {each.run}' if per_seat else ''}" for each in counted.rounds),
        ),
        rows=tuple(rows),
        kind="grid",
    )


def first_and_last(counted: Counted) -> Table:
    """Return everybody's first votes and last, and what became of them, as a declaration has it."""
    table = rounds_table(counted)
    unit = "" if table.shares else "%"
    rows = []
    for line in table.lines:
        counts = [cell for cell in line.cells if cell.in_count]
        first, last = (counts[0].amount, counts[-1].amount) if counts else (0, 0)
        fate = outcome(line.cells[-1].fate, final=counted.final) or "not elected"
        cells = (
            Cell(f"{number(first, table.places)}{unit}"),
            Cell(f"{number(last, table.places)}{unit}"),
            Cell(fate, strong=fate == "elected"),
        )
        rows.append(Row(line.name, cells))
    return Table(
        label="Table of the result",
        caption="Votes in the first round, and in the last one of each candidate",
        columns=("Candidate", "First", "Last", "Outcome"),
        rows=tuple(rows),
        kind="grid",
    )


def where_votes_went(counted: Counted) -> Table | None:
    """Return one table of all transfers: a line for each round's, a column for each receiver; None if no votes move."""
    moved = [found for round_ in counted.rounds if (found := transfers(counted, round_))]
    if not moved:
        return None
    names = {
        one.name: (one.candidate is None, one.candidate or "") for found in moved for one in found.receivers
    }
    order = [candidate.id for candidate in counted.contest.candidates]
    columns = sorted(
        names, key=lambda name: (names[name][0], order.index(names[name][1]) if names[name][1] else 0)
    )
    rows = []
    for found in moved:
        received = {one.name: one.votes for one in found.receivers}
        cells = [
            Cell(brief(received[name], counted.places), percent(received[name], found.votes))
            if name in received
            else Cell(unseen="none")
            for name in columns
        ]
        rows.append(
            Row(f"Round {found.round}: {found.what}", (Cell(brief(found.votes, counted.places)), *cells))
        )
    return Table(
        label="Table of all transfers",
        caption=f"Whose votes go to whom{_provisional(counted)}, and what part of them",
        columns=("Votes", "All", *columns),
        rows=tuple(rows),
        kind="grid",
    )


def flows(counted: Counted) -> Iterator[Flow]:
    """Yield one stacked bar for each round after which votes move: who receives them."""
    colours = colours_of(counted)
    for round_ in counted.rounds:
        found = transfers(counted, round_)
        if found is None:
            continue
        parts, at = [], 0
        for one in found.receivers:
            left, width = bar_width(at, found.votes), bar_width(one.votes, found.votes)
            colour = colours[one.candidate] if one.candidate else NOBODY
            parts.append(FlowPart(one.name, percent(one.votes, found.votes), left, width, colour))
            at += one.votes
        votes = f"{brief(found.votes, counted.places)} votes"
        yield Flow(f"Round {found.round}", f"{votes} {found.what}", tuple(parts))


def section_shares(counted: Counted, round_: Round) -> Iterator[Flow]:
    """Yield a bar for each section of an electoral college: its share, divided as its votes are."""
    colours, lines = colours_of(counted), section_lines(counted, round_)
    wholes = [
        sum((line.brings[place] for line in lines), Fraction()) for place in range(len(counted.sections))
    ]
    full = max(wholes)
    for place, (section, whole) in enumerate(zip(counted.sections.values(), wholes, strict=True)):
        parts, at = [], Fraction()
        for line in lines:
            brings = line.brings[place]
            left, width = (
                bar_width(part.numerator * full.denominator, part.denominator * full.numerator)
                for part in (at, brings)
            )
            parts.append(
                FlowPart(line.name, f"{points(brings)} points", left, width, colours[line.candidate])
            )
            at += brings
        votes = sum(line.votes[place] for line in lines)
        yield Flow(
            section, f"{brief(votes, counted.places)} votes bring {points(whole)} of 100 points", tuple(parts)
        )


def in_short(counted: Counted, what_if: WhatIf) -> str:
    """Return whose dropping out would change who is elected, in a few sentences: of the elected the last, of others the first."""
    names, elected = counted.names, set(counted.elected)
    if not elected:
        return ""
    instead: dict[tuple[str, ...], list[str]] = {}
    turning = []
    for drop in what_if.drop_outs:
        gained = tuple(one for one in drop.elected if one not in elected)
        if drop.candidate in elected:
            instead.setdefault(gained, []).append(names[drop.candidate])
        elif set(drop.elected) != elected:
            lost = [names[one] for one in counted.elected if one not in drop.elected]
            turning.append((drop.candidate, gained, lost))
    said = [
        f"If {_either(of)} dropped out, {_named(names, gained)} would be elected."
        for gained, of in list(instead.items())[-INSTEAD_NAMED:]
    ]
    said += [
        f"If {names[one]} dropped out, {_named(names, gained)} would be elected in place of {listed(lost)}."
        for one, gained, lost in turning[:INSTEAD_NAMED]
    ]
    more = len(turning) - INSTEAD_NAMED
    if more > 0:
        said.append(f"So it is with {plural(more, 'other', 'others')}.")
    elif not turning and len(what_if.drop_outs) > len(elected):
        said.append(
            f"Whoever else dropped out, {_named(names, counted.elected)} would still be elected."
            if len(elected) == 1
            else "Anybody who has no seat could drop out, and the same would be elected."
        )
    return " ".join(said)


def _either(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _named(names: Mapping[str, str], candidates: Sequence[str]) -> str:
    return listed([names[one] for one in candidates]) or "nobody"


def drop_outs(counted: Counted, what_if: WhatIf) -> Table:
    """Return who is elected if each candidate drops out, and where the votes go that the candidate holds at first."""
    names, colours = counted.names, colours_of(counted)
    rows = []
    for drop in what_if.drop_outs:
        went = sum(transfer.votes for transfer in drop.transfers)
        parts = sorted(drop.transfers, key=lambda transfer: (transfer.target is None, -transfer.votes))
        to = []
        for part in parts[:DROPPED_TO]:
            receiver = ENDING_IN_WORDS[part.ending].lower() if part.ending else names[part.target or ""]
            to.append(f"{percent(part.votes, went)} {receiver}")
        if rest := sum(part.votes for part in parts[DROPPED_TO:]):
            to.append(f"{percent(rest, went)} others")
        cells = (
            Cell(
                listed([names[one] for one in drop.elected]) or "nobody",
                strong=set(drop.elected) != set(counted.elected),
                prose=counted.contest.seats != 1,
            ),
            Cell(number(went)),
            Cell(", ".join(to) or "nobody", prose=True),
        )
        rows.append(Row(names[drop.candidate], cells, colours[drop.candidate]))
    return Table(
        label="Table of what if",
        caption="If a candidate dropped out before the count; in bold where somebody else is elected then",
        columns=("If this candidate drops out", "Elected", "Votes", "They go to"),
        rows=tuple(rows),
        kind="answers",
        labelled=True,
    )


class Against(NamedTuple):
    """A candidate in a final against another one."""

    name: str
    share: str
    """Of the ballots that prefer one of the two."""
    wins: bool


class Finalist(NamedTuple):
    """A candidate in every final."""

    name: str
    colour: str
    won: str
    """In how many of them the candidate wins, in words."""
    against: tuple[Against, ...]


def finalists(counted: Counted, what_if: WhatIf) -> tuple[Finalist, ...]:
    """Return every candidate in every final, who wins most first."""
    names, colours, held = counted.names, colours_of(counted), {}
    for final in what_if.finals:
        (first, second), (more, less) = final.candidates, final.votes
        held[first, second], held[second, first] = (more, more + less), (less, more + less)
    order = list(dict.fromkeys(candidate for pair in held for candidate in pair))
    wins = {one: sum(2 * held[pair][0] > held[pair][1] for pair in held if pair[0] == one) for one in order}
    order.sort(key=lambda one: -wins[one])
    return tuple(
        Finalist(
            name=names[one],
            colour=colours[one],
            won=f"wins {wins[one]} of {len(order) - 1}",
            against=tuple(
                Against(
                    names[other], percent(*held[one, other]), 2 * held[one, other][0] > held[one, other][1]
                )
                for other in order
                if other != one
            ),
        )
        for one in order
    )


def final_pairs(finals: Sequence[Finalist]) -> Table:
    """Return every pair as the last two: a line's share of the ballots that prefer one of both, in bold where it wins."""
    rows = []
    for place, one in enumerate(finals):
        cells = [Cell(against.share, strong=against.wins) for against in one.against]
        cells.insert(place, Cell(unseen="the same candidate"))
        rows.append(Row(one.name, tuple(cells), one.colour))
    return Table(
        label="Table of every final",
        caption="Of the ballots that prefer one of the two, the share that prefers the candidate of the line; bold wins",
        columns=("Against", *(one.name for one in finals)),
        rows=tuple(rows),
        kind="grid",
    )


def by_section(counted: Counted) -> Iterator[tuple[int, Table]]:
    """Yield each round's number and its table by section, newest round first.

    In an electoral college it has the points that a section's votes bring.
    """
    colours, places = colours_of(counted), counted.places
    for round_ in reversed(counted.rounds):
        rows = []
        for line in section_lines(counted, round_):
            brings = [f"{points(part)} points" for part in line.brings] or [""] * len(line.votes)
            cells = [Cell(number(n, places), below) for n, below in zip(line.votes, brings, strict=True)]
            total = number(round_.votes[line.candidate], places)
            if round_.scores:
                score = round_.scores[line.candidate].points
                cells.append(Cell(f"{score}%", f"{total} votes", strong=True))
            else:
                cells.append(Cell(total))
            rows.append(Row(line.name, tuple(cells), colours[line.candidate]))
        rest = [resting(counted, round_, section) for section in counted.sections]
        if any(rest):
            amounts = tuple(Cell(number(n, places)) for n in (*rest, sum(rest)))
            rows.append(Row(non_transferable(with_residue=bool(round_.residue)), amounts, kind="inactive"))
        caption = f"Votes in round {round_.number} by section{_provisional(counted)}"
        if round_.scores:
            caption += (
                ", and the points of 100 that they bring."
                " Before they are rounded, the points of a line add up to its score."
            )
        columns = ("Candidate", *counted.sections.values(), "Score" if round_.scores else "Together")
        label = f"Round {round_.number} by section"
        yield round_.number, Table(label, caption, columns, tuple(rows), "grid")


def account(standing: Standing) -> Table:
    """Return what became of every ballot that was recorded, and why: the lines add up to all."""
    balance = standing.balance
    told = [
        (CATEGORY[Reason(reason)], records, IN_WORDS[Reason(reason)])
        for reason, records in balance.reasons.items()
        if reason != Reason.ACCEPTED
    ]
    taken_out = balance.voided - sum(records for end, records, _ in told if end == Category.VOIDED)
    told += [(Category.VOIDED, taken_out, TAKEN_OUT)] if taken_out else []
    order = list(Category)
    lines = [
        (Category.ACCEPTED, balance.accepted, COUNTED),
        *sorted(told, key=lambda line: (order.index(line[0]), -line[1])),
    ]
    rows = [
        Row(end.capitalize(), (Cell(number(records)), Cell(_sentence(why), prose=True)))
        for end, records, why in lines
    ]
    rows.append(
        Row("All that were recorded", (Cell(number(balance.cast)), Cell(ADD_UP, prose=True)), kind="sum")
    )
    return Table(
        label="Table of all ballots",
        caption="What became of every ballot that was recorded, and why",
        columns=("What became of them", "Ballots", "Why"),
        rows=tuple(rows),
        kind="answers",
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def turnout(standing: Standing) -> Table:
    """Return accepted ballots against the roll, section by section."""
    rows = []
    for section, line in zip(standing.sections, standing.turnout, strict=True):
        share = percent(line.accepted, line.electors)
        bar = Bar(bar_width(line.accepted, line.electors), PLAIN)
        cells = (Cell(number(line.electors)), Cell(number(line.accepted)), Cell(share), Cell(bar=bar))
        rows.append(Row(section.name, cells))
    return Table(
        label="Table of turnout",
        caption="Accepted ballots against the roll",
        columns=("Section", "Electors", "Voted", "Turnout", ""),
        rows=tuple(rows),
        kind="bars",
    )


def colours_of(counted: Counted) -> dict[str, str]:
    """Return the colour of each candidate, by id: a class of the style sheet."""
    return {c.id: f"c{place % COLOURS}" for place, c in enumerate(counted.contest.candidates)}


def bar_width(part: int, most: int) -> str:
    """Return the length of a bar, of 100."""
    return number(10_000 * part // most, 2) if most else "0"


def _provisional(counted: Counted) -> str:
    return "" if counted.final else ", provisional"
