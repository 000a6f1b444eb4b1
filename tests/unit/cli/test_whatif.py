"""`livecount whatif`, from the shell: who drops out, who meets whom in the final, what is safe."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.front import livecount, shell, ward

IRV = ("--method", "irv")


def answers(folder: Path, *asked: str, method: str = "irv") -> Any:
    """Return what the command answers as JSON."""
    return json.loads(livecount("whatif", ward(folder), "--method", method, *asked, "--json").stdout)


def test_without_a_question_everything_is_answered(tmp_path: Path) -> None:
    """Each drop-out alone, all six finals, what is safe, how close it is."""
    answer = shell("whatif", ward(tmp_path), *IRV)
    assert answer.exit_code == 0
    for line in (
        "As the ballots are, Basil Brown is elected.",
        "Basil Brown    Ada Lovelace is elected instead   Ada Lovelace 8",
        "Basil Brown wins every final: the Condorcet winner.",
        "2 further ballots could change who is eliminated or elected first.",
    ):
        assert line in answer.stdout
    assert answer.stdout.count("beats") == 6


def test_json_has_an_answer_for_each_question(tmp_path: Path) -> None:
    """Votes are text, like those of a count."""
    shown = answers(tmp_path)
    assert list(shown) == ["method", "seats", "candidates", "elected", "drop", "pairs", "safe", "close"]
    assert shown["drop"][3] == {
        "candidates": ["Dora Maar"],
        "elected": ["Basil Brown"],
        "transfers": [{"from": "Dora Maar", "to": "Clara Bow", "votes": "3"}],
    }
    assert shown["pairs"]["condorcet"] == "Basil Brown"
    assert shown["pairs"]["finals"][0] == {
        "candidates": ["Ada Lovelace", "Basil Brown"],
        "votes": ["9", "12"],
        "neither": "3",
        "winner": "Basil Brown",
    }
    assert shown["close"] == {"changes_needed": 2, "votes_needed": {"Dora Maar": 2, "Clara Bow": 2}}


def test_several_drop_out_together(tmp_path: Path) -> None:
    """Without Basil and Clara: Basil's eight go to Ada, Clara's four to Basil no more but to nobody."""
    (drop,) = answers(tmp_path, "--drop", "basil brown", "--drop", "Clara Bow")["drop"]
    assert drop["candidates"] == ["Basil Brown", "Clara Bow"]
    assert drop["elected"] == ["Ada Lovelace"]
    assert drop["transfers"] == [
        {"from": "Basil Brown", "to": "Ada Lovelace", "votes": "8"},
        {"from": "Clara Bow", "to": None, "votes": "4", "why": "choices"},
    ]


@pytest.mark.parametrize(("outstanding", "elected"), [("7", "Jo"), ("8", None)])
def test_a_lead_is_safe_while_the_outstanding_ballots_cannot_reach_it(
    tmp_path: Path, outstanding: str, elected: str | None
) -> None:
    """Jo has 11 of 14: with 7 outstanding that is more than half of 21, with 8 just half of 22."""
    file = ward(tmp_path, '2 1\n11 1 0\n3 2 0\n0\n"Jo"\n"Mo"\n"Two"\n')
    shown = json.loads(livecount("whatif", file, *IRV, "--safe", outstanding, "--json").stdout)["safe"]
    assert (shown["elected"], shown["leader"], shown["votes"]) == (elected, "Jo", "11")
    assert (shown["of"], shown["up_to"]) == (str(14 + int(outstanding)), 7)
    printed = " ".join(livecount("whatif", file, *IRV, "--safe", outstanding).stdout.split())
    assert ("Jo is certain to be elected: 11 votes" in printed) == (elected is not None)
    assert "Jo is certain to be elected with up to 7 further ballots" in printed


def test_a_call_says_why_it_is_safe(tmp_path: Path) -> None:
    """Liz has 3: with 3 outstanding she cannot reach the 20 that Mo has at least."""
    file = ward(tmp_path, '3 1\n22 1 0\n20 2 0\n3 3 2 0\n0\n"Jo"\n"Mo"\n"Liz"\n"Three"\n')
    printed = " ".join(livecount("whatif", file, *IRV, "--safe", "3").stdout.split())
    assert (
        "with every outstanding ballot Liz has 6 at most, and each of the others has 20 at least" in printed
    )


def test_a_circle_has_no_condorcet_winner(tmp_path: Path) -> None:
    """Each beats the next: two to one."""
    file = ward(tmp_path, '3 1\n1 1 2 3 0\n1 2 3 1 0\n1 3 1 2 0\n0\n"A"\n"B"\n"C"\n"Circle"\n')
    assert "no Condorcet winner" in livecount("whatif", file, *IRV, "--pairs").stdout
    assert (
        json.loads(livecount("whatif", file, *IRV, "--pairs", "--json").stdout)["pairs"]["condorcet"] is None
    )


def test_an_audit_learns_what_to_confirm(tmp_path: Path) -> None:
    """By hand: 24 ballots AB 9, BA 8, CB 4, DC 3; Basil has 12 and Ada 9 in the end, so 3 / 2 rounded up: 2 ballots.

    Clara, with 4, keeps less than Ada's 9 in any order: at most 4 + 3 name her before Ada. Nor does Dora, with 3.
    Ada last is contradicted by Basil's 12 to 9; of a risk limit of 10%: ln 0.1 / ln(1 - 3/24 / 2.0781) = 37.1, so all 24.
    """
    shown = json.loads(livecount("audit", "assertions", ward(tmp_path), *IRV, "--json").stdout)
    assert (shown["risk_limit"], shown["Ballots involved in audit (#)"]) == (0.1, "24")
    (audited,) = shown["audits"]
    assert (audited["winner"], audited["eliminated"]) == (
        "Basil Brown",
        ["Ada Lovelace", "Clara Bow", "Dora Maar"],
    )
    last_two = {
        "winner": "Basil Brown",
        "loser": "Ada Lovelace",
        "already_eliminated": ["Clara Bow", "Dora Maar"],
        "assertion_type": "IRV_ELIMINATION",
        "explanation": "Basil Brown has more votes than Ada Lovelace as the last two",
        "votes": [12, 9],
        "margin": 3,
        "comparison_sample": 24,
        "polling_sample": 24,
    }
    assert last_two in audited["assertions"]
    printed = " ".join(livecount("audit", "assertions", ward(tmp_path), *IRV).stdout.split())
    assert "Basil Brown is elected if" in printed


@pytest.mark.parametrize(
    ("ballots", "method", "words"),
    [
        ('2 1\n3 1 0\n3 2 0\n0\n"Jo"\n"Mo"\n"Two"\n', "irv", "a tie decides who is elected"),
        ('2 1\n3 1 0\n2 2 0\n0\n"Jo"\n"Mo"\n"Two"\n', "meek", "expected an instant run-off"),
        ('2 1\n3 0\n0\n"Jo"\n"Mo"\n"Two"\n', "irv", "nobody has votes"),
    ],
)
def test_what_no_audit_can_confirm_is_refused(tmp_path: Path, ballots: str, method: str, words: str) -> None:
    """With the reason."""
    answer = livecount("audit", "assertions", ward(tmp_path, ballots), "--method", method)
    assert answer.exit_code == 2
    assert words in answer.stderr


def test_several_seats_have_drop_outs_and_finals_but_no_calls(tmp_path: Path) -> None:
    """What is safe is proved of instant run-offs only, and votes in parts are no ballots."""
    shown = answers(tmp_path, method="scottish-stv")
    assert list(shown) == ["method", "seats", "candidates", "elected", "drop", "pairs"]
    assert shown["drop"][0]["elected"] == ["Basil Brown", "Clara Bow"]


def test_count_adds_what_if_when_it_is_asked_to(tmp_path: Path) -> None:
    """In JSON beside the stages; on the screen below the count."""
    counted = json.loads(livecount("count", ward(tmp_path), *IRV, "--whatif", "--json").stdout)
    alone = answers(tmp_path)
    assert counted["whatif"] == {name: alone[name] for name in ("elected", "drop", "pairs", "safe", "close")}
    assert "Every possible final" in livecount("count", ward(tmp_path), *IRV, "--whatif").stdout


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--method", "irv", "--drop", "Eva"), "expected a candidate, found 'Eva'"),
        (("--method", "meek", "--safe", "3"), "--safe: expected --method irv without a minimum of votes"),
        (("--method", "irv", "--minimum-votes", "2", "--safe", "3"), "--safe: expected --method irv without"),
        (("--method", "irv", "--safe", "-1"), "Input should be greater than or equal to 0"),
        (
            (
                "--method",
                "irv",
                *(
                    word
                    for name in ("Ada Lovelace", "Basil Brown", "Clara Bow", "Dora Maar")
                    for word in ("--drop", name)
                ),
            ),
            "nobody would be left to be elected",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(tmp_path: Path, asked: tuple[str, ...], words: str) -> None:
    """One line that says what was expected, exit code 2, and nothing on standard output."""
    answer = livecount("whatif", ward(tmp_path), *asked)
    assert answer.exit_code == 2
    assert words in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not answer.stdout
