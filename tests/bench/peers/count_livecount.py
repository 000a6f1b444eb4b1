"""Livecount, by the same recipe: distinct rankings in columns, then the cold count from them."""

from collections import Counter

from services.counting.core.rankings import Rankings
from services.counting.core.tabulate import recount
from shared.contract.elections import Candidate, Contest
from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[Rankings, Contest]:
    """Return the rankings of a contest by instant run-off or, for several seats, Scottish STV."""
    contest = Contest(
        id="bench",
        title="Bench",
        method="irv" if seats == 1 else "scottish-stv",
        seats=seats,
        candidates=tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(candidates)),
        lot="1",
    )
    rankings = Rankings(candidates, 1, contest.rules)
    rankings.add((0, ">".join(map(str, ranking)), times) for ranking, times in Counter(ballots).items())
    return rankings, contest


def count(built: tuple[Rankings, Contest]) -> list[int]:
    """Return the winners."""
    return list(recount(*built).elected)


if __name__ == "__main__":
    serve(build, count)
