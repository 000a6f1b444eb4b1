"""Many seeds, in as many processes as there are cores."""

import gc
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.simulation.mutants import Mutant
from tests.simulation.run import Outcome, simulate

CHUNK: Final = 10
MUTANT_SEEDS: Final = 2_000


def outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    """Run seeds in so many processes; yield what they came to, in order."""
    if jobs == 1:
        yield from map(simulate, seeds)
        return
    with ProcessPoolExecutor(jobs, initializer=gc.freeze) as pool:
        yield from pool.map(simulate, seeds, chunksize=CHUNK)


def first_kill(mutant: Mutant, seeds: Iterable[int]) -> Outcome | None:
    """Return the first run that a mutant does not survive."""
    with mutant.applied():
        return next((outcome for outcome in map(simulate, seeds) if outcome.violation), None)


def replay_command(seed: int) -> str:
    """Return the one command that shows a seed again."""
    return f"make simulate SEED={seed}"
