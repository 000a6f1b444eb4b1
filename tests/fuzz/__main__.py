"""All parsers fuzzed, one after the other: `python -m tests.fuzz --runs 100000 [--target blt] [--folder DIR]`.

Says for each how many inputs were tried and what was found, and ends with code 1 if anything was. With --folder, the
corpus is kept and the next run goes on from it.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.targets import TARGETS

_TRIED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_FOUND = ("crash-*", "timeout-*", "oom-*", "leak-*")


def main() -> int:
    """Fuzz the targets that were asked for; return 0 if no rule was broken."""
    arguments = _arguments()
    with TemporaryDirectory() as passing:
        folder = Path(arguments.folder or passing)
        found = [
            path
            for name in arguments.target or sorted(TARGETS)
            for path in _fuzz(name, folder.resolve() / name, arguments.runs, arguments.seed)
        ]
    return 1 if found else 0


def _fuzz(name: str, folder: Path, runs: int, seed: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    options = [f"-runs={runs}", f"-seed={seed}", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    tried = _TRIED.search(done.stderr)
    found = [path for pattern in _FOUND for path in sorted(folder.glob(pattern))]
    sys.stdout.write(
        f"{name}: {int(tried[1]) if tried else 0:,} inputs, {len(found)} faults (code {done.returncode})\n"
    )
    if found or done.returncode:
        sys.stdout.write(done.stdout[-2000:] + done.stderr[-1000:])
        sys.stdout.writelines(f"{path}: {path.read_bytes()!r}\n" for path in found)
    sys.stdout.flush()
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000, help="inputs a target")
    parser.add_argument(
        "--target", action="append", choices=sorted(TARGETS), help="this one only; may be repeated"
    )
    parser.add_argument(
        "--folder", help="where corpus and faults are kept; none: they are shown and thrown away"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
