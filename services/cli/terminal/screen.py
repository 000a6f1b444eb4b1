"""A whole count on a terminal: what was counted, the rounds, a sentence for each, who is elected.

Rule 1: rounds stand side by side if they all fit, or if `LEAST_SIDE_BY_SIDE` of them do; else one follows another.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.terminal.bars import Glyphs
from services.cli.terminal.cards import cards
from services.cli.terminal.look import Look
from services.cli.terminal.table import blocks, fits
from shared.contract.elections import Contest, Method
from shared.contract.standings import Ending
from shared.rcv.count.rounds import Count, Round
from shared.rcv.narrate.grid import Measure, runs_of, scores_of, section_votes_of, votes_of
from shared.rcv.narrate.numbers import SHOWN_PLACES
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.voice import Voice, voice_of
from shared.rcv.narrate.words import METHOD_IN_WORDS, counted, names_of

LEAST_SIDE_BY_SIDE: Final = 4
THRESHOLD_NAMES: Final[dict[Method, str]] = {
    "irv": "Majority",
    "sequential-irv": "Majority",
    "supplementary": "Majority",
    "bottoms-up": "Share asked for",
    "electoral-college": "Half",
}


def screen(
    contest: Contest, count: Count, sections: Sequence[str], width: int, glyphs: Glyphs
) -> Iterator[RenderableType]:
    """Yield what to print, from top to bottom; `sections` are the sections' names."""
    look = Look(names_of(contest), glyphs, THRESHOLD_NAMES.get(contest.method, "Quota"))
    measure = _measure(contest, count)
    yield from _heading(contest, count)
    for run, rounds in enumerate(runs_of(count.rounds), 1):
        if contest.method == "sequential-irv":
            yield Text(f"Seat {run} of {contest.seats}\n", style="bold underline")
        yield from _rounds(rounds, measure, look, voice_of(contest, count), width)
    if contest.method == "electoral-college":
        yield from _sections(count, sections, look, width)
    yield from _result(contest, count)


def _measure(contest: Contest, count: Count) -> Measure:
    if contest.method == "electoral-college":
        return scores_of()
    return votes_of(count.places, shares=not count.places)


def _heading(contest: Contest, count: Count) -> Iterator[Text]:
    first = count.rounds[0]
    blank = first.inactive[Ending.BLANK] // 10**count.places
    papers = sum(first.ballots_by_section) // 10**count.places
    facts = [
        METHOD_IN_WORDS[contest.method],
        counted(contest.seats, "seat", "seats"),
        counted(len(contest.candidates), "candidate", "candidates"),
        counted(papers, "ballot", "ballots"),
        *([f"{blank:,} of them blank"] if blank else []),
    ]
    yield Text(contest.title, style="bold")
    yield Text(", ".join(facts), style="dim")
    out = [candidate.name for candidate in contest.candidates if candidate.excluded]
    if out:
        yield Text(f"Out before the count: {', '.join(out)}", style="dim")
    yield Text("")


def _rounds(
    rounds: Sequence[Round], measure: Measure, look: Look, voice: Voice, width: int
) -> Iterator[RenderableType]:
    per_block = fits(rounds, measure, look, width)
    if per_block < min(len(rounds), LEAST_SIDE_BY_SIDE):
        yield from cards(rounds, measure, look, voice, width)
        return
    for table in blocks(rounds, measure, look, width):
        yield table
        yield Text("")
    yield _told(rounds, voice)
    yield Text("")


def _told(rounds: Sequence[Round], voice: Voice) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for round_ in rounds:
        table.add_row(f"Round {round_.number}", Text(round_sentence(round_, voice)))
    return table


def _sections(count: Count, sections: Sequence[str], look: Look, width: int) -> Iterator[RenderableType]:
    bare = Look(look.names, look.glyphs, "")
    for place, section in enumerate(sections):
        measure = section_votes_of(place, count.places)
        yield Text(f"Votes: {section}", style="bold underline")
        for table in blocks(count.rounds, measure, bare, width):
            yield table
            yield Text("")


def _result(contest: Contest, count: Count) -> Iterator[Text]:
    names = names_of(contest)
    if not count.elected:
        yield Text("Nobody is elected.", style="bold")
    for round_ in count.rounds:
        for c in round_.elected:
            line = Text(f"Elected in round {round_.number}: ", style="green")
            line.append(names[c], style="bold green")
            yield line
    if count.places > SHOWN_PLACES:
        yield Text(
            f"Shown to {SHOWN_PLACES} of {count.places} decimal places; --json has them all.", style="dim"
        )
