"""The front door: `livecount` counts files, starts services, gives an operator's orders, and documents the log.

Rule 1: it decides nothing; it asks the counting library or a service, or starts one.
Rule 2: an error is one line on standard error that says what was expected, and exit code 2.
Rule 3: a command imports what it needs when it is given, so that `--help` answers at once.
"""

import sys

# The order of the rooms is the order of `--help`.
# isort: off
from services.cli import services
from services.cli import operator
from services.cli import documents

# isort: on
from services.cli.app import app
from services.cli.errors import one_line

__all__ = ["app", "main", "services", "operator", "documents"]


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Exception as fault:
        sentence = one_line(fault)
        if sentence is None:
            raise
        sys.stderr.write(f"livecount: {sentence}\n")
        sys.exit(2)
