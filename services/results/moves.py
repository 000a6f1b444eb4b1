"""The tables of where votes went after a round, before they are laid out. Pure.

Rule 1: one table a round; where several candidates' votes move at once, it has a column for each of them.
Rule 2: it adds up: what a reason stopped and what fixed places lost are lines of it.
"""

from collections import Counter
from typing import NamedTuple

from services.results.numbers import percent, width
from services.results.words import ENDING_IN_WORDS, is_final, listed, names_of
from shared.contract.standings import Round, Standing


class Move(NamedTuple):
    """What one receiver gets: a candidate, or a reason to stand with nobody, whose `id` is empty."""

    id: str
    name: str
    votes: int
    share: str
    width: str
    by_source: tuple[int, ...]


class Moves(NamedTuple):
    """The table after one round."""

    round: int
    votes: int
    what: str
    sources: tuple[str, ...]
    moves: tuple[Move, ...]


def tables(standing: Standing) -> list[Moves]:
    """Return the table of each round after which votes move."""
    return [_table(standing, round_) for round_ in standing.rounds if round_.transfers]


def _table(standing: Standing, round_: Round) -> Moves:
    names = names_of(standing.contest)
    sources = tuple(dict.fromkeys(transfer.source for transfer in round_.transfers))
    received: dict[tuple[str, str], Counter[str]] = {}
    for t in round_.transfers:
        key = (t.target or "", names[t.target] if t.target else ENDING_IN_WORDS[t.ending or ""])
        received.setdefault(key, Counter())[t.source] += t.votes
    whole, most = sum(t.votes for t in round_.transfers), max(c.total() for c in received.values())
    moves = [
        Move(
            *to, votes := by.total(), percent(votes, whole), width(votes, most), tuple(by[s] for s in sources)
        )
        for to, by in received.items()
    ]
    moves.sort(key=lambda move: (not move.id, -move.votes))
    return Moves(
        round_.number, whole, _what(standing, round_, sources), tuple(names[s] for s in sources), tuple(moves)
    )


def _what(standing: Standing, round_: Round, sources: tuple[str, ...]) -> str:
    """Return whose votes move: "of Adam, eliminated", "of the surplus of Beth"."""
    names, fallen = (
        names_of(standing.contest),
        {d.candidate for d in round_.decisions if d.outcome == "eliminated"},
    )
    gone = [names[source] for source in sources if source in fallen]
    over = [names[source] for source in sources if source not in fallen]
    eliminated = ", eliminated" if is_final(standing) else ", last at present"
    return listed(
        [
            *([f"of the {'surplus' if len(over) == 1 else 'surpluses'} of {listed(over)}"] if over else []),
            *([f"of {listed(gone)}{eliminated}"] if gone else []),
        ]
    )
