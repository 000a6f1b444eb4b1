"""What the simulation is worth: it notices each of these changes to the harness."""

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.sweep import MUTANT_SEEDS, first_kill

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_mutant_is_killed(mutant: Mutant) -> None:
    """Within so many seeds an invariant does not hold."""
    assert first_kill(mutant, range(MUTANT_SEEDS)) is not None
