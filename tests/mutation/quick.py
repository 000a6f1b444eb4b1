"""How hard and how long tests are tried on each mutant: a pytest plugin, `-p tests.mutation.quick`.

The examples are the same for every mutant, so that one that lives does not live by chance; a few are enough to find a
wrong rule, and thousands of mutants must run. A mutant that never ends is stopped soon: the system's SIGXCPU ends it.
"""

import resource
from collections.abc import Generator
from math import ceil
from time import process_time
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

TEST_SECONDS: Final = 10
"""Of processor time, for one test; the slowest takes three."""

settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=8,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Bound the time of one test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = ceil(process_time()) + TEST_SECONDS
    resource.setrlimit(
        resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )
    try:
        return (yield)
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
