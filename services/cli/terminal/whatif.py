"""What-ifs on a terminal: drop-outs, every possible final, what is safe, and what an audit has to confirm."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from shared.contract.elections import Contest
from shared.rcv.assertions import Assertions
from shared.rcv.narrate.assertions import assertions_document, margin_sentences
from shared.rcv.narrate.whatif import (
    close_sentences,
    condorcet_sentence,
    elected_in_words,
    goes_to,
    result_sentence,
    safe_sentences,
    safe_up_to_sentence,
)
from shared.rcv.narrate.words import listed, names_of, plural
from shared.rcv.scenarios import WhatIf


def whatif_screen(contest: Contest, answers: WhatIf) -> Iterator[RenderableType]:
    """Yield what to print, from top to bottom: the contest, its result, and the answers that were asked for."""
    yield Text(contest.title, style="bold")
    yield Text(result_sentence(contest, answers))
    yield from whatif_parts(contest, answers)


def whatif_parts(contest: Contest, answers: WhatIf) -> Iterator[RenderableType]:
    """Yield the answers that were asked for."""
    if answers.drops:
        yield Text("\nIf somebody drops out", style="bold underline")
        yield _drops(contest, answers)
    if answers.finals:
        yield Text("\nEvery possible final", style="bold underline")
        yield _finals(contest, answers)
        place = answers.condorcet
        yield Text(condorcet_sentence(contest, None if place is None else names_of(contest)[place]))
    if answers.safe is not None:
        outstanding = plural(answers.safe.outstanding, "ballot", "ballots")
        yield Text(f"\nWith {outstanding} outstanding", style="bold underline")
        yield from map(Text, safe_sentences(contest, answers.safe))
        yield Text(safe_up_to_sentence(contest, answers))
    if answers.changes_needed is not None:
        yield Text("\nHow close it is", style="bold underline")
        yield from map(Text, close_sentences(contest, answers))


def assertions_screen(contest: Contest, found: Assertions, risk: float) -> Iterator[RenderableType]:
    """Yield who is elected, and for each assertion its votes and how many ballots confirm it."""
    yield from map(Text, margin_sentences(contest, found))
    table = _table("To be confirmed", "for", "against", "margin", "compared", "looked at")
    for column in table.columns[1:]:
        column.justify = "right"
    (audited,) = assertions_document(contest, found, risk)["audits"]
    for of in audited["assertions"]:
        figures = (*of["votes"], of["margin"], of["comparison_sample"], of["polling_sample"])
        table.add_row(of["explanation"], *[f"{figure:,}" for figure in figures])
    if found.needed:
        yield table
        yield Text(
            f"Ballots that confirm it at a risk limit of {risk:.0%}: each compared with its record, if none differs; or looked at by "
            "themselves, on average.",
            style="dim",
        )


def _drops(contest: Contest, answers: WhatIf) -> Table:
    names = names_of(contest)
    table = _table("Without", "", "Their ballots go to")
    for drop in answers.drops:
        is_other = set(drop.elected) != set(answers.count.elected)
        result = f"{elected_in_words(contest, drop.elected)}{' instead' if is_other else ''}"
        table.add_row(
            listed([names[c] for c in drop.candidates]),
            Text(result, style="bold" if is_other else ""),
            goes_to(contest, drop),
        )
    return table


def _finals(contest: Contest, answers: WhatIf) -> Table:
    """Return the finals, those of whoever wins most of them first."""
    names = names_of(contest)
    wins = [sum(final.winner == c for final in answers.finals) for c in range(len(names))]
    ordered = sorted(
        (
            (winner, other, votes, final.neither)
            for final in answers.finals
            for winner, other, votes in [_by_votes(final.pair, final.votes)]
        ),
        key=lambda row: (-wins[row[0]], row[0], -wins[row[1]], row[1]),
    )
    table = _table("", "votes", "", "", "votes", "rank neither")
    for column in (1, 4, 5):
        table.columns[column].justify = "right"
    for winner, other, (more, fewer), neither in ordered:
        beats = "beats" if more > fewer else "is level with"
        table.add_row(names[winner], f"{more:,}", beats, names[other], f"{fewer:,}", f"{neither:,}")
    return table


def _by_votes(pair: tuple[int, int], votes: tuple[int, int]) -> tuple[int, int, tuple[int, int]]:
    if votes[0] >= votes[1]:
        return *pair, votes
    return pair[1], pair[0], (votes[1], votes[0])


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column)
    return table
