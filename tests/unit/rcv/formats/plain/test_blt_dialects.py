"""BLT's dialects contradict one another: what can be read in two ways is refused, everything else has its one reading."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.formats.records import FormatError
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

NAMES = '"Adam"\n"Basil"\n"Clara"\n"Title"\n'


def test_a_0_is_a_blank_rank_where_it_can_be_nothing_else(tmp_path: Path) -> None:
    """Two in a row would end the ballots if they were not: so does Stack Exchange publish its elections."""
    file = read(tmp_path / "votes.blt", "3 1\n1 0 0 1 0\n1 0 2 3 0\n2 1 0\n1 0\n0\n" + NAMES)
    assert counts(file) == {">>0": 1, ">1>2": 1, "0": 2, "": 1}


@pytest.mark.parametrize(
    ("ballots", "line"),
    [
        ("1 1 2 0\n1 0 3 2 0\n2 3 0\n", 3),
        ("1 1 2 0\n2 3 0 1 2 0\n", 3),
        ("1 0 3 2 0\n1 0 3 1 0\n", 2),
        ("2 1 0\n1 2 0 3 0\n1 0\n", 3),
    ],
)
def test_a_0_inside_a_line_is_not_guessed(tmp_path: Path, ballots: str, line: int) -> None:
    """It may be a blank rank, or the end of one ballot beside another."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, f"3 1\n{ballots}0\n{NAMES}"))
    assert message == (
        f"line {line}: expected - for a blank rank, or a line for each ballot: a 0 inside a line can mean either"
    )


def test_several_ballots_on_a_line_among_others_are_not_guessed(tmp_path: Path) -> None:
    """Even where they cannot be one ballot: the other lines hold one each, so something is wrong."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, f"3 1\n1 1 0\n1 2 0 9 3 0\n1 2 0\n0\n{NAMES}"))
    assert message == "line 3: expected one ballot on the line, ended by 0, as other lines have it"


def test_noughts_may_be_missing_where_lines_end(tmp_path: Path) -> None:
    """On all lines: OpenTally's way."""
    file = read(tmp_path / "votes.blt", "3 1\n5 1 2\n4 2\n3 3 - 2=1\n1\n0\n" + NAMES)
    assert counts(file) == {"0>1": 5, "1": 4, "2>>0=1": 3, "": 1}


@pytest.mark.parametrize(
    ("ballots", "line"),
    [("1 1 2 0\n2 3\n1 2 0\n", 3), ("1 1 2\n2 3 0\n1 2 0\n", 2), ("9 3\n9 1\n1 2 0\n", 2)],
)
def test_a_single_missing_0_is_named_where_it_is_missing(tmp_path: Path, ballots: str, line: int) -> None:
    """And not where the numbers stop making sense."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, f"3 1\n{ballots}0\n{NAMES}"))
    assert message == f"line {line}: expected 0 at the end of the ballot, as other lines have it"


@pytest.mark.parametrize(
    ("ballots", "found"),
    [("1 1 0\n0\n0\n", "0"), ("1 1 0\n0\n2 3 0\n", "2 3 0"), ("1 1 0\n0\n1 2\n0\n", "1 2")],
)
def test_a_number_is_no_name(tmp_path: Path, ballots: str, found: str) -> None:
    """Unless it stands in quotes: more likely it is a ballot behind the 0 that ends them, or one 0 too many."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, f"3 1\n{ballots}{NAMES}"))
    assert message == f"line 4: expected a candidate's name, found {found!r}; in quotes it would be one"
    assert read(path, '1 1\n1 1 0\n0\n"0"\n').candidates == ("0",)


def test_a_party_may_stand_beside_each_name(tmp_path: Path) -> None:
    """As in files of Scottish councils from 2022 on."""
    ballots = "2 1\n5 1 0\n7 2 0\n0\n"
    file = read(tmp_path / "votes.blt", f'{ballots}"Ann Day" "Hill Party"\n"Bob Poe" "Lake (L)"\n"Ward 3"\n')
    assert (file.candidates, file.title) == (("Ann Day (Hill Party)", "Bob Poe, Lake (L)"), "Ward 3")
    many = '"A" "p"\n"B" "q"\n"C"\n"D" "r"\n"E" "s"\nWard 4\nCounted twice\n'
    file = read(tmp_path / "votes.blt", "5 1\n1 1 0\n0\n" + many)
    assert (file.candidates, file.title) == (("A (p)", "B (q)", "C", "D (r)", "E (s)"), "Ward 4")


def test_names_may_share_lines(tmp_path: Path) -> None:
    """All on one, or some on each."""
    path = tmp_path / "votes.blt"
    for names in ('"A" "B" "C" "T"\n', '"A"\n"B" "C"\n"T"\n', '"A" "B"\n"C" "T"\n', '"A", "B", "C"\n"T"\n'):
        file = read(path, "3 1\n1 1 0\n0\n" + names)
        assert (file.candidates, file.title) == (("A", "B", "C"), "T")


