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
    for names in (
        '"A" "B" "C" "T"\n', '"A" "B"\n"C" "T"\n', '"A", "B", "C"\n"T"\n', "'A' 'B' 'C'\nT\n", "“A” “B” “C” “T”\n"
    ):  # fmt: skip
        file = read(path, "3 1\n1 1 0\n0\n" + names)
        assert (file.candidates, file.title) == (("A", "B", "C"), "T")


@pytest.mark.parametrize(
    "names",
    [
        '"A" "p"\n"B"\n"C"\n"T"\n',
        '"A" "p"\n"B" "q"\n"C" "r"\n',
        '"A" "B"\n"C"\n"T"\n',
        '"A" "p" "B" "q" "C" "r"\n',
        '"A" "p" "B"\n"q" "C" "T"\n',
    ],
)
def test_names_that_may_be_parties_are_not_guessed(tmp_path: Path, names: str) -> None:
    """Where both ways there are names enough."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, "3 1\n1 1 0\n0\n" + names))
    assert message == "line 4: expected a line for each name: these may be two, or a name and a party"


@pytest.mark.parametrize("names", ['"A" "p" "B" "q" "T"\n', '"A" "p"\n"B"\n', '"A" "p" "x"\n"B"\n'])
def test_two_names_that_may_be_a_name_and_a_party_are_not_guessed(tmp_path: Path, names: str) -> None:
    """With two candidates a title, a source and a comment make up for the parties."""
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, "2 1\n5 1 0\n7 2 0\n0\n" + names))
    assert message == "line 5: expected a line for each name: these may be two, or a name and a party"


def test_parties_stand_in_the_quotes_that_names_have(tmp_path: Path) -> None:
    """Straight, single or curly; an apostrophe ends no name."""
    ballots = "2 1\n5 1 0\n7 2 0\n0\n"
    for names in (
        "'Ann' 'Hill'\n'Bo' 'Lake'\n'T'\n", "“Ann” “Hill”\n“Bo” “Lake”\n“T”\n", '"Ann"; "Hill"\n"Bo" | "Lake"\n"T"\n'
    ):  # fmt: skip
        assert read(tmp_path / "votes.blt", ballots + names).candidates == ("Ann (Hill)", "Bo (Lake)")
    assert read(tmp_path / "votes.blt", ballots + "'Ann O'Dee'\n'Bo'\n").candidates == ("Ann O'Dee", "Bo")


def test_a_name_may_go_over_lines(tmp_path: Path) -> None:
    """Its quote ends it (Algorithm 123)."""
    file = read(tmp_path / "votes.blt", '2 1\n5 1 0\n0\n"Ann\nDay"\n"Bo\nvan\nPoe"\n"T"\n')
    assert (file.candidates, file.title) == (("Ann Day", "Bo van Poe"), "T")
    path = tmp_path / "votes.blt"
    message = refusal(path, lambda: read(path, '2 1\n5 1 0\n0\n"Ann\n"Bo"\n"T"\n'))
    assert message == "line 4: expected a name that ends in a quote, found '\"Ann'"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ('Candidates:\n"A"\n"B"\n"T"\n', "line 5: expected a candidate's name in quotes, found 'Candidates:', which may be none"),
        ("Candidates:\nA\nB\nT\n", "line 5: expected a candidate's name in quotes, found 'Candidates:', which may be none"),
        ('"2. B"\n"1. A"\n"T"\n', "line 5: expected names in the order of their numbers, found '2. B'"),
        ('2 "B"\n1 "A"\n', "line 5: expected names in the order of their numbers, found '2 \"B\"'"),
        ('"A"\n"B"\n"T"\n\n7 2 1 0\n', "line 7: expected no ballot after the names, found '7 2 1 0'"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_none(tmp_path: Path, names: str, message: str) -> None:
    """A heading, names in another order, a ballot behind them."""
    path = tmp_path / "votes.blt"
    assert refusal(path, lambda: read(path, "2 1\n5 1 0\n7 2 0\n0\n" + names)) == message


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
    other = "[NICK a,\n b, c]\n[Withdrawn 2] [undeclared c]\n[tie c, a, b]\n[droop rule=meek\nprecision=9]\n"
    for said in (options, other):
        file = read(tmp_path / "votes.blt", f"3 1\n{said}2 a c 0\n0\n{NAMES}")
        assert (file.excluded, file.write_ins, file.tie_order) == ((1,), (2,), (2, 0, 1))
        assert counts(file) == {"0>2": 2}


def test_a_weight_may_be_a_whole_number_with_decimals(tmp_path: Path) -> None:
    """2.0 is two ballots; 0.5 is none, and nobody knows what 2.000 is."""
    path = tmp_path / "votes.blt"
    assert counts(read(path, f"3 1\n2.0 1 0\n3.00 2 0\n0\n{NAMES}")) == {"0": 2, "1": 3}
    for weight in ("0.5", "2.000", "0.0"):
        message = refusal(path, lambda weight=weight: read(path, f"3 1\n{weight} 1 0\n0\n{NAMES}"))  # type: ignore[misc]
        assert message.startswith("line 2: expected a ballot's weight")


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
