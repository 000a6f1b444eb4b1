"""Changes the rules of counting one by one, and asks the tests whether they notice: `make mutate`.

Rule 1: the project is copied to .livecount/mutation and changed there (by mutmut): the working tree is left alone.
Rule 2: the tests that must notice are those of the core, some published elections, and the property that all
        tabulators agree, with few examples. The quickest that reach the changed function are asked first.
Rule 3: time is bounded, for each test and for all. Results are kept: the next run goes on with what was not tried and
        what lives unexplained, and begins a module anew when it has changed.
Rule 4: a mutant that lives is explained in README.md, by the line it changed, or is printed as a fault: exit code 1.
"""

import argparse
import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from tests.support.reference import FOLDER

CORE = "shared/rcv/count"
RULES = (
    "normalise",
    "ties",
    "java",
    "tabulate",
    "piles",
    "batches",
    "live_rounds",
    "methods/by_thresholds",
    "methods/rulebook",
    "methods/scottish",
    "methods/by_batches",
    "methods/ers97",
    "methods/northern_ireland",
    "methods/meek",
    "methods/meek_parcels",
    "methods/meek_states",
    "methods/new_zealand",
)
KILLERS = (
    "tests/unit/rcv/count",
    "tests/unit/rcv/test_tabulation.py",
    "tests/golden/test_stv.py",
    "tests/golden/test_labour.py",
    "tests/property/rcv/test_counts_agree.py",
)
CONTESTS = 20
"""Random contests of each property for each mutant."""

PLAIN_PYTEST = "-p no:unraisableexception -p no:threadexception -p no:cacheprovider"
"""Without what collects garbage or keeps a record after each run: a third of the time of a mutant that is killed."""

COPIED = ("services", "shared", "infra", "tests", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "results", "browser", "integration")

Outcome = Literal["killed", "out of time", "lives", "untried"]
_OUTCOMES: dict[int | None, Outcome] = {
    None: "untried",
    0: "lives",
    5: "lives",  # no test reaches it
    33: "lives",  # the same
    -signal.SIGXCPU: "out of time",
    -signal.SIGKILL: "out of time",
}
"""What mutmut's exit codes mean; any other is that of a test, or an interpreter, that failed."""

_PROJECT = Path(__file__).resolve().parents[2]
_WORK = _PROJECT / ".livecount" / "mutation"
_EXPLAINED = Path(__file__).with_name("README.md")


@dataclass(frozen=True)
class Mutant:
    """One change of one function."""

    name: str
    rule: str
    outcome: Outcome

    def explained(self) -> bool:
        """Return whether README.md has what it puts in place of a line, or it only doubts that lengths are equal."""
        said, diff = _EXPLAINED.read_text().replace(r"\|", "|"), self.diff()
        taken, put = _lines(diff, "-"), _lines(diff, "+")
        return _but_strict(taken) == _but_strict(put) or all(f"`{line}`" in said for line in put)

    def diff(self) -> str:
        """Return what it changes, as a unified diff."""
        with contextlib.chdir(_WORK):
            of = importlib.import_module("mutmut.mutation.diff_apply").get_diff_for_mutant
            return str(of(self.name, path=f"{CORE}/{self.rule}.py"))


def main() -> None:
    """Try the mutants of the rules that are asked for, for so long; print which live."""
    arguments = _arguments()
    rules = arguments.rules or RULES
    _copy()
    _try(list(_wanted(rules)), 60 * arguments.minutes, arguments.cores)
    unexplained = list(_report(rules))
    for mutant in unexplained:
        _say(f"\nlives, unexplained: {mutant.name}\n{mutant.diff()}")
    raise SystemExit(1 if unexplained else 0)


def _copy() -> None:
    _WORK.mkdir(parents=True, exist_ok=True)
    for rule in RULES:
        if not _is_as_tried(f"{CORE}/{rule}.py"):
            _results(rule).unlink(missing_ok=True)
    for name in COPIED:
        source, target = _PROJECT / name, _WORK / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=NOT_COPIED)
        else:
            shutil.copy(source, target)
    _link_reference_data()
    settings = {
        "source_paths": ["shared"],
        "only_mutate": [f"{CORE}/{rule}.py" for rule in RULES],
        "also_copy": ["services", "infra"],
        "pytest_add_cli_args": ["-p", "no:randomly", "-p", "tests.mutation.quick", "-W", "ignore"],
        "pytest_add_cli_args_test_selection": KILLERS,
    }
    lines = (
        f"{name}=\n" + "".join(f"    {value}\n" for value in values) for name, values in settings.items()
    )
    (_WORK / "setup.cfg").write_text("[mutmut]\n" + "".join(lines))


def _is_as_tried(path: str) -> bool:
    tried = _WORK / path
    return tried.exists() and tried.read_bytes() == (_PROJECT / path).read_bytes()


def _link_reference_data() -> None:
    """Let the golden tests find the published elections where they look for them: beside the project's copy."""
    if FOLDER.exists():
        (_WORK / "shared" / "data").symlink_to(FOLDER)


def _wanted(rules: Sequence[str]) -> Iterator[str]:
    """Yield the names of mutants still to try; of a rule without results, a pattern for all."""
    for rule in rules:
        if not _results(rule).exists():
            yield f"{CORE}/{rule}".replace("/", ".") + ".*"
    for mutant in _mutants(rules):
        if mutant.outcome == "untried" or (mutant.outcome == "lives" and not mutant.explained()):
            yield mutant.name


def _try(names: Sequence[str], seconds: float, cores: int) -> None:
    if not names:
        return
    mutmut = subprocess.Popen(
        [sys.executable, "-m", "mutmut", "run", "--max-children", str(cores), *names],
        cwd=_WORK,
        env={
            **os.environ,
            "LIVECOUNT_HYPOTHESIS": "mutation",
            "LIVECOUNT_CONTESTS": str(CONTESTS),
            "PYTEST_ADDOPTS": PLAIN_PYTEST,
        },
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


def _results(rule: str) -> Path:
    return _WORK / "mutants" / CORE / f"{rule}.py.meta"


def _mutants(rules: Sequence[str]) -> Iterator[Mutant]:
    for rule in rules:
        if _results(rule).exists():
            for name, code in json.loads(_results(rule).read_text())["exit_code_by_key"].items():
                yield Mutant(name, rule, _OUTCOMES.get(code, "killed"))


def _report(rules: Sequence[str]) -> Iterator[Mutant]:
    """Say what became of each rule's mutants; yield those that live and are not explained."""
    for rule, of_rule in groupby(_mutants(rules), key=lambda mutant: mutant.rule):
        mutants = list(of_rule)
        unexplained = [m for m in mutants if m.outcome == "lives" and not m.explained()]
        of = Counter(mutant.outcome for mutant in mutants)
        of["lives"] -= len(unexplained)
        _say(
            f"{rule:21} {len(mutants):4} mutants: {of['killed']} killed, {of['out of time']} out of time,"
            f" {of['lives']} live and are explained, {len(unexplained)} live unexplained, {of['untried']} untried"
        )
        yield from unexplained


def _lines(diff: str, sign: str) -> list[str]:
    return [line[1:].strip() for line in diff.splitlines() if line[:1] == sign != line[1:2]]


def _but_strict(lines: list[str]) -> list[str]:
    return [re.sub(r"strict=\w+", "", line) for line in lines]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation.run", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("rules", nargs="*", choices=[*RULES, []], help=f"of {CORE}; all if none is named")
    parser.add_argument("--minutes", type=float, default=60, help="after which to stop")
    parser.add_argument("--cores", type=int, default=1, help="mutants tried at a time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
