"""pref_voting: a profile of ranking dictionaries; instant run-off for truncated orders, Scottish STV."""

from collections import Counter
from typing import Any

from pref_voting.iterative_methods import instant_runoff_for_truncated_linear_orders  # type: ignore[import-not-found]
from pref_voting.profiles_with_ties import ProfileWithTies  # type: ignore[import-not-found]
from pref_voting.proportional_methods import stv_scottish  # type: ignore[import-not-found]

from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[Any, int]:
    """Return a profile of distinct rankings and their ballots."""
    rankings = Counter(ballots)
    orders = [{c: rank for rank, c in enumerate(ranking, 1)} for ranking in rankings]
    return ProfileWithTies(orders, list(rankings.values()), candidates=list(range(candidates))), seats


def count(built: tuple[Any, int]) -> list[int]:
    """Return the winners."""
    profile, seats = built
    if seats == 1:
        return list(instant_runoff_for_truncated_linear_orders(profile))
    return list(stv_scottish(profile, num_seats=seats))


if __name__ == "__main__":
    serve(build, count)
