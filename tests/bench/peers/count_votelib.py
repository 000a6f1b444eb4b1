"""votelib: a dictionary of rankings, a transferable vote selector."""

from collections import Counter
from typing import Any

import votelib.evaluate.sequential as votelib  # type: ignore[import-not-found]

from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[Any, Any, int]:
    """Return the rankings with their ballots and the evaluator: Droop quota, Gregory's transfers, its defaults."""
    return Counter(ballots), votelib.TransferableVoteSelector(quota_function="droop"), seats


def count(built: tuple[Any, Any, int]) -> list[int]:
    """Return the winners."""
    rankings, selector, seats = built
    return list(selector.evaluate(rankings, seats))


if __name__ == "__main__":
    serve(build, count)
