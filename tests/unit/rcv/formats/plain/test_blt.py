"""BLT: what each dialect says, and which line is named when one says nothing that can be read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.formats.plain import blt
from shared.rcv.formats.plain.text import load
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError
from tests.support.reference import data
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

ALGORITHM_123 = """4 2
-2
3 1 3 4 0
4 1 3 2 0
2 4 1 3 0
1 2 0
2 2 4 3 1 0
1 3 4 2 0
0
"Adam"
"Basil"
"Charlotte"
"Donald"
"Title"
"""
NAMES = '"Adam"\n"Basil"\n"Charlotte"\n"Title"\n'


def test_the_file_of_algorithm_123_is_read(tmp_path: Path) -> None:
    """The example by which the format was published, withdrawn candidate included."""
    file = read(tmp_path / "votes.blt", ALGORITHM_123)
    assert file.candidates == ("Adam", "Basil", "Charlotte", "Donald")
    assert (file.title, file.seats, file.excluded) == ("Title", 2, (1,))
    assert counts(file) == {"0>2>3": 3, "0>2>1": 4, "3>0>2": 2, "1": 1, "1>3>2>0": 2, "2>3>1": 1}


@pytest.mark.parametrize(
    "text",
    [
        " ".join(ALGORITHM_123.split("\n")),
        ALGORITHM_123.replace(" ", "\n"),
        ALGORITHM_123.replace("\n", "\r\n"),
        ALGORITHM_123.replace("\n", "\r"),
        "\ufeff" + ALGORITHM_123,
        "# by hand\n"
        + ALGORITHM_123.replace("4 2\n", "4 2 // seats\n\n").replace("\n0\n", "\n0 # the end\n"),
        ALGORITHM_123.replace("1 2 0\n", "/* one\npaper */ 1 2 0\n"),
        ALGORITHM_123.replace("3 1 3 4 0\n", "1 1 3 4 0\n2 1 3 4 0\n"),
        ALGORITHM_123.replace("\n1 2 0\n", "\n(ballot 7) 1 2 0\n[droop rule=meek]\n"),
        ALGORITHM_123.replace("4 2\n-2\n", "4 2\n[withdrawn 2]\n"),
        ALGORITHM_123.replace("4 2\n", "4 2,\n").replace("3 4 0\n", "3 4 0,\n"),
        ALGORITHM_123.replace(" 0\n", "\n"),
        ALGORITHM_123 + "\nNotes of the clerk:\nAdam 9\n3 4 0\n",
        ALGORITHM_123.replace('"Adam"\n"Basil"\n', '"Adam"   # two\n// names\n\n"Basil"\n'),
        ALGORITHM_123.replace('"', ""),
        ALGORITHM_123 + '"Our records"\n"Counted twice"\n',
    ],
)
def test_layout_and_comments_change_nothing(tmp_path: Path, text: str) -> None:
    """One ballot a line, several a line, one over several: the tokens are the same."""
    plain = read(tmp_path / "votes.blt", ALGORITHM_123)
    assert read(tmp_path / "votes.blt", text) == plain


def test_equal_and_blank_ranks_are_kept_as_marked(tmp_path: Path) -> None:
    """`=` joins, `-` skips, Hill's parentheses join too; blanks at the end are nothing."""
    file = read(tmp_path / "votes.blt", "3 1\n2 1=3 2 0\n1 - 2 - 0\n1 (3 1) 2 0\n5 0\n0\n" + NAMES)
    assert counts(file) == {"0=2>1": 3, ">1": 1, "": 5}


def test_a_candidate_ranked_twice_is_kept_as_marked(tmp_path: Path) -> None:
    """What it amounts to is the rule's business."""
    assert counts(read(tmp_path / "votes.blt", "3 1\n2 1 2 1 0\n0\n" + NAMES)) == {"0>1>0": 2}


def test_nicknames_stand_for_candidates(tmp_path: Path) -> None:
    """Droop's option, before the ballots that use it."""
    file = read(tmp_path / "votes.blt", "3 1\n[nick A B C]\n2 B A=C 0\n1 2 0\n0\n" + NAMES)
    assert counts(file) == {"1>0=2": 2, "1": 1}


