"""What an officer is shown: where an election stands and what comes next, where things are, and what will happen."""

import json
import os
import pty
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import typer

from infra.local import folder
from infra.local.deployment import plan
from infra.local.folder import OtherFormError, require_form
from services.cli.commands import queries
from services.cli.commands.services import is_trouble, warn_of_low_disk
from services.cli.orders import confirm
from shared.contract.elections import Phase
from tests.support.elections import announced, election
from tests.unit.cli.front import livecount, shell


@pytest.mark.parametrize(
    ("phase", "step"),
    [
        (Phase.CONFIGURED, "livecount codes picnic"),
        (Phase.OPEN, "livecount close picnic"),
        (Phase.PAUSED, "livecount resume picnic"),
        (Phase.CLOSED, "livecount certify picnic"),
        (Phase.CANCELLED, "nothing: picnic was cancelled"),
    ],
)
def test_every_phase_has_a_next_step(phase: Phase, step: str) -> None:
    """Also while no standing is there; who has withdrawn is said."""
    lines = queries._lines(
        announced(election(), phase, ("fruit", "apple")),
        {},
        queries._counted({"answer": "No", "reasons": ["a", "b"]}),
    )
    assert lines[2] == "all accepted ballots counted: no: a"
    assert lines[0].startswith("turnout: not known")
    assert lines[1] == "withdrawn: fruit/apple"
    assert lines[3].startswith(f"next: {step}")
    assert queries._as_json(announced(election(), phase), {}, "yes")["accepted"] is None


def test_where_names_every_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not it is there yet."""
    monkeypatch.setenv("LIVECOUNT_DATA_DIR", str(tmp_path / "data"))
    answer = livecount("where")
    assert f"{tmp_path / 'data' / 'logs'}  (not there yet)" in answer.stdout
    assert "No deployment runs there" in answer.stdout
    found = json.loads(livecount("where", "--json").stdout)
    assert not found["running"]
    assert found["data"] == str(tmp_path / "data")


def test_a_low_disk_is_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the nearest folder that is there."""
    free = shutil.disk_usage(tmp_path).free
    warn_of_low_disk(tmp_path / "not" / "yet", 1)
    assert capsys.readouterr().err == ""
    warn_of_low_disk(tmp_path / "not" / "yet", 2 * free)
    assert "A full disk stops voting" in capsys.readouterr().err


def test_only_what_went_wrong_is_shown_of_a_log() -> None:
    """Not what a library will try again."""
    assert is_trouble("timestamp='x' level='error' event='snapshot failed'")
    assert is_trouble("Traceback (most recent call last):")
    assert not is_trouble("timestamp='x' level='info' event='run starts'")
    assert not is_trouble("[2026-11-28] [1] [ERROR] Group Coordinator Request failed")


ASKED = """
import typer

from services.cli.orders import confirm
try:
    confirm("Voting in club ends now.", yes=False)
    print("given")
except typer.Abort:
    print("not given")
"""


@pytest.mark.parametrize(
    ("answer", "becomes"), [(b"y\n", "given"), (b"n\n", "not given"), (b"\n", "not given")]
)
def test_on_a_terminal_an_order_without_way_back_is_asked_about(answer: bytes, becomes: str) -> None:
    """It repeats what will happen; to say nothing is to say no."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASKED],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.stdout.strip() == becomes
    assert "Voting in club ends now." in done.stderr


def test_a_script_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no terminal; and --yes is an answer."""
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: pytest.fail("asked"))
    monkeypatch.setattr(sys, "stdin", StringIO())
    confirm("x", yes=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    confirm("x", yes=True)


def test_a_shell_completes_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `livecount --install-completion` sets it up."""
    monkeypatch.setenv("_LIVECOUNT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "livecount elec")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert "election" in shell().stdout.split()


def test_data_of_another_form_are_left_alone(tmp_path: Path) -> None:
    """Older (0.1 had no log id) or newer: said in one sentence, before a key is made."""
    (tmp_path / "old" / "kafka").mkdir(parents=True)
    with pytest.raises(OtherFormError, match="form 1, of an older Livecount; this program reads form 2"):
        plan(tmp_path / "old", "local")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["kafka"]
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "form").write_text("3\n")
    with pytest.raises(OtherFormError, match="form 3, of a newer Livecount"):
        plan(tmp_path / "new", "local")
    plan(tmp_path / "empty", "local")
    require_form(tmp_path / "empty")


def test_the_folder_is_the_platforms_unless_there_is_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable comes first, then a `.livecount` that is there, then the platform's place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(folder, "CHECKOUT", tmp_path / "no-checkout")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("LIVECOUNT_DATA_DIR", raising=False)
    assert folder.data_folder() == tmp_path / "share" / "livecount"
    (tmp_path / ".livecount").mkdir()
    assert folder.data_folder() == Path(".livecount")
    monkeypatch.setenv("LIVECOUNT_DATA_DIR", "/named")
    assert folder.data_folder() == Path("/named")
