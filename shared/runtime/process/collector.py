"""Python's collector of cycles, for a process that handles many records and makes few cycles.

Out of the box it looks at young objects after 700 new ones, a fraction of a batch, and now and then at everything that
was ever imported: a tenth of validation's time.
"""

import gc
from typing import Final

COLLECT_AFTER: Final = 20_000
"""New objects, several batches of records."""


def calm_collector() -> None:
    """Let the collector come more seldom, and never look at what is loaded by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
