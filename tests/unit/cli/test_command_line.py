"""What holds for every command."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer.main
from typer.testing import CliRunner

from services.cli import app
from services.cli.errors import one_line
from tests.unit.cli.front import livecount, shell

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
HEAVY = {"numpy", "pydantic", "rich", "httpx", "faust", "aiokafka", "redis"}
HELP_S = 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    """`--help` answers, and shows the command in use."""
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert "Example" in answer.output
    assert f"livecount {name}" in answer.output


def test_help_imports_nothing_heavy() -> None:
    """What makes it quick; a clock alone would depend on the machine."""
    code = "import sys, services.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert set(loaded.stdout.split()) & HEAVY == set()


def test_help_is_there_before_one_can_wait() -> None:
    """By the processor's time and the best of three, since others may use the machine."""
    taken = []
    for _ in range(3):
        began = os.times()
        assert shell("--help").exit_code == 0
        ended = os.times()
        taken.append(
            ended.children_user + ended.children_system - began.children_user - began.children_system
        )
    assert min(taken) < HELP_S


def test_nothing_asked_is_help() -> None:
    """Not an error."""
    answer = livecount()
    assert answer.exit_code == 0
    assert "Commands:" in answer.stdout


def test_it_says_which_version_it_is() -> None:
    """The one that is installed."""
    assert livecount("--version").stdout == f"livecount {version('livecount')}\n"


def test_a_command_that_is_not_there_is_one_line() -> None:
    """On standard error, exit code 2."""
    answer = shell("recuont")
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    assert "recuont" in answer.stderr


def test_our_own_fault_is_not_made_a_sentence() -> None:
    """It shows itself in full, for it is no answer to anything the caller did."""
    assert one_line(KeyError("votes")) is None
    assert one_line(AssertionError("round 2")) is None
    assert (
        one_line(FileNotFoundError(2, "No such file or directory", "x.json"))
        == "x.json: No such file or directory"
    )
    assert one_line(ValueError("line 3:\n expected x")) == "line 3: expected x"
