"""What if somebody drops out: who is elected then, and where the votes go. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.results.views.finals import Finalist, final_pairs, finalists
from services.results.views.safe import safe_in_words
from services.results.views.table import Cell, Row, Table, colours_of
from shared.contract.standings import Standing, WhatIf
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import number, percent
from shared.rcv.narrate.whatif import condorcet_sentence
from shared.rcv.narrate.words import ENDING_IN_WORDS, listed, plural

INSTEAD_NAMED: Final = 2
"""Candidates whose dropping out is said in short."""


DROPPED_TO: Final = 6
"""Receivers of votes that a what-if names."""


class Other(NamedTuple):
    """A second candidate who drops out."""

    name: str
    elected: str
    """Who is elected without both."""
    changes: bool
    """Whether others are elected than now."""


class OneOfTwo(NamedTuple):
    """A candidate who drops out together with another one: with each of the others."""

    name: str
    colour: str
    id: str
    in_short: str
    """The answer that is given most often, and how often."""
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class WhatIfs:
    """Questions to the ballots, and their answers."""

    safe: str
    """Whether the result is certain already, and why; empty once no ballot can come."""
    in_short: str
    """Whose dropping out would change who is elected."""
    drop_outs: Table
    of_two: tuple[OneOfTwo, ...]
    """Every two dropped out together, by each of them; none where the standing does not say it."""
    finals: Table
    finalists: tuple[Finalist, ...]
    """The same for a phone, where a table of many columns is not read."""
    condorcet: str
    links: Mapping[str, str]
    """The id of each candidate's line among the drop-outs."""


def what_ifs(standing: Standing, counted: Counted) -> WhatIfs | None:
    """Return the answers that a standing carries; None if it carries none."""
    found = standing.what_if
    if found is None or not found.finals:
        return None
    winner = None if found.condorcet is None else counted.names[found.condorcet]
    condorcet = condorcet_sentence(standing.contest, winner)
    finals = finalists(counted, found)
    return WhatIfs(
        safe=safe_in_words(standing, counted),
        in_short=in_short(counted, found),
        drop_outs=drop_outs(counted, found),
        of_two=of_two(counted, found),
        finals=final_pairs(finals),
        finalists=finals,
        condorcet=condorcet,
        links={drop.candidate: row_id(drop.candidate) for drop in found.drop_outs},
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


def of_two(counted: Counted, what_if: WhatIf) -> tuple[OneOfTwo, ...]:
    """Return who is elected if each candidate and another one drop out, as the drop-outs are listed."""
    names, colours, now = counted.names, colours_of(counted), set(counted.elected)
    without: dict[str, list[Other]] = {}
    for both in what_if.two_drop_outs:
        elected, changes = _named(names, both.elected), set(both.elected) != now
        for one, other in (both.candidates, both.candidates[::-1]):
            without.setdefault(one, []).append(Other(names[other], elected, changes))
    return tuple(
        OneOfTwo(names[one], colours[one], f"two-{one}", _most_often(others), tuple(others))
        for one, others in without.items()
    )


def _most_often(others: Sequence[Other]) -> str:
    """Return which answer is given most often, and how often: "Banana in 3 of 4"."""
    ((elected, times),) = Counter(other.elected for other in others).most_common(1)
    return f"{elected} in {times} of {len(others)}"


def row_id(candidate: str) -> str:
    """Return by which id a page has the answer about a candidate."""
    return f"if-{candidate}"


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
        rows.append(Row(names[drop.candidate], cells, colours[drop.candidate], id=row_id(drop.candidate)))
    return Table(
        label="Table of what if",
        caption="If a candidate dropped out before the count; in bold where somebody else is elected then",
        columns=("If this candidate drops out", "Elected", "Votes", "They go to"),
        rows=tuple(rows),
        kind="answers",
        labelled=True,
    )
