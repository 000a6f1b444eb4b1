"""The election that the stages are measured with: two contests of five candidates, one section, as many electors as ballots."""

from collections.abc import Iterator

import msgspec

from shared.contract.codes import issue_code
from shared.contract.elections import Candidate, Contest, Election, Section
from shared.contract.ids import shard_of
from tests.bench.ballots import Shape, marks, ranks
from tests.support.elections import Life

SHAPE = Shape(weights=(9, 4, 3, 2, 1), lengths=(0.2, 0.2, 0.2, 0.2, 0.2))
"""Up to 325 rankings of five candidates, as in a party's leadership ballot."""
CONTESTS = ("leader", "deputy")
SEEDS = (1, 2)
"""One for each contest."""


def bench_election(electors: int) -> Election:
    """Return the election."""
    standing = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(SHAPE.candidates))
    return Election(
        id="bench",
        title="Bench",
        epoch="test",
        sections=(Section(id="all", name="All", electors=electors),),
        contests=tuple(Contest(id=name, title=name, candidates=standing, lot="bench") for name in CONTESTS),
    )


def records(life: Life, number: int, shards: int) -> Iterator[tuple[int, bytes]]:
    """Yield shard and record of each ballot, as intake writes them."""
    for elector, papers in enumerate(_papers(number)):
        yield shard_of(elector, shards), life.ballot(elector, *papers)


def forms(life: Life, number: int) -> Iterator[bytes]:
    """Yield each ballot as a client sends it."""
    for elector, papers in enumerate(_papers(number)):
        rankings = {
            name: [[f"c{c}"] for c in paper.split(">")] for name, paper in zip(CONTESTS, papers, strict=True)
        }
        code = issue_code(life.key, elector, 0)
        yield msgspec.json.encode({"ballot_id": f"{elector:032x}", "code": code, "rankings": rankings})


def _papers(number: int) -> Iterator[tuple[str, ...]]:
    drawn = [(paper for rows in ranks(SHAPE, number, seed) for paper in marks(rows)) for seed in SEEDS]
    return zip(*drawn, strict=True)
