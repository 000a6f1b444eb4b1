"""Every benchmark but the counting core's, one piece at a time, and one table of goals: `make bench`, `make bench PIECES="latency steps"`.

Rule 1: each piece is a process of its own with its own broker, and nothing else should run on the machine. None takes longer
        than PIECE_BOUND_S, so that pieces can be measured on different evenings of a machine that has other work too; those
        in LONGER_S have a bound of their own.
Rule 2: the table is made of what every piece found last, and written into README.md beside this file with every goal that was
        missed and the machine of each piece; in the quick form each piece shows its own and nothing is written.
Rule 3: what is in PIECES and not in FIRST is run when it is named.
"""

import argparse
import subprocess
import sys
import time
from typing import Final

from rich.console import Console

from tests.bench.goals import goals, table
from tests.bench.report import GOALS, machines, read, write_between

PARTS: Final = {
    part: ("pipeline", "--part", part) for part in ("packs-6", "packs-17", "packs-125", "quix", "scale")
}
"""Pieces that are a part of a module."""
FIRST: Final = (*PARTS, "proofs", "stages", "intake", "latency", "steps", "growth", "memory", "feed")
PIECES: Final = (*FIRST, "rebalance", "soak")
PIECE_BOUND_S: Final = 480.0
LONGER_S: Final = {"stages": 1_500.0, "soak": 2_700.0}
"""Four logs of a million ballots, each judged, counted and replayed; half an hour of casting."""


def main() -> None:
    """Run the pieces, then show every figure beside its goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("pieces", nargs="*", metavar="PIECE", help=f"of {', '.join(PIECES)}")
    parser.add_argument("--quick", action="store_true", help="shorter pieces; writes no files")
    parser.add_argument("--table", action="store_true", help="run nothing; make the table of what was found")
    given = parser.parse_args()
    if unknown := set(given.pieces) - set(PIECES):
        parser.error(f"no such piece: {', '.join(sorted(unknown))}; expected {', '.join(PIECES)}")
    console, began = Console(), time.monotonic()
    for piece in () if given.table else given.pieces or FIRST:
        console.rule(piece)
        module, *how = PARTS.get(piece, (piece,))
        argv = [sys.executable, "-m", f"tests.bench.{module}", *how, *(["--quick"] if given.quick else [])]
        subprocess.run(argv, check=True, timeout=LONGER_S.get(piece, PIECE_BOUND_S))
    if not given.quick:
        found = {piece: read(piece) for piece in PIECES}
        figures = [figure for of in found.values() for figure in of]
        console.print(table(figures, "Everything beside its goal, as last found"))
        write_between(GOALS, f"{goals(found)}\n{machines(piece for piece, of in found.items() if of)}")
    console.print(f"{(time.monotonic() - began) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
