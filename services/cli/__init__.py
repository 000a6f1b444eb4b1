"""The front door: `livecount` counts files, rehearses, runs services, gives orders, verifies and documents the log.

Rule 1: it decides nothing; it asks the counting library or a service, or starts one.
Rule 2: an error is one line on standard error that says what was expected, and exit code 2.
Rule 3: a command imports what it needs when it is given, so that `--help` answers at once.
"""

import sys

import typer

# The order of the rooms is the order of `--help`.
# isort: off
from services.cli.commands import counting
from services.cli.commands import tabulation
from services.cli.commands import rehearsal
from services.cli.commands import services
from services.cli.commands import operator
from services.cli.commands import monitor
from services.cli.commands import verification
from services.cli.commands import plan
from services.cli.commands import documents

# isort: on
from services.cli.app import app
from services.cli.errors import one_line

__all__ = [
    "app",
    "main",
    "counting",
    "tabulation",
    "rehearsal",
    "services",
    "operator",
    "monitor",
    "verification",
    "plan",
    "documents",
]

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read has gone; there is nobody to tell
    except Exception as fault:
        sentence = one_line(fault)
        if sentence is None:
            raise
        sys.stderr.write(f"livecount: {sentence}\n")
        sys.exit(2)
