"""Pabulib's files: read, written and read back; what cannot be as it stands is refused with its line."""

from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.budget.ballots import BudgetVote, Choice, Kind, Project
from shared.rcv.formats.plain import pabulib
from tests.unit.rcv.formats.plain.reading import refusal

FILE = """META
key;value
description;Town 2026
num_projects;3
num_votes;3
budget;100
vote_type;approval
max_length;2
PROJECTS
project_id;cost;votes;name
park;60;2;A park
path;40.50;2;"A path; and a bench"
pool;90;0;A pool
VOTES
voter_id;age;vote
1;30;park,path
2;;path,park
x;55;
"""


def read(folder: Path, text: str | bytes) -> BudgetVote:
    """Return what a file with this text says."""
    (folder / "b.pb").write_bytes(text if isinstance(text, bytes) else text.encode())
    return pabulib.read(folder / "b.pb")


def test_a_file_is_read(tmp_path: Path) -> None:
    """Equal ballots are merged; a blank ballot is one; further columns are passed over."""
    vote = read(tmp_path, FILE)
    assert (vote.title, vote.budget, vote.kind, vote.ballots) == ("Town 2026", Fraction(100), "approval", 3)
    assert vote.projects == (
        Project("park", "A park", Fraction(60)),
        Project("path", "A path; and a bench", Fraction("40.5")),
        Project("pool", "A pool", Fraction(90)),
    )
    assert vote.choices == (Choice((0, 1), (), 2), Choice((), (), 1))


def test_line_ends_a_byte_order_mark_and_capitals_mean_nothing(tmp_path: Path) -> None:
    """As spreadsheets write them."""
    same = "\ufeff" + FILE.replace("META", "meta;").replace("PROJECTS", "Projects").replace("\n", "\r\n")
    assert read(tmp_path, same) == read(tmp_path, FILE)


def test_ranks_and_points_are_read(tmp_path: Path) -> None:
    """Ranked projects stay in their order; no points are no wish."""
    ranked = read(tmp_path, FILE.replace("approval", "ordinal"))
    assert [choice.projects for choice in ranked.choices] == [(0, 1), (1, 0), ()]
    assert ranked.worth(ranked.choices[1]) == {1: 2, 0: 1}
    scored = FILE.replace("approval", "cumulative").replace("age;vote", "points;vote")
    scored = scored.replace("1;30;", "1;3,0;").replace("2;;", "2;1,3;").replace("x;55;", "x;;")
    vote = read(tmp_path, scored)
    assert vote.choices == (
        Choice((0,), (Fraction(3),), 1),
        Choice((0, 1), (Fraction(3), Fraction(1)), 1),
        Choice((), (), 1),
    )


@pytest.mark.parametrize(
    ("sound", "damaged", "message"),
    [
        ("META\n", "", "line 1: expected META, found 'key'"),
        ("PROJECTS\n", "VOTES\n", "line 9: expected META, PROJECTS and VOTES, once each and in this order"),
        ("VOTES\n", "", "line 14: expected 4 cells, found 3"),
        ("num_votes;3", "num_votes;4", "line 5: expected 4 as declared [num_votes], found 3"),
        ("num_projects;3", "num_projects;2", "line 4: expected 2 as declared [num_projects], found 3"),
        ("budget;100\n", "budget;1.000\n", "line 6: budget: expected an amount that is not in doubt, such as 1200 or 1200.50, found '1.000'"),
        ("num_votes;3", "budget;3", "line 6: expected budget once"),
        ("budget;100", "budget;1,000", "line 6: budget: expected an amount above 0, such as 1200 or 1200.50, found '1,000'"),
        ("budget;100\n", "", "line 1: budget: expected an amount above 0, such as 1200 or 1200.50, found ''"),
        ("park;60", "park;0", "line 11: cost: expected an amount above 0, such as 1200 or 1200.50, found '0'"),
        ("park;60", "park;-6", "line 11: cost: expected an amount above 0, such as 1200 or 1200.50, found '-6'"),
        ("park;60", "path;60", "line 12: expected a project_id of its own without a comma, found 'path'"),
        ("60;2;A park", "60;1;A park", "line 11: expected 1 votes as declared, found 2"),
        ("1;30;park,path", "1;30;park,tree", "line 16: expected projects of the section PROJECTS, found 'tree'"),
        ("1;30;park,path", "1;30;park,park", "line 16: expected a project once on a ballot"),
        ("1;30;park,path", "1;30;park,path,pool", "line 16: expected 0 to 2 projects on a ballot, found 3"),
        ("2;;path", "1;;path", "line 17: expected a voter_id of its own, found '1'"),
        ("2;;path", ";;path", "line 17: expected a voter_id of its own, found ''"),
        ("x;55;", "x;55", "line 18: expected 3 cells, found 2"),
        ("age;vote", "vote;vote", "line 15: expected columns that differ, found voter_id;vote;vote"),
        ("approval", "approvals", "line 7: expected vote_type approval, choose-1, ordinal, cumulative, scoring, found 'approvals'"),
        ("approval", "scoring", "line 16: expected points, 0 or more, for each of 2 projects, found ''"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(tmp_path: Path, sound: str, damaged: str, message: str) -> None:
    """With its line, and what was expected."""
    assert FILE.count(sound) == 1
    assert refusal(tmp_path / "b.pb", lambda: read(tmp_path, FILE.replace(sound, damaged))) == message


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """UTF-16, other bytes, an open quote."""
    assert "found UTF-16" in refusal(tmp_path / "b.pb", lambda: read(tmp_path, FILE.encode("utf-16")))
    assert "found byte 0xe9" in refusal(
        tmp_path / "b.pb", lambda: read(tmp_path, FILE.replace("Town", "T\u00e9").encode("latin-1"))
    )
    assert "expected cells of CSV" in refusal(
        tmp_path / "b.pb", lambda: read(tmp_path, FILE.replace('bench"', "bench"))
    )


amounts = st.integers(1, 10**6).map(lambda hundredths: Fraction(hundredths, 100))
ids = st.text("abcXYZ019_-;\"' ", min_size=1, max_size=5).map(str.strip).filter(bool)


@st.composite
def votes(draw: st.DrawFn) -> BudgetVote:
    """Draw a vote of any kind, in the spelling that a reader gives."""
    kind: Kind = draw(st.sampled_from(get_args(Kind)))
    named = draw(st.lists(ids, min_size=1, max_size=5, unique=True))
    places = st.lists(st.integers(0, len(named) - 1), max_size=1 if kind == "choose-1" else 5, unique=True)
    each: dict[tuple[tuple[int, ...], tuple[Fraction, ...]], int] = {}
    for wanted in draw(st.lists(places, max_size=6)):
        order = tuple(wanted if kind == "ordinal" else sorted(wanted))
        points = tuple(draw(amounts) for _ in order) if kind in ("cumulative", "scoring") else ()
        each[order, points] = each.get((order, points), 0) + 1
    return BudgetVote(
        draw(ids),
        draw(amounts),
        kind,
        tuple(Project(number, draw(ids), draw(amounts)) for number in named),
        tuple(Choice(order, points, ballots) for (order, points), ballots in each.items()),
        len(named) if kind == "ordinal" else 0,
    )


@given(votes())
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, vote: BudgetVote) -> None:
    """All of it, for every kind of ballot."""
    path = tmp_path_factory.mktemp("budgets", numbered=True) / "b.pb"
    pabulib.write(vote, path)
    assert pabulib.read(path) == vote
