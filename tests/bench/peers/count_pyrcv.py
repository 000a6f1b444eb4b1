"""pyrcv: numpy over distinct rankings, candidates from 1."""

from collections import Counter
from typing import Any

import pyrcv  # type: ignore[import-not-found]

from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> Any:
    """Return a race of distinct rankings and their ballots."""
    rankings = Counter(ballots)
    names = [str(c) for c in range(candidates)]
    return pyrcv.RaceData(
        pyrcv.RaceMetadata("race", seats, names),
        [[c + 1 for c in ranking] for ranking in rankings],
        list(rankings.values()),
    )


def count(built: Any) -> list[int]:
    """Return the winners."""
    return [c - 1 for round_ in pyrcv.run_rcv(built).rounds for c in round_.elected]


if __name__ == "__main__":
    serve(build, count)
