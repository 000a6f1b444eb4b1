"""Synthetic ballots of a known shape: Plackett-Luce rankings, drawn from a seed.

Rule 1: the same shape and seed give the same ballots, on every machine.
Rule 2: an elector's next choice is drawn among whom the elector has not ranked, by the candidates' weights: the smallest of
        exponential clocks, one for each candidate, rings first (Plackett 1975, Luce 1959).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ranking = tuple[int, ...]

CHUNK = 100_000
"""Ballots drawn at once, so that ten millions fit in memory."""


@dataclass(frozen=True)
class Shape:
    """What electors are like."""

    weights: tuple[float, ...]
    """By candidate: how well liked."""
    lengths: tuple[float, ...]
    """How likely a ballot has one rank, two, and so on."""
    herd: float = 1.0
    """Electors differ in how far they follow the crowd: each raises the weights to a power between this and 1."""

    @property
    def candidates(self) -> int:
        """How many stand."""
        return len(self.weights)


MAYOR = Shape(
    weights=tuple(0.5**c if c < 9 else 0.001 * 0.92 ** (c - 9) for c in range(35)),
    lengths=(0.2, 0.15, 0.65),
    herd=0.32,
)
"""Like Minneapolis 2013: three ranks, nine names people know and a long tail, some 6,500 rankings in 80,000 ballots."""
COUNCIL = Shape(weights=tuple((c + 1.5) ** -0.65 for c in range(20)), lengths=(0.15, 0.2, 0.25, 0.4))
"""Four ranks, no great favourite; some 100,000 different rankings among a million ballots."""
WIDE = Shape(
    weights=tuple((c + 1) ** -0.7 for c in range(20)),
    lengths=(0.15, 0.25, 0.2, 0.15, 0.1, 0.07, 0.04, 0.02, 0.01, 0.01),
)
"""Ten ranks; some 300,000 different rankings among a million ballots."""
EIGHT = Shape(weights=WIDE.weights[:8], lengths=(*WIDE.lengths[:7], 0.04))
"""The first eight of them: so few that every two can drop out."""


def ballots(shape: Shape, number: int, seed: int) -> list[Ranking]:
    """Return so many ballots, each its candidates by index, best first."""
    return [tuple(c for c in row if c >= 0) for rows in ranks(shape, number, seed) for row in rows.tolist()]


def profile(shape: Shape, number: int, seed: int) -> Counter[str]:
    """Return how many of so many ballots carry which marks, as `shared.contract.ballots` spells them."""
    counts: Counter[str] = Counter()
    for rows in ranks(shape, number, seed):
        distinct, times = np.unique(rows, axis=0, return_counts=True)
        counts.update(dict(zip(marks(distinct), times.tolist(), strict=True)))
    return counts


def marks(rows: NDArray[np.int8]) -> list[str]:
    """Return the spelling of each row of ranks."""
    return [">".join(str(c) for c in row if c >= 0) for row in rows.tolist()]


def ranks(shape: Shape, number: int, seed: int) -> Iterator[NDArray[np.int8]]:
    """Yield the ballots in chunks: (ballots, ranks), candidates by index, -1 where nobody is ranked."""
    chance = np.random.default_rng(seed)
    weights = np.array(shape.weights)
    longest = len(shape.lengths)
    for start in range(0, number, CHUNK):
        electors = min(CHUNK, number - start)
        likes = weights ** chance.uniform(shape.herd, 1, (electors, 1)) if shape.herd < 1 else weights
        rings = chance.standard_exponential((electors, shape.candidates)) / likes
        order = np.argsort(rings, axis=1)[:, :longest].astype(np.int8)
        lengths = chance.choice(np.arange(1, longest + 1), size=len(order), p=shape.lengths)
        order[np.arange(longest) >= lengths[:, None]] = -1
        yield order
