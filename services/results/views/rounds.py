"""All that a page shows of a count with rounds, put together. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from services.results.views.addresses import query_of
from services.results.views.college import section_shares
from services.results.views.grid import every_round
from services.results.views.hero import round_as_bars, title_of
from services.results.views.next import FirstOut, first_out_of
from services.results.views.sankey import Sankey, sankey
from services.results.views.seats import Seat, seats_of, seats_title
from services.results.views.sections import by_section
from services.results.views.table import Flow, Fold, Table, colours_of
from services.results.views.transfers import flows, where_votes_went
from services.results.views.whatif import WhatIfs
from shared.contract.standings import Round
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.tables import rounds_table, runs_of
from shared.rcv.narrate.words import plural

ROUNDS_SHOWN: Final = 24
"""The last rounds, which drawings and tables show: with all 98 of 100 candidates a page has 4 MB."""


@dataclass(frozen=True, slots=True)
class Story:
    """A round in words."""

    number: int
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """A link to a round of the page's contest."""

    number: int
    query: str
    current: bool
    seat: int
    """The seat that a first round of several run-offs is about; 0 elsewhere."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What a page shows of a count that has rounds."""

    seats_title: str
    seats: tuple[Seat, ...]
    """Empty where one is elected: the headline names that one."""
    shown_title: str
    shown: Table
    """The round that is shown large: the last one, or the one that was asked for."""
    out: Fold | None
    """Those who had left before it, where they are many."""
    steps: tuple[Step, ...]
    """A link to each round; empty where there is one round."""
    first_out: FirstOut | None
    """While ballots can come: who is eliminated first at present, and where those votes go."""
    sankey: Sankey | None
    flows: tuple[Flow, ...]
    story: tuple[Story, ...]
    """Newest first."""
    only_late: str
    """That drawings and tables show the last rounds only, if so."""
    every: Table
    transfers: Table | None
    what_if: WhatIfs | None
    shares: tuple[Flow, ...]
    """Electoral college: what each section's votes bring in the round shown; a full bar is the largest share."""
    sections: tuple[Fold, ...]
    """Newest first; empty where there is one section."""
    sections_first: bool
    """Whether sections make the result, as in an electoral college."""


def rounds_view(
    counted: Counted, asked_for: int | None, what_ifs: WhatIfs | None, as_of: int | None
) -> Rounds:
    """Return what a page shows of a count, with the round `asked_for` large; `as_of` is the sequence of a past standing."""
    table, contest, colours = rounds_table(counted), counted.contest, colours_of(counted)
    numbers = [each.number for each in counted.rounds]
    place = numbers.index(asked_for) if asked_for in numbers else len(numbers) - 1
    shown = counted.rounds[place]
    last, per_seat = counted.rounds[-1], contest.method == "sequential-irv"
    late = replace(counted, rounds=counted.rounds[-ROUNDS_SHOWN:])
    late_table = table if late.rounds == counted.rounds else rounds_table(late)
    links = {} if what_ifs is None else what_ifs.links
    shown_table, out = round_as_bars(counted, table, place, links)
    folds = (
        Fold(f"sections-{place}", f"Round {place}", by_section_)
        for place, by_section_ in by_section(
            replace(counted, rounds=(shown,)) if late_table is not table else counted
        )
    )
    return Rounds(
        seats_title=seats_title(counted),
        seats=tuple(seats_of(counted)) if contest.seats != 1 else (),
        shown_title=f"{title_of(counted, shown)} {shown.number}{f', for seat {shown.run}' if per_seat else ''}",
        shown=shown_table,
        out=Fold("out", f"{plural(len(out.rows), 'candidate is', 'candidates are')} out already", out)
        if out
        else None,
        steps=tuple(_steps(counted, shown, as_of)),
        first_out=first_out_of(counted),
        # An electoral college's votes weigh as their section does: lengths in votes would deceive.
        sankey=None if last.scores else sankey(late, late_table, colours),
        shares=tuple(section_shares(counted, shown)) if shown.scores else (),
        flows=tuple(flows(late)),
        story=tuple(_story(late)),
        only_late=f"Of {len(numbers)} rounds the last {ROUNDS_SHOWN} are shown here; each has its own page above, and the CSV has all."
        if late_table is not table
        else "",
        every=every_round(late, late_table),
        transfers=where_votes_went(late),
        what_if=what_ifs,
        sections=tuple(folds) if last.scores or len(counted.sections) > 1 else (),
        sections_first=bool(last.scores),
    )


def _steps(counted: Counted, shown: Round, as_of: int | None) -> Iterator[Step]:
    """Yield a link to each round, if there are several: the last one is the page itself."""
    if len(counted.rounds) == 1:
        return
    per_seat = counted.contest.method == "sequential-irv"
    firsts = {run[0].number for run in runs_of(counted.rounds)}
    for each in counted.rounds:
        yield Step(
            number=each.number,
            query=query_of(as_of, None if each is counted.rounds[-1] else each.number),
            current=each is shown,
            seat=each.run if per_seat and each.number in firsts else 0,
        )


def _story(counted: Counted) -> Iterator[Story]:
    """Yield every round in words, newest first."""
    per_seat = counted.contest.method == "sequential-irv"
    for round_ in reversed(counted.rounds):
        title = f"Round {round_.number}{f', seat {round_.run}' if per_seat else ''}"
        yield Story(round_.number, title, round_sentence(counted, round_))
