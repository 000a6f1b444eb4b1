"""How `make` divides the tests among processes: what a module's tests share is made once."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.readers import ROOT

MODULE = """
from pathlib import Path
import pytest

@pytest.fixture(scope="module")
def shared():
    with Path(__file__).with_name("made").open("a") as made:
        made.write("once ")

@pytest.mark.parametrize("number", range(4))
def test_of_what_is_shared(shared, number):
    pass
"""


def test_a_module_is_tested_by_one_process(tmp_path: Path) -> None:
    """As the Makefile has it: xdist's groups, tried before, had no effect with a later pytest, and nobody noticed."""
    options = re.findall(
        r"^\w+ := --numprocesses \w+ (--dist \w+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert len(options) == 2
    assert options[0] == options[1]
    (tmp_path / "test_one.py").write_text(MODULE)
    (tmp_path / "test_other.py").write_text("def test_nothing():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -p no:schemathesis\n")
    command = [sys.executable, "-m", "pytest", "--numprocesses", "2", *options[0].split(), str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)

    assert "5 passed" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "made").read_text() == "once "
