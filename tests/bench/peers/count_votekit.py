"""VoteKit: a RankProfile of weighted ballots; its fast classes, in numpy."""

from collections import Counter
from typing import Any

from votekit.ballot import RankBallot  # type: ignore[import-not-found]
from votekit.elections.election_types.ranking.stv.stv import FastIRV, FastSTV  # type: ignore[import-not-found]
from votekit.pref_profile import RankProfile  # type: ignore[import-not-found]

from tests.bench.peers.turns import Ballots, serve


def build(ballots: Ballots, candidates: int, seats: int) -> tuple[Any, int]:
    """Return a profile of distinct rankings and their ballots."""
    names = [str(c) for c in range(candidates)]
    weighted = [
        RankBallot(ranking=[{names[c]} for c in ranking], weight=times)
        for ranking, times in Counter(ballots).items()
    ]
    return RankProfile(ballots=weighted, candidates=names), seats


def count(built: tuple[Any, int]) -> list[int]:
    """Return the winners."""
    profile, seats = built
    election = FastIRV(profile) if seats == 1 else FastSTV(profile, n_seats=seats)
    return [int(name) for level in election.get_elected() for name in level]


if __name__ == "__main__":
    serve(build, count)
