"""The voting codes that the log knows, by their commitments: so that a wrong code is refused before it costs a log write.

Validation decides; it writes what it applied to `rolls.committed`, which every intake process reads from its start. Until all
of a roll has been read no code can be refused, and none is: intake answers 503.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shared.contract.codes import COMMITMENT_BYTES
from shared.contract.events import RollKnown


class KnownRoll:
    """One election's commitments: 10 bytes an elector."""

    def __init__(self, shards: int) -> None:
        self.electors = 0
        """Electors whose commitments were read."""
        self._parts = [bytearray() for _ in range(shards)]
        self._sources: list[dict[int, int]] = [{} for _ in range(shards)]
        """For each shard, the offset of the control by place of the first elector: a later one outranks."""

    def add(self, known: RollKnown) -> None:
        """Add a chunk, or a new code of one elector."""
        part, sources = self._parts[known.shard], self._sources[known.shard]
        electors = len(known.commitments) // COMMITMENT_BYTES
        end = known.first + electors
        part.extend(bytes(max(0, COMMITMENT_BYTES * end - len(part))))
        later = {
            place: bytes(part[_of(place)])
            for place, source in sources.items()
            if known.first <= place < end and source > known.source
        }
        part[COMMITMENT_BYTES * known.first : COMMITMENT_BYTES * end] = known.commitments
        for place, code in later.items():
            part[_of(place)] = code
        if electors == 1:
            sources[known.first] = max(known.source, sources.get(known.first, -1))
        self.electors = sum(map(len, self._parts)) // COMMITMENT_BYTES

    def has(self, elector: int) -> bool:
        """Return whether an elector's commitment has been read: a record may come after one of electors behind it."""
        place, shard = divmod(elector, len(self._parts))
        return self._parts[shard][_of(place)] not in (b"", bytes(COMMITMENT_BYTES))

    def knows(self, elector: int, own: bytes) -> bool:
        """Return whether a code's commitment is that of an elector on the roll."""
        place, shard = divmod(elector, len(self._parts))
        return self._parts[shard][_of(place)] == own

    def know(self, electors: NDArray[np.int64], own: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return `knows` of each elector of the roll, with the code's commitment in the same row of `own`."""
        known = np.zeros(len(electors), np.bool_)
        places, shards = np.divmod(electors, len(self._parts))
        for shard, part in enumerate(self._parts):
            committed = np.frombuffer(part, np.uint8).reshape(-1, COMMITMENT_BYTES)
            rows = np.flatnonzero((shards == shard) & (places < len(committed)))
            known[rows] = (committed[places[rows]] == own[rows]).all(axis=1)
        return known


def _of(place: int) -> slice:
    return slice(COMMITMENT_BYTES * place, COMMITMENT_BYTES * (place + 1))


class KnownRolls:
    """The rolls of every election, as `rolls.committed` is read."""

    def __init__(self) -> None:
        self._rolls: dict[str, KnownRoll] = {}
        self.judged: dict[int, int] = {}
        """By shard, how many records of the log validation has seen at least."""

    @property
    def rolls(self) -> Mapping[str, KnownRoll]:
        """By election."""
        return self._rolls

    def add(self, known: RollKnown) -> None:
        """Add what validation applied."""
        self.judged[known.shard] = max(known.source + 1, self.judged.get(known.shard, 0))
        self._rolls.setdefault(known.election, KnownRoll(known.shards)).add(known)
