"""`livecount count`, from the shell."""

import json
from pathlib import Path
from typing import get_args

import pytest

from services.cli import options
from shared.contract.elections import Method, Rules, TieRule
from tests.unit.cli.front import WARD, livecount, shell, ward


def test_json_has_the_agreed_shape(tmp_path: Path) -> None:
    """The keys of the whole and of a stage, votes as text, seats from the file."""
    answer = shell("count", ward(tmp_path), "--method", "scottish-stv", "--json")
    shown = json.loads(answer.stdout)
    assert list(shown) == ["method", "seats", "candidates", "stages", "elected", "ties", "lot"]
    assert (shown["method"], shown["seats"], shown["lot"]) == ("scottish-stv", 2, "0")
    first = shown["stages"][0]
    assert first == {
        "stage": 1,
        "action": "First count",
        "quota": "9.00000",
        "votes": {
            "Ada Lovelace": "9.00000",
            "Basil Brown": "8.00000",
            "Clara Bow": "4.00000",
            "Dora Maar": "3.00000",
        },
        "nontransferable": "0.00000",
        "transfers": [],
        "elected": ["Ada Lovelace"],
        "eliminated": [],
    }
    assert shown["stages"][1]["transfers"] == [{"from": "Dora Maar", "to": "Clara Bow", "votes": "3.00000"}]


@pytest.mark.parametrize("method", get_args(options.MethodName))
def test_every_method_counts(tmp_path: Path, method: str) -> None:
    """And says who is elected, in JSON as on the screen."""
    file = ward(tmp_path)
    shown = json.loads(livecount("count", file, "--method", method, "--json").stdout)
    screen = livecount("count", file, "--method", method).stdout
    assert shown["elected"]
    assert all(f": {name}" in screen for name in shown["elected"])


def test_the_options_are_the_contracts() -> None:
    """Spelled twice, so that help need not import the contract."""
    assert set(get_args(options.MethodName)) == set(get_args(Method))
    assert set(get_args(options.TieName)) == set(get_args(TieRule))


def test_somebody_drops_out(tmp_path: Path) -> None:
    """Without Ada her ballots are Basil's, who has more than half at once."""
    answer = livecount("count", ward(tmp_path), "--method", "irv", "--exclude", "ADA lovelace", "--json")
    shown = json.loads(answer.stdout)
    assert shown["elected"] == ["Basil Brown"]
    assert len(shown["stages"]) == 1
    assert shown["stages"][0]["votes"]["Basil Brown"] == "17"


def test_switches_reach_the_rules(tmp_path: Path) -> None:
    """Two more fall where the last two are asked for; one rank is read where only one is allowed."""
    file = ward(tmp_path, WARD.replace("9 1 2 0", "19 1 2 0"))
    stages = [
        len(json.loads(livecount("count", file, "--method", "irv", "--json", *more).stdout)["stages"])
        for more in ((), ("--last-two",))
    ]
    assert stages == [1, 4]
    one_rank = livecount("count", ward(tmp_path), "--method", "irv", "--max-ranks", "1", "--json")
    assert json.loads(one_rank.stdout)["stages"][-1]["nontransferable"] == "7"


def test_the_screen_says_what_each_round_decides(tmp_path: Path) -> None:
    """Plain text without colours where nobody watches."""
    answer = livecount("count", ward(tmp_path), "--method", "irv", columns=140)
    assert answer.exit_code == 0
    assert "\x1b" not in answer.stdout
    assert (
        "Dora Maar is eliminated with 3 votes, 1 behind the next. All of these votes go to Clara Bow."
        in answer.stdout
    )


def test_sections_have_shares(tmp_path: Path) -> None:
    """Two sections, the first of which weighs three times the second."""
    file = tmp_path / "tea.csv"
    file.write_text("count,section,rank1\n1,adults,Ada\n9,children,Basil\n")
    answer = livecount(
        "count",
        file,
        "--method",
        "electoral-college",
        "--share",
        "adults=3",
        "--share",
        "children=1",
        "--json",
    )
    (stage,) = json.loads(answer.stdout)["stages"]
    assert stage["scores"] == {"Ada": "75.00000", "Basil": "25.00000"}
    assert stage["sections"] == {"adults": {"Ada": "1", "Basil": "0"}, "children": {"Ada": "0", "Basil": "9"}}