def test_names_may_hold_quotes(tmp_path: Path) -> None:
    """Escaped by a backslash, doubled, or left alone within the quotes of a line of their own."""
    names = '"Robert \\"Bob\\" Smith"\n"Ann ""Nan"" Day"\n"James "Jim" Poe"\n"C:\\\\x"\n'
    assert read(tmp_path / "votes.blt", "3 1\n1 1 0\n0\n" + names).candidates == (
        'Robert "Bob" Smith',
        'Ann "Nan" Day',
        'James "Jim" Poe',
    )


def test_a_party_in_doubled_quotes_is_part_of_the_name(tmp_path: Path) -> None:
    """As the published files of Scottish councils have it, their titles bare."""
    file = read(
        tmp_path / "votes.blt", '2 3\n1 1 2 0\n0\n"Ann DAY ""Independent"""\n"Bob Poe"\nEilean a\' Cheò\n'
    )
    assert file.candidates == ('Ann DAY "Independent"', "Bob Poe")
    assert file.title == "Eilean a' Cheò"


def test_names_in_other_quotes_lose_them(tmp_path: Path) -> None:
    """Word processors turn straight quotes into pairs."""
    file = read(tmp_path / "votes.blt", "3 1\n1 1 0\n0\n“Adam”\n'Basil'\nCharlotte D\nA title\n")
    assert file.candidates == ("Adam", "Basil", "Charlotte D")
    assert file.title == "A title"


def test_names_of_the_last_century_are_read(tmp_path: Path) -> None:
    """ISO 8859-1 where UTF-8 it is not."""
    text = '2 1\n1 1 0\n0\n"Zoë"\n"André"\n'
    assert read(tmp_path / "votes.blt", text.encode("latin-1")) == read(tmp_path / "votes.blt", text)


def test_a_file_without_title_is_called_by_its_name(tmp_path: Path) -> None:
    """A title is wanted everywhere, and most files have one."""
    assert read(tmp_path / "votes.blt", '1 1\n1 1 0\n0\n"Adam"\n').title == "votes"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the number of candidates, found the end of the file"),
        ("x 2\n", "line 1: expected the number of candidates from 1 to 200, found 'x'"),
        ("0 2\n0\n", "line 1: expected the number of candidates from 1 to 200, found '0'"),
        ("201 2\n0\n", "line 1: expected the number of candidates from 1 to 200, found '201'"),
        ("5 1;\n0\n", "line 1: expected the number of seats from 1 to 200, found '1;'"),
        ("3\n\n0\n", "line 3: expected the number of seats from 1 to 200, found '0'"),
        (
            "3 1\n1.5 2 0\n0\n",
            "line 2: expected a ballot's weight, a whole number from 1 to 1000000000, found '1.5'",
        ),
        ("3 1\n1 2 0\n\n1 4 0\n0\n", "line 4: expected a candidate from 1 to 3, found '4'"),
        (
            "3 1\n1 2 0\n1 2 3\n",
            "line 3: expected a candidate, or 0 to end the ballot, found the end of the file",
        ),
        ("3 1\n1 2 0\n", "line 2: expected a ballot, or 0 after the last one, found the end of the file"),
        ("3 1\n1 2=2 0\n0\n", "line 2: expected a candidate once within a rank"),
        ("3 1\n1 2=x 0\n0\n", "line 2: expected a candidate from 1 to 3, found 'x'"),
        (
            "3 1\n1 2 0\n-3\n0\n",
            "line 3: expected a ballot's weight, a whole number from 1 to 1000000000, found '-3'",
        ),
        ("3 1\n-4\n0\n", "line 2: expected a candidate from 1 to 3, found '4'"),
        (
            "3 1\n[lines]\n0\n",
            "line 2: expected [nick …], [withdrawn …], [undeclared …], [tie …] or [droop …], found '[lines]'",
        ),
        ("3 1\n[nick A B]\n0\n", "line 2: expected 3 nicknames, found 2"),
        (
            "3 1\n[nick A B 2]\n0\n",
            "line 2: expected nicknames that differ, are no numbers and hold no =, found '2'",
        ),
        ("3 1\n(a) 2 3 0\n0\n", "line 2: expected the weight 1 after a ballot's id, found '2'"),
        (
            "3 1\n2 1 3\n1 2 3 0\n0\n",
            "line 2: expected 0 at the end of the ballot, as other lines have it",
        ),
        ("3 1\n1 1" + " -" * 200 + " 0\n0\n", "line 2: expected 0 after at most 200 ranks"),
        ('3 1\n1 2 0\n0\n"Adam"\n"Basil"\n', "line 5: expected 3 candidates' names, found 2"),
        ('3 1\n1 2 0\n0\n"Adam\n', "line 4: expected a name that ends in a quote, found '\"Adam'"),
        ('2 1\n1 2 0\n0\n"Adam"\n"Adam"\n', "line 5: expected another name, found 'Adam' a second time"),
        ('2 1\n1 2 0\n0\n"Adam"\n" "\n', "line 5: expected a candidate's name, found none"),
        (
            '1 1\n1 1 0\n0\n"' + "A" * 201 + '"\n',
            "line 4: expected a name of at most 200 characters, found 201",
        ),
        (
            '1 1\n1 1 0\n0\n"A"\n"B"\n"C"\n"D"\n"E"\n',
            "line 8: expected no more after 1 names, a title, a source and a comment",
        ),
        (b"\xff\xfe3\x00", "line 1: expected UTF-8, found UTF-16"),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    """One clear sentence: the line, what was expected, what was found."""
    path = tmp_path / "votes.blt"
    assert refusal(path, lambda: read(path, text)) == message


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """As everything else is: with its path."""
    path = tmp_path / "missing.blt"
    assert refusal(path, lambda: blt.read(path)).startswith("expected a file that can be read: ")


