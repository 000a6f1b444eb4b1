"""Private parts of uvicorn that this system goes around.

Each module names what it overrides; `READ_IN` is the versions in which those parts were read. With any other version the
module is not imported, and what it does is done without it (see `process/overload.py`). `tests/unit/runtime/
test_patches.py` fails as soon as the installed server's source is another one.
"""

from typing import Final

READ_IN: Final = "0.54."
"""The versions of uvicorn whose `HttpToolsProtocol` was read."""
