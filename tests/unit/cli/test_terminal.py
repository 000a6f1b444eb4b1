"""What only a terminal gets: a question where a tie must be broken, a bar where something takes its time."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.waiting import Bar, waiting
from tests.unit.cli.front import ward

TIE = '3 1\n4 1 0\n3 2 0\n3 3 1 0\n0\n"Ada"\n"Basil"\n"Clara"\n"Tea"\n'
QUESTION = b"Who falls? 1..2"


def at_a_terminal(*words: str | Path, typed: bytes) -> str:
    """Return what a terminal shows of the command, with `typed` as the answer to the question."""
    terminal, its = pty.openpty()
    argv = [str(Path(sys.executable).with_name("livecount")), *map(str, words)]
    env = {**os.environ, "TERM": "dumb", "COLUMNS": "80"}
    with subprocess.Popen(argv, stdin=its, stdout=its, stderr=its, env=env):
        os.close(its)
        shown = b"".join(_conversation(terminal, typed))
    os.close(terminal)
    return shown.decode()


def _conversation(terminal: int, typed: bytes) -> Iterator[bytes]:
    shown, answered = b"", False
    while part := _read(terminal):
        yield part
        shown += part
        if QUESTION in shown and not answered:
            os.write(terminal, typed)
            answered = True


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how a terminal says that its other end has closed
        return b""


def test_a_tie_is_asked_about_until_the_answer_is_one_of_those_level(tmp_path: Path) -> None:
    """Nine is none; two is Clara, who falls, and the table says that it was an answer."""
    file = ward(tmp_path, TIE)
    shown = at_a_terminal("count", file, "--method", "irv", "--ties", "ask", typed=b"9\n2\n")
    assert "Round 1: Basil, Clara are level." in shown
    assert "the answer given settles it." in shown
    assert "Clara is eliminated" in " ".join(shown.split())
    assert "Elected in round 2: Ada" in shown


def test_a_bar_that_ended_before_it_was_due_is_never_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """The clock may strike after the work is done."""
    bar = Bar("Counting")
    bar.end()
    bar.show()
    assert capsys.readouterr().err == ""


def test_a_bar_says_how_many_ballots_have_been_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they were read before it was drawn or after."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    bar = Bar("Tabulating")
    bar.read(10_000)
    bar.show()
    assert "Tabulating: 10,000 ballots read" in capsys.readouterr().err
    bar.read(20_000)
    bar.end()
    assert "Tabulating: 20,000 ballots read" in capsys.readouterr().err


def test_nothing_is_drawn_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard error is no terminal here."""
    with waiting("Counting") as bar:
        bar.read(10_000)
        bar.end()
    assert capsys.readouterr() == ("", "")