@pytest.mark.parametrize(
    "names",
    ['"A" "p"\n"B"\n"C"\n"T"\n', '"A" "p"\n"B" "q"\n"C" "r"\n'],
)
def test_names_that_may_be_parties_are_not_guessed(tmp_path: Path, names: str) -> None:
    """Where both ways there are names enough."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, "3 1\n1 1 0\n0\n" + names))
    assert message == "line 4: expected a line for each name: these may be two, or a name and a party"


@pytest.mark.parametrize(
    "notes",
    [
        "\nNotes:\nAdam 9\n",
        "Adam 9\n3 1 0\nCounted\ntwice\nthrice\n",
        '"Source"\n\n"Adam" 9\n"unended\n',
        "\n0\n",
    ],
)
def test_notes_may_follow_the_title(tmp_path: Path, notes: str) -> None:
    """They are nobody's votes."""
    plain = read(tmp_path / "votes.blt", "3 1\n5 3 1 0\n0\n" + NAMES)
    assert read(tmp_path / "votes.blt", "3 1\n5 3 1 0\n0\n" + NAMES + notes) == plain


def test_notes_follow_bare_names_after_a_gap(tmp_path: Path) -> None:
    """Without quotes it is the blank line that divides the title from the notes."""
    file = read(tmp_path / "votes.blt", "2 1\n5 1 0\n0\nAdam\nBasil\nTitle\n\nAdam 5\nBasil 0\nx\ny\nz\n")
    assert (file.candidates, file.title) == (("Adam", "Basil"), "Title")


def test_droops_options_are_read(tmp_path: Path) -> None:
    """By number or by nickname: withdrawn, undeclared, and the order of ties."""
    options = "[nick a b c]\n[withdrawn b]\n[undeclared 3]\n[tie c a b]\n"
    file = read(tmp_path / "votes.blt", f"3 1\n{options}2 a c 0\n0\n{NAMES}")
    assert (file.excluded, file.write_ins, file.tie_order) == ((1,), (2,), (2, 0, 1))
    assert counts(file) == {"0>2": 2}


def test_numbers_may_be_padded_to_one_length(tmp_path: Path) -> None:
    """07 of 12 is 7; 07 of 9 is a slip."""
    names = "".join(f'"N{number}"\n' for number in range(1, 13))
    assert counts(read(tmp_path / "votes.blt", f"12 1\n3 07 12 0\n0\n{names}")) == {"6>11": 3}
    path = tmp_path / "votes.blt"
    assert refusal(path, lambda: read(path, f"3 1\n3 02 1 0\n0\n{NAMES}")).startswith(
        "line 2: expected a candidate"
    )


def test_names_may_stand_in_comments(tmp_path: Path) -> None:
    """As PrefLib's files have them, where a file has no others."""
    named = "# ALTERNATIVE NAME 1: Adam\n# ALTERNATIVE NAME 2: Basil\n"
    file = read(tmp_path / "votes.blt", f"{named}2 1\n3 2 0\n0\n")
    assert (file.candidates, counts(file)) == (("Adam", "Basil"), {"1": 3})
    assert read(tmp_path / "votes.blt", f'{named}2 1\n3 2 0\n0\n"A"\n"B"\n').candidates == ("A", "B")
    path = tmp_path / "votes.blt"
    assert refusal(path, lambda: read(path, f"{named}3 1\n3 2 0\n0\n")).startswith(
        "line 5: expected 3 candidates"
    )


BALLOT = st.lists(st.sampled_from(["1", "2", "3", "-", "1=3"]), max_size=4).map(" ".join)
EDIT = st.sampled_from(["", "0", " 0", "0 ", " ", "\n", "1", "2 ", "-", "=", "9", "\n0\n", " 0 2 "])


@given(st.lists(BALLOT, min_size=3, max_size=6), st.integers(0, 200), st.integers(0, 2), EDIT)
def test_an_edit_never_turns_one_ballot_into_several(
    tmp_path_factory: pytest.TempPathFactory, ballots: list[str], at: int, cut: int, put: str
) -> None:
    """One change anywhere among the ballots: the file is refused, or each of its lines is still one ballot."""
    lines = "".join(f"{weight} {ballot} 0\n" for weight, ballot in enumerate(ballots, 1))
    at %= len(lines)
    edited = lines[:at] + put + lines[at + cut :]
    path = tmp_path_factory.mktemp("edits", numbered=True) / "votes.blt"
    try:
        file = read(path, f"3 1\n{edited}0\n{NAMES}")
    except FormatError:
        return
    weights = []
    for line in f"{edited}0".splitlines():
        if line.strip() == "0":
            break
        weights += line.split()[:1]
    withdrawn = [weight for weight in weights if weight.startswith("-")]
    assert sum(group.ballots for group in file.ballots) == sum(map(int, weights[len(withdrawn) :]))
