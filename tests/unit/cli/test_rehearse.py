"""What `livecount rehearse` refuses before it starts anything."""

from pathlib import Path

import pytest

from tests.support.configurations import configured
from tests.unit.cli.front import livecount, ward


def refused(*words: str | Path) -> str:
    """Return the one line that says why; nothing is written."""
    out = Path(words[0]).parent / "out"
    answer = livecount("rehearse", *words, "--out", out, "--seed", "1")
    assert answer.exit_code == 2
    assert not out.exists()
    (line,) = answer.stderr.splitlines()
    return line


def test_a_plain_file_needs_a_method(tmp_path: Path) -> None:
    """Which it does not say itself."""
    assert refused(ward(tmp_path)).endswith("a plain file does not say how it is counted: expected --method")


@pytest.mark.parametrize("option", [("--seats", "2"), ("--last-two",), ("--lot", "7")])
def test_how_to_count_needs_a_method_too(tmp_path: Path, option: tuple[str, ...]) -> None:
    """An option that would be passed over is refused."""
    assert refused(configured(tmp_path), *option).startswith(f"livecount: {option[0]} is for plain files")


def test_a_configuration_says_its_method_itself(tmp_path: Path) -> None:
    """A second one could only contradict."""
    assert refused(configured(tmp_path), "--method", "irv").endswith("expected no --method")


def test_what_cannot_be_live_is_said_with_its_file(tmp_path: Path) -> None:
    """Somebody has to be asked about ties."""
    line = refused(configured(tmp_path, tiebreakMode="stopCountingAndAsk"))
    assert line.startswith(f"livecount: {tmp_path / 'tea_config.json'}: ")
    assert line.endswith("nobody can be asked about a tie in a live count")


def test_a_share_is_at_most_all(tmp_path: Path) -> None:
    """Nobody votes twice twice."""
    assert "--voids" in refused(ward(tmp_path), "--method", "irv", "--voids", "1.5")
