"""How hard properties are tried on each mutant: a pytest plugin, `-p tests.mutation.quick`.

The examples are the same for every mutant, so that one that lives does not live by chance; a few are enough to tell a
wrong rule, and thousands of mutants must run.
"""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=8,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
