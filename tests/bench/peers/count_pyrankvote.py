"""pyrankvote: a list of ballots, one object each; equal ones may share theirs."""

from collections import Counter
from typing import Any

import pyrankvote  # type: ignore[import-not-found]

from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[list[Any], list[Any], int]:
    """Return candidates and ballots: one object for each distinct ranking, for the library knows no weights."""
    names = [pyrankvote.Candidate(str(c)) for c in range(candidates)]
    objects = {ranking: pyrankvote.Ballot([names[c] for c in ranking]) for ranking in Counter(ballots)}
    return names, [objects[ranking] for ranking in ballots], seats


def count(built: tuple[list[Any], list[Any], int]) -> list[int]:
    """Return the winners."""
    names, ballots, seats = built
    if seats == 1:
        result = pyrankvote.instant_runoff_voting(names, ballots)
    else:
        result = pyrankvote.single_transferable_vote(names, ballots, seats)
    return [int(winner.name) for winner in result.get_winners()]


if __name__ == "__main__":
    serve(build, count)
