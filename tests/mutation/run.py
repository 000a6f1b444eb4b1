"""Changes the rules of counting one by one, and asks the tests whether they notice: `make mutate`.

Rule 1: the project is copied to .livecount/mutation and changed there (by mutmut): the working tree is left alone.
Rule 2: the tests that must notice are those of the core, some published elections, and the property that all
        tabulators agree, with few examples.
Rule 3: time is bounded. Results are kept: the next run goes on with what was not tried, and anew with what has changed.
Rule 4: a mutant that lives is explained in README.md, by the line it changed, or is told as a fault: exit code 1.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.reference import FOLDER

CORE = "services/counting/core"
RULES = (
    "normalise",
    "plain",
    "decide",
    "course",
    "ties",
    "java",
    "lot",
    "tabulate",
    "piles",
    "scottish",
    "meek",
    "live",
)
KILLERS = (
    "tests/unit/counting",
    "tests/golden/test_stv.py",
    "tests/golden/test_labour.py",
    "tests/property/counting/test_counts_agree.py",
)
COPIED = ("services", "shared", "infra", "tests", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "results", "browser", "integration")

_PROJECT = Path(__file__).resolve().parents[2]
_WORK = _PROJECT / ".livecount" / "mutation"
_EXPLAINED = Path(__file__).with_name("README.md")


def main() -> None:
    """Try the mutants of the rules that are asked for, for so long; tell which live."""
    arguments = _arguments()
    rules = arguments.rules or RULES
    _copy()
    _try(rules, 60 * arguments.minutes)
    unexplained = list(_tell(rules))
    for mutant in unexplained:
        _say(f"\nlives, unexplained: {mutant.name}\n{mutant.diff}")
    raise SystemExit(1 if unexplained else 0)


def _copy() -> None:
    _WORK.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = _PROJECT / name, _WORK / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=NOT_COPIED)
        else:
            shutil.copy(source, target)
    _link_reference_data()
    settings = {
        "source_paths": ["services"],
        "only_mutate": [f"{CORE}/{rule}.py" for rule in RULES],
        "also_copy": ["shared", "infra"],
        "pytest_add_cli_args": ["-p", "no:randomly", "-p", "tests.mutation.quick", "-W", "ignore"],
        "pytest_add_cli_args_test_selection": KILLERS,
    }
    lines = (
        f"{name}=\n" + "".join(f"    {value}\n" for value in values) for name, values in settings.items()
    )
    (_WORK / "setup.cfg").write_text("[mutmut]\n" + "".join(lines))


def _link_reference_data() -> None:
    """Let the golden tests find the published elections where they look for them: beside the project's copy."""
    if FOLDER.exists():
        (_WORK / "shared" / "data").symlink_to(FOLDER)


def _try(rules: Sequence[str], seconds: float) -> None:
    wanted = [f"{CORE}/{rule}".replace("/", ".") + ".*" for rule in rules]
    mutmut = subprocess.Popen(
        [sys.executable, "-m", "mutmut", "run", *wanted],
        cwd=_WORK,
        env={**os.environ, "LIVECOUNT_HYPOTHESIS": "mutation"},
        stdout=(_WORK / "log.txt").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        if mutmut.wait(seconds):
            raise SystemExit(f"mutmut fails: see {_WORK / 'log.txt'}")
    except subprocess.TimeoutExpired:
        _say(f"stopped after {seconds / 60:g} minutes; run again to go on")
    finally:
        if mutmut.poll() is None:
            os.killpg(mutmut.pid, signal.SIGKILL)
            mutmut.wait()


@dataclass(frozen=True)
class Mutant:
    """A change that no test noticed."""

    name: str
    diff: str

    @property
    def explained(self) -> bool:
        """Whether README.md has what it puts in place of a line, or it only doubts that lengths are equal."""
        said = _EXPLAINED.read_text()
        taken, put = self._lines("-"), self._lines("+")
        return _but_strict(taken) == _but_strict(put) or all(f"`{line}`" in said for line in put)

    def _lines(self, sign: str) -> list[str]:
        return [line[1:].strip() for line in self.diff.splitlines() if line[:1] == sign != line[1:2]]


def _but_strict(lines: list[str]) -> list[str]:
    return [re.sub(r"strict=\w+", "", line) for line in lines]


def _tell(rules: Sequence[str]) -> Iterator[Mutant]:
    """Say how many mutants of each rule were killed; yield those that live and are not explained."""
    outcomes: dict[str, Counter[str]] = {rule: Counter() for rule in rules}
    lives: list[Mutant] = []
    for line in _mutmut("results", "--all", "true").splitlines():
        name, _, outcome = line.strip().partition(": ")
        rule = name.split(".")[3] if name.count(".") > 3 else ""
        if rule in outcomes:
            outcomes[rule][outcome] += 1
            if outcome in {"survived", "no tests"}:
                lives.append(Mutant(name, _mutmut("show", name)))
    for rule, of in outcomes.items():
        told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(of.items()))
        _say(f"{rule:12} {sum(of.values()):4} mutants: {told}")
    _say(f"{sum(mutant.explained for mutant in lives)} live and are explained in {_EXPLAINED.name}")
    yield from (mutant for mutant in lives if not mutant.explained)


def _mutmut(*arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=_WORK, check=True, capture_output=True, text=True).stdout


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation.run", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("rules", nargs="*", choices=[*RULES, []], help=f"of {CORE}; all if none is named")
    parser.add_argument("--minutes", type=float, default=60, help="after which to stop")
    return parser.parse_args()


if __name__ == "__main__":
    main()
