"""Livecount: decoded ballots in columns, then the cold count from them."""

from shared.contract.elections import Candidate, Contest
from shared.rcv.count.decoded import DecodedBallots
from shared.rcv.count.tabulate import recount
from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[DecodedBallots, Contest]:
    """Return the distinct rankings and a contest by instant run-off or, for several seats, Scottish STV."""
    contest = Contest(
        id="bench",
        title="Bench",
        method="irv" if seats == 1 else "scottish-stv",
        seats=seats,
        candidates=tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(candidates)),
        lot="1",
    )
    return DecodedBallots(ballots, candidates), contest


def count(built: tuple[DecodedBallots, Contest]) -> list[int]:
    """Return the winners."""
    return list(recount(*built).elected)


if __name__ == "__main__":
    serve(build, count)
