"""Livecount: ballots as lists, laid into columns, then the cold count from them."""

from shared.contract.elections import Candidate, Contest
from shared.rcv.count.plain_profile import PlainProfile
from shared.rcv.count.tabulate import tabulate
from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[PlainProfile, Contest]:
    """Return the distinct rankings and a contest by instant run-off or, for several seats, Scottish STV."""
    contest = Contest(
        id="bench",
        title="Bench",
        method="irv" if seats == 1 else "scottish-stv",
        seats=seats,
        candidates=tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(candidates)),
        lot="1",
    )
    return PlainProfile(ballots, contest), contest


def count(built: tuple[PlainProfile, Contest]) -> list[int]:
    """Return the winners."""
    return list(tabulate(*built).elected)


if __name__ == "__main__":
    serve(build, count)
