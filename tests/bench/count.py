"""The counting core beside its peers and its goals: `make bench-count`, or `QUICK=1 make bench-count`.

Rule 1: peers run from PyPI in an environment of their own (`make bench-peers`), each in its own process, all on the
        same decoded ballots; all by turns, ours among them. CPU time; medians of the ratios within a turn.
Rule 2: all engines must name the same winners, or nothing is shown.
Rule 3: a goal that is missed is shown as missed.

Writes results/count.json, count.md and count.png beside this file.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.bench.ballots import COUNCIL, MAYOR, ballots
from tests.bench.goals import Figure, markdown, table
from tests.bench.machine import machine
from tests.bench.race import OURS, PEERS_PYTHON, Race, Times, What
from tests.bench.report import RESULTS, write

_PROJECT = Path(__file__).resolve().parents[2]

MAYOR_SEED = 10
"""Draws a contest in which nobody is ever level for last place: some peers raise there."""
COUNCIL_SEED = 1
IRV_GOALS = {"votelib": 5.0, "pyrcv": 8.0, "votekit": 15.0, "pyrankvote": 100.0}
STV_GOALS = {"votekit": 10.0}
STV_LIMIT_MS = 50.0
BATCH_LIMIT_MS = 2.0
WHAT_IF_LIMIT_MS = 10.0
BYTES_LIMIT = 165.0
GROWTH_LIMIT = 1.2
READER_PATIENCE_S = 60
"""A reader that takes longer is given up."""


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    turns: int
    irv_peers: tuple[str, ...]
    stv_peers: tuple[str, ...]
    sizes: tuple[int, ...]
    """Ballots counted before the growth of the cost of one more is measured."""
    lines: int
    """Of the files that are read; 0: none."""
    patience_s: float = 20.0
    """A peer whose turn takes longer is given up, and that is shown."""


FULL = Effort(
    5, (*IRV_GOALS, "pref_voting"), ("votekit", "pyrcv"), (10_000, 100_000, 1_000_000, 10_000_000), 1_000_000
)
QUICK = Effort(2, tuple(IRV_GOALS), ("votekit",), (10_000, 100_000), 0)


def main() -> None:
    """Measure, print the table, write the results."""
    effort = QUICK if _arguments().quick else FULL
    console = Console()
    if not (_PROJECT / PEERS_PYTHON).exists():
        raise SystemExit("the peers are not installed: make bench-peers")
    console.print(f"{machine()}\nCPU time throughout.")
    figures: list[Figure] = []
    with TemporaryDirectory() as folder, console.status("making ballots") as status:
        for said in (_irv(effort, Path(folder)), _stv(effort, Path(folder)), _live(), _held()):
            for figure in said:
                status.update(f"measured: {figure.contest}; going on")
                figures.append(figure)
        growth = {size: _measure("growth", size) for size in effort.sizes}
        figures += [*_growth(growth), *_reading(effort.lines)]
    console.print(table(figures))
    _write(figures, growth)


def _irv(effort: Effort, folder: Path) -> Iterator[Figure]:
    contest = "Instant run-off, 80,000 ballots, 35 candidates"
    race = Race(ballots(MAYOR, 80_000, MAYOR_SEED), MAYOR.candidates, 1)
    times = race.run([OURS, *effort.irv_peers], effort.turns, folder, effort.patience_s)
    _one_result(times)
    for peer in effort.irv_peers:
        yield _beside(contest, times, peer, "whole", IRV_GOALS.get(peer))
    for peer in effort.irv_peers:
        yield _beside(contest, times, peer, "count", IRV_GOALS.get(peer))


def _stv(effort: Effort, folder: Path) -> Iterator[Figure]:
    contest = "STV, 1,000,000 ballots, 100,000 rankings, 20 candidates, 3 seats"
    race = Race(ballots(COUNCIL, 1_000_000, COUNCIL_SEED), COUNCIL.candidates, 3)
    times = race.run([OURS, *effort.stv_peers], effort.turns, folder, effort.patience_s)
    _one_result(times)
    yield Figure(contest, "recount", 1e3 * median(times[OURS].count), "ms", STV_LIMIT_MS, note="median")
    for peer in effort.stv_peers:
        yield _beside(contest, times, peer, "count", STV_GOALS.get(peer))
        yield _beside(contest, times, peer, "whole", None)


def _one_result(times: dict[str, Times]) -> None:
    """Raise AssertionError if engines name different winners."""
    named = {engine: of.winners for engine, of in times.items() if not of.fault}
    assert all(winners == named[OURS] for winners in named.values()), f"not one result: {named}"


def _beside(contest: str, times: dict[str, Times], peer: str, what: What, goal: float | None) -> Figure:
    theirs, ours = times[peer], times[OURS]
    measure = f"{'from a list of ballots' if what == 'whole' else 'counting alone'}, than {peer}"
    if theirs.fault:
        return Figure(contest, measure, None, "x", goal, "more", theirs.fault)
    own, other = (1e3 * median(of.seconds(what)) for of in (ours, theirs))
    note = f"{own:.3g} ms, {peer} {other:.3g} ms"
    return Figure(contest, measure, theirs.times_slower(ours, what), "x", goal, "more", note)


def _live() -> Iterator[Figure]:
    contest = "Live instant run-off, 1,000,000 ballots, 20 candidates"
    taken = _measure("batches", 1_000_000)
    yield Figure(
        contest, "a batch of 1,000, median", taken["median_ms"], "ms", BATCH_LIMIT_MS, note="applied, counted"
    )
    yield Figure(contest, "a batch of 1,000, 99 of 100", taken["p99_ms"], "ms")
    for measure, candidates, what in (
        ("what_ifs", 20, "every drop-out and final"),
        ("what_ifs_of_two", 8, "every drop-out, every two of them, and every final"),
    ):
        contest = f"Live instant run-off, 1,000,000 ballots, {candidates} candidates"
        taken = _measure(measure, 1_000_000)
        others = f"99 of 100: {taken['p99_ms']:.3g}; the first {taken['first_ms']:.3g}; cold {taken['cold_ms']:.3g} ms"
        yield Figure(
            contest,
            f"{what} after a batch of 1,000, median",
            taken["median_ms"],
            "ms",
            WHAT_IF_LIMIT_MS,
            note=others,
        )


def _held() -> Iterator[Figure]:
    held = _measure("memory", 1_000_000)["bytes"]
    note = "resident, its marks included"
    yield Figure("Memory, 1,000,000 distinct rankings", "each", held, "B", BYTES_LIMIT, note=note)


def _growth(growth: dict[int, dict[str, float]]) -> Iterator[Figure]:
    contest = "Growth: one more ballot, counted live, when so many were before"
    for shape, goal in (("mayor", GROWTH_LIMIT), ("council", None)):
        cost = {size: said[f"{shape}_ns"] for size, said in growth.items()}
        spread = max(cost.values()) / min(cost.values())
        note = ", ".join(f"{size:,}: {ns / 1e3:.2f} µs" for size, ns in cost.items())
        yield Figure(contest, f"dearest by cheapest, ballots for a {shape}", spread, "x", goal, note=note)


def _measure(measure: str, number: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.alone", measure, str(number)]
    said: dict[str, float] = json.loads(
        subprocess.run(command, cwd=_PROJECT, capture_output=True, check=True).stdout
    )
    return said


def _reading(lines: int) -> Iterator[Figure]:
    """Yield how much longer the fastest peer takes to read each format than ours: see `reading`."""
    if not lines:
        return
    command = [
        sys.executable,
        "-m",
        "tests.bench.reading",
        "--peers",
        str(_PROJECT / PEERS_PYTHON),
        "--lines",
        str(lines),
        "--timeout",
        str(READER_PATIENCE_S),
    ]
    said = subprocess.run(command, cwd=_PROJECT, capture_output=True, check=True, text=True).stdout
    seconds: dict[str, dict[str, float]] = {}
    for words in (line.split() for line in said.splitlines()):
        if len(words) == 5 and words[3] == "s":  # .blt votelib 5.15 s 2.2x
            seconds.setdefault(words[0], {})[words[1]] = float(words[2])
    for suffix, taken in seconds.items():
        ours = taken.pop(OURS)
        contest, measure = f"Reading {lines:,} lines", f"{suffix}, than the best peer"
        if not taken:
            yield Figure(
                contest, measure, None, "x", 1, "more", f"{ours:.3g} s; no peer in {READER_PATIENCE_S} s"
            )
            continue
        best, theirs = min(taken.items(), key=itemgetter(1))
        yield Figure(contest, measure, theirs / ours, "x", 1, "more", f"{ours:.3g} s, {best} {theirs:.3g} s")


def _write(figures: list[Figure], growth: dict[int, dict[str, float]]) -> None:
    write("count", figures, plot="count", growth=growth)
    (RESULTS / "count.md").write_text(f"{machine()}; CPU time\n\n{markdown(figures)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.count", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="about a minute: fewer turns, no ten millions, no files"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
