"""The election that the stages are measured with: two contests of five candidates, one section, as many electors as ballots."""

from collections.abc import Iterator
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.contract.codec import encode_pack
from shared.contract.codes import COMMITMENT_BYTES, SECRET_BYTES, commitments
from shared.contract.elections import Candidate, Contest, Election, Official, Section
from shared.contract.packs import ID_BYTES, MAX_PACK_BALLOTS, Pack
from shared.contract.rolls import Roll, RollHead
from tests.bench.ballots import Shape, marks, ranks
from tests.support.elections import LOG_ID, OFFICER_KEY, SALT, Life

SHAPE = Shape(weights=(9, 4, 3, 2, 1), lengths=(0.2, 0.2, 0.2, 0.2, 0.2))
"""Up to 325 rankings of five candidates, as in a party's leadership ballot."""
CONTESTS = ("leader", "deputy")
SEEDS = (1, 2)
"""One for each contest."""
SECRETS_SEED = 3


def bench_election(electors: int) -> Election:
    """Return the election."""
    standing = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(SHAPE.candidates))
    return Election(
        id="bench",
        title="Bench",
        epoch="test",
        sections=(Section(id="all", name="All", electors=electors),),
        contests=tuple(Contest(id=name, title=name, candidates=standing, lot="bench") for name in CONTESTS),
        officials=(Official(name="ada", key=OFFICER_KEY),),
        live_tallies=True,
        smallest_group=1,
    )


class Electorate(Life):
    """An election's life with an electorate of any size: electors cast one ballot each, in the order of the roll."""

    def __init__(self, electors: int, shards: int) -> None:
        super().__init__(bench_election(electors), shards)
        secrets = np.random.default_rng(SECRETS_SEED).bytes(SECRET_BYTES * electors)
        self._secrets = np.frombuffer(secrets, np.uint8).reshape(-1, SECRET_BYTES)

    def secret_of(self, elector: int) -> bytes:
        """The secret of an elector's code, the same in every run."""
        return bytes(self._secrets[elector])

    def whole_roll(self) -> Roll:
        """Everybody's commitments."""
        return self._roll

    @cached_property
    def _roll(self) -> Roll:
        number = self.definition.electors
        electors, sections = np.arange(number), np.zeros(number, np.uint16)
        found = commitments(LOG_ID, self.definition.id, electors, sections, self._secrets)
        head = RollHead(log=LOG_ID, election=self.definition.id, electors=number)
        return Roll(head=head, commitments=found.reshape(-1, COMMITMENT_BYTES))

    def beginnings(self) -> list[list[bytes]]:
        """The beginning of each shard's log after its founding: configured, its part of the roll, opened."""
        configured, opened = self.configured(), self.opened()
        return [[configured, *self.roll_records(shard), opened] for shard in range(self.shards)]

    def packs(self, size: int, ballots: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield shard and record of the first so many ballots, or of all, in packs of a size, as intake writes them."""
        assert size <= MAX_PACK_BALLOTS, f"a pack holds {MAX_PACK_BALLOTS} ballots"
        start = 0
        for columns in _drawn(self.definition.electors if ballots is None else ballots):
            upto = start + len(columns[0])
            for first in range(start, upto, self.shards * size):
                for shard in range(self.shards):
                    electors = np.arange(first + shard, min(first + self.shards * size, upto), self.shards)
                    if len(electors):
                        texts = [
                            " ".join([column[e - start] for e in electors.tolist()]) for column in columns
                        ]
                        yield int(electors[0]) % self.shards, encode_pack(self._pack(electors, tuple(texts)))
            start = upto

    def forms(self) -> Iterator[bytes]:
        """Yield every ballot as a client sends it."""
        elector = 0
        for columns in _drawn(self.definition.electors):
            for cast in zip(*columns, strict=True):
                rankings = {
                    name: [[f"c{c}"] for c in of.split(">")] for name, of in zip(CONTESTS, cast, strict=True)
                }
                form = {"ballot_id": f"{elector:032x}", "code": self.code(elector), "rankings": rankings}
                yield msgspec.json.encode(form)
                elector += 1

    def _pack(self, electors: NDArray[np.int64], texts: tuple[str, ...]) -> Pack:
        ids = np.zeros((len(electors), ID_BYTES // 8), ">u8")
        ids[:, -1] = electors
        return Pack(
            self.definition.id,
            ids.tobytes(),
            electors.astype("<u4").tobytes(),
            np.zeros(len(electors), "<u2").tobytes(),
            self._secrets[electors].tobytes(),
            SALT,
            texts,
        )


def _drawn(number: int) -> Iterator[list[list[str]]]:
    """Yield so many ballots' marks, chunk by chunk: a column for each contest."""
    drawn = [(marks(rows) for rows in ranks(SHAPE, number, seed)) for seed in SEEDS]
    for columns in zip(*drawn, strict=True):
        yield list(columns)
