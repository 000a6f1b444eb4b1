"""The command line: `livecount` counts files, rehearses, runs services, gives orders, verifies and documents the log.

It decides nothing: it asks the counting library or a service, or starts one. An error is one line on standard error that
says what was expected, and exit code 2. A command imports what it needs when it runs, so that `--help` answers at once.
"""

import os
import sys

import typer

# The order of the rooms is the order of `--help`.
# isort: off
from services.cli.commands import counting
from services.cli.commands import tabulation
from services.cli.commands import rehearsal
from services.cli.commands import services
from services.cli.commands import definition
from services.cli.commands import rolls
from services.cli.commands import operator
from services.cli.commands import signing
from services.cli.commands import paper
from services.cli.commands import queries
from services.cli.commands import monitor
from services.cli.commands import verification
from services.cli.commands import feed
from services.cli.commands import proofs
from services.cli.commands import plan
from services.cli.commands import documents

# isort: on
from services.cli.app import app
from services.cli.errors import is_unanswered, one_line

__all__ = [
    "app",
    "main",
    "counting",
    "tabulation",
    "rehearsal",
    "services",
    "definition",
    "rolls",
    "operator",
    "signing",
    "paper",
    "queries",
    "monitor",
    "verification",
    "feed",
    "proofs",
    "plan",
    "documents",
]

INTERRUPTED = 130
RUNNING = ("up", "rehearse", *services.SERVICES)
"""The commands that run a deployment of their own, or a part of one; the others find the one that runs."""


def main() -> None:
    """Run the command line."""
    words = sys.argv[1:] or ["--help"]
    advice = "" if words[0] in RUNNING else find_deployment()
    try:
        sys.exit(app(words, standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read has gone; there is nobody to say it to
    except Exception as fault:
        sentence = one_line(fault)
        if sentence is None:
            raise
        sys.stderr.write(f"livecount: {sentence}{advice if is_unanswered(fault) else ''}\n")
        sys.exit(2)


def find_deployment() -> str:
    """Take what the environment does not say from the addresses of the deployment that runs in the data folder.

    Return what to add to an error if nothing answers.
    """
    from infra.local.folder import StaleAddressesError, data_folder, read_addresses

    folder = data_folder()
    try:
        found = read_addresses(folder)
    except StaleAddressesError as fault:
        return f" ({fault})"
    for name, value in found.items():
        os.environ.setdefault(name, value)
    return "" if found else f" (no deployment runs in {folder}: `livecount up` starts one)"
