"""`livecount explain`, from the shell."""

from pathlib import Path

from tests.unit.cli.front import livecount, ward


def test_a_ranking_is_followed_through_the_rounds(tmp_path: Path) -> None:
    """Where it was, why it went, what became of it."""
    answer = livecount(
        "explain", ward(tmp_path), "--method", "irv", "--ranking", "dora maar > basil brown", columns=120
    )
    assert answer.exit_code == 0
    assert "Dora Maar is out; second choice is Basil Brown" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("In the end this vote counts for Basil Brown")


def test_a_paper_of_the_file_is_followed(tmp_path: Path) -> None:
    """Number 24 is the last: Dora, then Clara."""
    answer = livecount("explain", ward(tmp_path), "--method", "irv", "--ballot", "24", columns=120)
    assert answer.stdout.splitlines()[1] == "Dora Maar > Clara Bow"


def test_a_name_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With the file's name and the nearest one."""
    file = ward(tmp_path)
    answer = livecount("explain", file, "--method", "irv", "--ranking", "Dora Mar")
    assert answer.exit_code == 2
    assert answer.stderr == (
        f"livecount: {file}: expected a candidate, found 'Dora Mar'; did you mean 'Dora Maar'?\n"
    )
