"""How a benchmark of services begins and ends: what it is asked, what it measured on, what it leaves.

Rule 1: in the quick form nothing is written.
"""

import argparse
import json
import logging
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.bench.goals import Figure
from tests.bench.machine import machine
from tests.bench.race import PEERS_PYTHON

RESULTS: Final = Path(__file__).parent / "results"
GOALS: Final = ("<!-- goals: written by make bench -->", "<!-- end of goals -->")
PLAN: Final = ("<!-- plan: written by make bench-stages -->", "<!-- end of plan -->")
_HERE: Final = Path(__file__).parent
_PROJECT: Final = _HERE.parents[1]


@cache
def _machine_before() -> str:
    """Return what is measured on, with the load before the measurement made one of its own."""
    return machine()


def arguments(name: str, doc: str, quick: str) -> argparse.ArgumentParser:
    """Return the parser of `python -m tests.bench.NAME`; `quick` says what its quick form leaves out."""
    module = f"python -m tests.bench.{name}"
    about = doc.partition("\n")[0]
    parser = argparse.ArgumentParser(prog=module, description=about, epilog=f"Example: {module} --quick")
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser


def begin() -> Console:
    """Return a console that has shown what is measured on. The client's words on new topics are left out."""
    console = Console()
    console.print(_machine_before())
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a new topic's leader takes a moment
    return console


def write(name: str, figures: Sequence[Figure], plot: str | None = None, **more: object) -> None:
    """Write results/NAME.json, and results/PLOT.png by plots.py, with an interpreter that has matplotlib."""
    said = {"machine": _machine_before(), "figures": [figure.as_data() for figure in figures], **more}
    target = RESULTS / f"{name}.json"
    target.write_text(json.dumps(said, indent=1) + "\n")
    if plot is not None:
        argv = [_PROJECT / PEERS_PYTHON, _HERE / "plots.py", plot, target, RESULTS / f"{plot}.png"]
        subprocess.run([str(part) for part in argv], check=True)


def write_between(marks: tuple[str, str], text: str) -> None:
    """Write a text into README.md between two marks. Raises ValueError if they are not there."""
    target = _HERE / "README.md"
    before, begin, rest = target.read_text().partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"{target}: expected {' and '.join(marks)}")
    target.write_text(f"{before}{begin}\n{text}{end}{after}")


def read(name: str) -> list[Figure]:
    """Return the figures that a benchmark wrote; none if it has not been run."""
    found = RESULTS / f"{name}.json"
    if not found.is_file():
        return []
    figures = json.loads(found.read_text())["figures"]
    return [Figure(**{key: value for key, value in of.items() if key != "reached"}) for of in figures]


def machines(names: Iterable[str]) -> str:
    """Return a line of Markdown for each machine, and each load, that benchmarks were last run with."""
    found = {name: json.loads((RESULTS / f"{name}.json").read_text())["machine"] for name in names}
    return "".join(f"* `{name}`: {machine}\n" for name, machine in found.items())
