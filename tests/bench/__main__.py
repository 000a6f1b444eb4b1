"""Every benchmark but the counting core's, one after another, and one table of goals: `make bench`, `make bench-quick`.

Rule 1: each part is a process of its own with its own broker, and nothing else should run on the machine.
Rule 2: the table is made of what the parts wrote, and written into README.md beside this file with every goal that was missed;
        in the quick form each part shows its own and nothing is written.
Rule 3: what takes too long to be measured each time is shown as its own command last found it.
"""

import argparse
import subprocess
import sys
import time
from typing import Final

from rich.console import Console

from tests.bench.goals import goals, table
from tests.bench.report import read, write_goals

PARTS: Final = ("pipeline", "intake", "feed", "latency", "proofs", "steps")
BY_THEMSELVES: Final = ("growth", "rebalance", "memory", "soak")
PART_BOUND_S: Final = 900.0


def main() -> None:
    """Run the parts, then show every figure beside its goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="some minutes instead of thirty; writes no files"
    )
    quick = parser.parse_args().quick
    console, began = Console(), time.monotonic()
    for part in PARTS:
        console.rule(part)
        argv = [sys.executable, "-m", f"tests.bench.{part}", *(["--quick"] if quick else [])]
        subprocess.run(argv, check=True, timeout=PART_BOUND_S)
    if not quick:
        figures = [figure for part in PARTS for figure in read(part)]
        console.print(table(figures, "Everything beside its goal"))
        write_goals(goals(figures))
        figures = [figure for part in BY_THEMSELVES for figure in read(part)]
        commands = ", ".join(f"python -m tests.bench.{part}" for part in BY_THEMSELVES)
        console.print(table(figures, f"As last found by {commands}"))
    console.print(f"{(time.monotonic() - began) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