@pytest.mark.parametrize(("ward", "ballots"), [("craigton-2007.blt", 11_052), ("hillhead-2007.blt", 8_984)])
def test_a_scottish_ward_is_read_whole(ward: str, ballots: int) -> None:
    """Ten candidates, four seats, and as many valid ballots as the council published."""
    file = blt.read(data("stv", ward))
    assert (len(file.candidates), file.seats) == (10, 4)
    assert sum(ballot.ballots for ballot in file.ballots) == ballots


def outcome(act: Callable[[], BallotFile]) -> BallotFile | str:
    """Return what is read, or why nothing is."""
    try:
        return act()
    except FormatError as refused:
        return str(refused)


@given(
    st.lists(
        st.sampled_from(["1", "2", "3", "0", "-", "1=2", "10", "01", "\n", "0\n", "\n0\n", "x"]), max_size=30
    )
)
def test_both_readings_of_a_file_agree(tmp_path_factory: pytest.TempPathFactory, tokens: list[str]) -> None:
    """What the quick reading takes, the full one takes alike."""
    path = tmp_path_factory.mktemp("readings", numbered=True) / "votes.blt"
    ballots = " ".join(tokens).replace(" \n", "\n").replace("\n ", "\n")
    text = f"3 1\n{ballots}\n0\n{NAMES}"
    path.write_text(text)
    if blt.read_plain_body(text.encode()) is not None:
        assert outcome(lambda: blt.read(path)) == outcome(lambda: blt.read_in_full(path, load(path)))


def test_a_refused_contest_leaves_no_file(tmp_path: Path) -> None:
    """An overvote without names cannot be said in BLT, and nothing is half-written."""
    file = BallotFile("Title", ("Adam", "Basil"), (BallotGroup("0", 2), BallotGroup("0>*", 1)))
    path = tmp_path / "out.blt"
    assert refusal(path, lambda: blt.write(file, path)) == (
        "ballot '0>*' (1 ballots): BLT cannot say that a rank holds several candidates without naming them"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_quick_reading_is_the_one_that_wards_get() -> None:
    """Or the speed that is promised is not the speed that is had."""
    assert blt.read_plain_body(load(data("stv", "hillhead-2007.blt"))) is not None