BAD = {
    "a line": (WARD.replace("8 2 1 0", "8 2 7 0"), ("--method", "irv"), "line 3"),
    "a method": (WARD, ("--method", "borda"), "'borda' is not one of 'plurality'"),
    "seats": (WARD, ("--method", "irv", "--seats", "2"), "irv elects one, found seats = 2"),
    "a name": (WARD, ("--method", "irv", "--exclude", "Bazil Brown"), "did you mean 'Basil Brown'?"),
    "a share": (WARD, ("--method", "electoral-college", "--share", "x"), "expected SECTION=N"),
    "a lot": (WARD, ("--method", "irv", "--ties", "random", "--seed", "tea"), "found lot 'tea'"),
    "an option": (WARD, ("--method", "irv", "--colour"), "No such option: --colour"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_one_line_and_exit_2(tmp_path: Path, what: str) -> None:
    """Each kind of mistake, with nothing on standard output."""
    text, words, expected = BAD[what]
    answer = livecount("count", ward(tmp_path, text), *words)
    assert (answer.exit_code, answer.stdout) == (2, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith("livecount: ")
    assert expected in line
    assert "Value error" not in line


def test_an_error_in_a_file_names_the_file(tmp_path: Path) -> None:
    """Also one that is no file at all."""
    for file in (tmp_path / "none.blt", ward(tmp_path, "4 2\n9 1 2\n")):
        answer = shell("count", file, "--method", "irv")
        assert answer.stderr.startswith(f"livecount: {file}: ")


def test_a_tie_that_somebody_must_break_is_named_where_nobody_can(tmp_path: Path) -> None:
    """The round and the candidates; standard input is no terminal here, and says nothing."""
    file = ward(tmp_path, WARD.replace("4 3 2 0", "3 3 2 0"))
    answer = shell("count", file, "--method", "irv", "--ties", "ask", typed="")
    assert answer.exit_code == 2
    assert "round 1" in answer.stderr
    assert "Clara Bow" in answer.stderr
    assert "Dora Maar" in answer.stderr


def test_a_tie_is_answered_on_a_pipe_by_name_or_number(tmp_path: Path) -> None:
    """Clara and Dora are level with three votes; a name that is not level is refused."""
    file = ward(tmp_path, WARD.replace("4 3 2 0", "3 3 2 0"))
    asked = ("count", file, "--method", "irv", "--ties", "ask", "--json")
    by_name, by_number = (
        json.loads(shell(*asked, typed=f"{typed}\n").stdout) for typed in ("dora maar", "2")
    )
    assert by_name == by_number
    assert by_name["ties"][0]["picked"] == "Dora Maar"
    refused = shell(*asked, typed="Ada Lovelace\n")
    assert refused.exit_code == 2
    assert "expected a candidate who is level in round 1, found 'Ada Lovelace'" in refused.stderr


def test_an_answer_that_is_a_name_and_another_ones_number_is_refused(tmp_path: Path) -> None:
    """Candidates may be called by numbers: "2" would be the second of those who are level, or the one of that name."""
    file = ward(tmp_path, '3 1\n5 1 0\n3 2 0\n3 3 0\n0\n"9"\n"2"\n"3"\n')
    asked = ("count", file, "--method", "irv", "--ties", "ask", "--json")
    refused = shell(*asked, typed="2\n")
    assert refused.exit_code == 2
    assert "round 1: 2 is a name, and the number of '3': it may be either" in refused.stderr


def test_all_names_that_are_not_there_are_refused_at_once(tmp_path: Path) -> None:
    """Each with what is nearest; a file of lots that is not there, too."""
    file = ward(tmp_path, WARD)
    refused = shell("count", file, "--method", "irv", "--withdraw", "Clara Bov", "--write-in", "Dora Mar")
    for said in (
        "candidate to withdraw [--withdraw], found 'Clara Bov'; did you mean 'Clara Bow'?",
        "candidate to write in [--write-in], found 'Dora Mar'; did you mean 'Dora Maar'?",
    ):
        assert said in refused.stderr
    refused = shell("count", file, "--method", "irv", "--tie", "lots.txt")
    assert "--tie: expected a candidate, found 'lots.txt'" in refused.stderr
    assert "nor is there a file of lots 'lots.txt'" in refused.stderr


def test_a_published_count_settles_its_own_ties(tmp_path: Path) -> None:
    """Its JSON is given back: the same count, though the lot of another seed would fall otherwise."""
    file = ward(tmp_path, WARD.replace("4 3 2 0", "3 3 2 0"))
    published = tmp_path / "published.json"
    picked = set()
    for seed in map(str, range(8)):
        first = livecount("count", file, "--method", "irv", "--seed", seed, "--json").stdout
        published.write_text(first)
        again = json.loads(
            livecount("count", file, "--method", "irv", "--tie", str(published), "--json").stdout
        )
        assert again["stages"] == json.loads(first)["stages"]
        picked.add(again["ties"][0]["picked"])
    assert picked == {"Clara Bow", "Dora Maar"}


def test_every_rule_of_a_contest_is_an_option() -> None:
    """By its name; going on to the last two has a flag of its own."""
    assert set(Rules.model_fields) - {"finish"} <= set(options.OPTIONS)
    assert "last_two" in options.OPTIONS
