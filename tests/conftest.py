"""What all tests share: the servers, started only for those that ask, and how hard properties are tried."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.servers"]

settings.register_profile(
    "livecount", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("hard", parent=settings.get_profile("livecount"), max_examples=5_000)
settings.load_profile(os.environ.get("LIVECOUNT_HYPOTHESIS", "livecount"))
