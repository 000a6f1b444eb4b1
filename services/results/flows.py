"""Where votes go, in words: "10 (66.7%) go to Cherry and 5 (33.3%) are non-transferable". Pure.

Rule 1: the first `NAMED_AT_MOST` receivers are named, the others counted.
Rule 2: what fixed places lose is in the tables, not here.
"""

from collections import Counter
from collections.abc import Container, Iterator
from typing import Final

from services.results.numbers import brief, percent
from services.results.words import listed, names_of
from shared.contract.standings import Round, Standing

NAMED_AT_MOST: Final = 4


def went(standing: Standing, round_: Round, sources: Container[str]) -> str:
    """Return where the votes that leave `sources` in a round go; nothing if none do, or all are lost to rounding."""
    received: Counter[str | None] = Counter()
    for transfer in round_.transfers:
        if transfer.source in sources and transfer.ending != "residue":
            received[transfer.target] += transfer.votes
    return listed(list(_parts(standing, received)))


def _parts(standing: Standing, received: Counter[str | None]) -> Iterator[str]:
    whole, stopped = received.total(), received.pop(None, 0)
    for place, (who, votes) in enumerate(_receivers(standing, received)):
        go = "" if place else f"{_verb(votes, standing, 'goes', 'go')} "
        yield f"{_amount(votes, whole, standing)} {go}to {who}"
    if stopped:
        are = _verb(stopped, standing, "is", "are")
        yield f"{_amount(stopped, whole, standing)} {are} non-transferable"


def _receivers(standing: Standing, received: Counter[str | None]) -> Iterator[tuple[str, int]]:
    names = names_of(standing.contest)
    to = [(names[name], votes) for name, votes in received.most_common() if name is not None]
    named = NAMED_AT_MOST if len(to) > NAMED_AT_MOST + 1 else len(to)
    yield from to[:named]
    if others := to[named:]:
        yield f"{len(others)} others", sum(votes for _, votes in others)


def _amount(votes: int, whole: int, standing: Standing) -> str:
    """Return votes and their share; where votes are divided the share alone, for the tables have the decimals."""
    share = percent(votes, whole)
    return share if standing.places else f"{brief(votes)} ({share})"


def _verb(votes: int, standing: Standing, one: str, many: str) -> str:
    return one if votes == 1 and not standing.places else many
