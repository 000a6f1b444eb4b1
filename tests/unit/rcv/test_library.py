"""The library as its README shows it: the code printed there runs, and prints a count."""

import re
import subprocess
import sys
from pathlib import Path

from shared import rcv

README = Path(rcv.__file__).with_name("README.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
WARD = re.findall(r"<<'BLT'\n(.*?)^BLT$", README, re.MULTILINE | re.DOTALL)


def test_the_readme_runs_as_printed(tmp_path: Path) -> None:
    """Word for word, one block after the other, in a program of its own beside the file that it names."""
    (tmp_path / "ward.blt").write_text(WARD[0])
    program = "\n".join(PYTHON)
    argv = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(
        argv,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(rcv.__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    *rounds, lists = done.stdout.splitlines()
    assert [line.split(") ")[0] for line in rounds] == [
        "1 (900000, 800000, 400000, 300000",
        "2 (900000, 800000, 700000, 0",
        "3 (900000, 1200000, 0, 0",
    ]
    assert rounds[0].split(") ")[1].startswith("Ada with 9 votes reaches the quota of 9 and is elected.")
    assert lists == "(0, 1)"


def test_what_it_prints_takes_five_lines() -> None:
    """An import, and then: read, choose, tabulate, walk the rounds, print them."""
    _, *lines = [line for line in PYTHON[0].splitlines() if line]
    assert len(lines) == 5


def test_every_public_name_is_there_and_explained() -> None:
    """The README's names are of the library, and each has a docstring of its own."""
    assert set(re.findall(r"\brcv\.(\w+)", "\n".join(PYTHON))) <= set(rcv.__all__)
    assert all(getattr(rcv, name).__doc__ for name in rcv.__all__)


def test_a_live_count_is_the_cold_one(tmp_path: Path) -> None:
    """Through the public names alone: ballots arrive, one leaves again."""
    (tmp_path / "ward.blt").write_text(WARD[0])
    ballots = rcv.read_ballots(tmp_path / "ward.blt")
    contest = rcv.contest_of(ballots, rcv.CountOptions("irv"))
    live = rcv.open_method(contest, sections=1)
    live.apply([(0, "0>1", 3), (0, "1>0", 2), (0, "2>1", 2)])
    live.apply([(0, "0>1", -1)])
    assert live.count() == rcv.tabulate_counts({(0, "0>1"): 2, (0, "1>0"): 2, (0, "2>1"): 2}, contest, 1)
