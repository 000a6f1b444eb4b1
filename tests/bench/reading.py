"""How fast files of ballots are read, beside the readers that PyPI has: `python -m tests.bench.reading`.

Rule 1: the same files, made from a seed: half of the lines are rankings that occur once, as in a real large file.
Rule 2: each reading is a process of its own, readers take turns, medians of CPU time are compared.
Rule 3: a reader that finds another number of ballots than there are is reported as wrong, not as fast.
"""

import argparse
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

CANDIDATES = 12
READERS = {
    ".blt": ("livecount", "votelib"),
    ".soi": ("livecount", "preflibtools", "pref_voting"),
    ".csv": ("livecount", "votekit", "pref_voting"),
    ".abif": ("livecount", "abiftool"),
}
_SCRIPT = Path(__file__).with_name("reading_peers.py")
_PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Make the files, time all readers, print a table of medians and ratios."""
    arguments = _arguments()
    with TemporaryDirectory() as folder:
        files = make_files(Path(folder), arguments.lines, arguments.seed)
        _say(f"{arguments.lines:,} ballots, {CANDIDATES} candidates; CPU seconds, median of {arguments.runs}")
        for path in (path for path in files if path.suffix in arguments.suffix or not arguments.suffix):
            for line in _compare(path, arguments):
                _say(line)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def make_files(folder: Path, lines: int, seed: int) -> list[Path]:
    """Write the same ballots, one a line (in PrefLib: one order a line), in each format, and return the paths."""
    ballots = list(_ballots(lines, seed))
    orders = Counter(map(",".join, ballots))
    names = [f"Candidate {place}" for place in range(1, CANDIDATES + 1)]
    _write(folder / "votes.blt", [f"{CANDIDATES} 3", *(f"1 {' '.join(b)} 0" for b in ballots), "0",
                                  *(f'"{name}"' for name in (*names, "Votes"))])  # fmt: skip
    _write(folder / "votes.soi", [f"# NUMBER ALTERNATIVES: {CANDIDATES}", f"# NUMBER VOTERS: {lines}",
                                  *(f"# ALTERNATIVE NAME {i}: {name}" for i, name in enumerate(names, 1)),
                                  *(f"{times}: {order}" for order, times in orders.items())])  # fmt: skip
    cells = [[f"C{place}" for place in b] + [""] * (CANDIDATES - len(b)) for b in ballots]
    _write(
        folder / "votes.csv", [",".join(f"rank{i}" for i in range(1, CANDIDATES + 1)), *map(",".join, cells)]
    )
    _write(folder / "votes.abif", [*(f"=C{i}:[{name}]" for i, name in enumerate(names, 1)),
                                   *("1:" + ">".join(f"C{place}" for place in b) for b in ballots)])  # fmt: skip
    return [folder / f"votes{suffix}" for suffix in READERS]


def _ballots(lines: int, seed: int) -> Iterator[list[str]]:
    lot = random.Random(seed)
    weights = [1 / place for place in range(1, CANDIDATES + 1)]
    for _ in range(lines):
        length = min(CANDIDATES, 1 + int(lot.expovariate(0.15)))
        drawn = dict.fromkeys(lot.choices(range(1, CANDIDATES + 1), weights, k=2 * length))
        yield [str(place) for place in list(drawn)[:length]]


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")


def _compare(path: Path, arguments: argparse.Namespace) -> Iterator[str]:
    readers = READERS[path.suffix]
    seconds: dict[str, list[float]] = {reader: [] for reader in readers}
    wrong: dict[str, str] = {}
    for _ in range(arguments.runs):
        for reader in readers:
            if reader not in wrong:
                _run(reader, path, arguments, seconds[reader], wrong)
    ours = median(seconds["livecount"])
    for reader in readers:
        taken = (
            wrong.get(reader) or f"{median(seconds[reader]):7.2f} s   {median(seconds[reader]) / ours:6.1f}x"
        )
        yield f"{path.suffix:6} {reader:13} {taken}"


def _run(
    reader: str, path: Path, arguments: argparse.Namespace, seconds: list[float], wrong: dict[str, str]
) -> None:
    python = sys.executable if reader == "livecount" else arguments.peers
    try:
        done = subprocess.run(
            [python, _SCRIPT, reader, path], cwd=_PROJECT, env={"PYTHONPATH": str(_PROJECT)} if python == sys.executable
            else {}, capture_output=True, text=True, check=True, timeout=arguments.timeout,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        wrong[reader] = f"more than {arguments.timeout} s"
    except subprocess.CalledProcessError as error:
        wrong[reader] = f"fails: {error.stderr.strip().splitlines()[-1][:100]}"
    else:
        ballots, taken = done.stdout.split()
        seconds.append(float(taken))
        if int(ballots) != arguments.lines:
            wrong[reader] = f"reads {ballots} ballots"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.reading", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--peers", default="python3", help="the interpreter that has the peers installed")
    parser.add_argument("--suffix", action="append", default=[], choices=READERS, help="this format only")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2015)
    parser.add_argument("--timeout", type=int, default=180, help="seconds after which a reader is given up")
    return parser.parse_args()


if __name__ == "__main__":
    main()
