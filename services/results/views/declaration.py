"""The declaration of a result, to be printed and signed. Pure."""

from dataclasses import dataclass

from services.results.views.budget import declared
from services.results.views.contest import contest_page
from services.results.views.names import counted_for_pages
from services.results.views.table import Cell, Row, Table
from shared.contract.standings import Standing
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import brief, number, percent, shown_amount
from shared.rcv.narrate.tables import rounds_table
from shared.rcv.narrate.words import outcome, threshold_name


@dataclass(frozen=True, slots=True)
class Declaration:
    """A result on one page, to be printed and signed; of a result that is not final, why there is none."""

    path: str
    title: str
    election_title: str
    test: bool
    final: bool
    status_in_words: str
    headline: str
    how: str
    facts: tuple[tuple[str, str], ...]
    """Names and figures."""
    result: Table | None
    signatures: tuple[str, ...]


def declaration(standing: Standing, as_of_ms: int) -> Declaration:
    """Return the declaration of a contest's result."""
    page, counted, contest = contest_page(standing, as_of_ms), counted_for_pages(standing), standing.contest
    electors = sum(line.electors for line in standing.turnout)
    threshold, spending = counted.rounds[-1].threshold if counted.rounds else None, standing.spending
    result = None
    if counted.final and (counted.rounds or spending):
        result = first_and_last(counted) if spending is None else declared(counted, spending)
    facts = [
        ("Counted by", page.how),
        ("Electors", number(electors)),
        (
            "Ballots counted",
            f"{number(standing.balance.accepted)} ({percent(standing.balance.accepted, electors)})",
        ),
        ("All ballots recorded", page.balance),
        *([(threshold_name(contest), brief(threshold, standing.places))] if threshold else []),
        *([("Not spent", shown_amount(contest, spending.unspent))] if spending else []),
        ("As of", page.as_of),
        ("Result", standing.result_hash),
        ("Definition", standing.config_hash),
        ("Certificate", standing.certificate or "none yet"),
    ]
    return Declaration(
        path=page.path,
        title=page.title,
        election_title=page.election_title,
        test=page.test,
        final=result is not None,
        status_in_words=page.status_in_words,
        headline=page.headline,
        how=page.how,
        facts=tuple(facts),
        result=result,
        signatures=("Returning officer", "Witness", "Place and date"),
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
