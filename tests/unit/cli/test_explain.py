"""`livecount explain`, from the shell."""

import json
from pathlib import Path

from tests.unit.cli.front import livecount, ward


def test_a_ranking_is_followed_through_the_rounds(tmp_path: Path) -> None:
    """Where it was, why it went, what became of it."""
    answer = livecount(
        "explain", ward(tmp_path), "--method", "irv", "--ranking", "dora maar > basil brown", columns=120
    )
    assert answer.exit_code == 0
    assert "Dora Maar is eliminated; second choice is Basil Brown" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("In the end this vote counts for Basil Brown")


FINAL_SURPLUS = """3 2
9 1 3 0
8 2 3 0
3 3 0
0
"Ash"
"Birch"
"Cedar"
"Final surplus"
"""
"""Quota 7: what Ash and Birch have above it is not needed, though every ballot could still name Cedar."""


def test_votes_that_nobody_needs_are_not_called_exhausted(tmp_path: Path) -> None:
    """An eighth of Birch's vote rests because the seats are filled: in the sentence, the table and the JSON."""
    file = ward(tmp_path, FINAL_SURPLUS)
    asked = (file, "--method", "stv-wigm")
    explained = livecount("explain", *asked, "--ranking", "Birch > Cedar", columns=200).stdout
    assert "0.1250" in explained
    assert "all seats are filled" in explained
    assert "ranks no other" not in explained
    counted = livecount("count", *asked, columns=200).stdout
    assert "Not needed: all" in counted  # a label of two lines
    assert "seats are filled" in counted
    assert "3 votes, are not needed: all seats are filled." in " ".join(counted.split())
    assert "No further choice" not in counted
    last = json.loads(livecount("count", *asked, "--json").stdout)["stages"][-1]
    unneeded = [(t["from"], t["votes"]) for t in last["transfers"] if t.get("why") == "surplus"]
    assert unneeded == [("Ash", "1.9998"), ("Birch", "1.0000")]
    assert {t["why"] for t in last["transfers"]} == {"surplus", "residue"}


def test_a_ballot_of_the_file_is_followed(tmp_path: Path) -> None:
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


def test_a_section_beside_a_ballot_is_refused(tmp_path: Path) -> None:
    """A ballot of the file has its own."""
    answer = livecount("explain", ward(tmp_path), "--method", "irv", "--ballot", "1", "--section", "x")
    assert answer.exit_code == 2
    assert "--section: expected --ranking beside it" in answer.stderr
