"""ABIF: orders, ratings, names in every dress, and the line of what cannot be read."""

from pathlib import Path

import pytest

from shared.rcv.formats.plain import abif
from shared.rcv.formats.records import BallotFile, BallotGroup
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

TENNESSEE = """{"title": "Tennessee: the {capital}"}
{max_rating: 5}
# distances decide
=Memph:[Memphis, TN]
=Nash:[Nashville, TN]
=Chat:[Chattanooga, TN]
=Knox:[Knoxville, TN]
42:Memph>Nash>Chat=Knox
26:Nash>Chat,Knox>Memph   # equal
500:
Knox
"""


def test_a_file_with_declarations_is_read(tmp_path: Path) -> None:
    """In the order of the declarations; a ballot without count is one, one without names is blank."""
    file = read(tmp_path / "votes.abif", TENNESSEE)
    assert file.title == "Tennessee: the {capital}"
    assert file.candidates == ("Memphis, TN", "Nashville, TN", "Chattanooga, TN", "Knoxville, TN")
    assert counts(file) == {"0>1>2=3": 42, "1>2=3>0": 26, "": 500, "3": 1}


def test_candidates_stand_in_order_of_appearance_if_none_is_declared(tmp_path: Path) -> None:
    """Bare, in brackets, in quotes: commas and quotes are part of a name in brackets."""
    text = '5: [A, "x"] > Doña García = "B \\"y\\""\n2:Doña García>[A, "x"]\n'
    file = read(tmp_path / "votes.abif", text)
    assert file.candidates == ('A, "x"', "Doña García", 'B "y"')
    assert counts(file) == {"0>1=2": 5, "1>0": 2}


def test_a_candidate_may_be_called_by_id_or_name(tmp_path: Path) -> None:
    """Both were declared."""
    file = read(tmp_path / "votes.abif", "c1:[Adam M]\n=c2 : Basil\n3:c1>Basil\n2:[Adam M]>c2\n")
    assert file.candidates == ("Adam M", "Basil")
    assert counts(file) == {"0>1": 5}


@pytest.mark.parametrize(
    ("line", "marks"),
    [
        ("1:A/5>B/9>C/1", "0>1>2"),
        ("1:A/5=B/4>C/1", "0=1>2"),
        ("1:A/2,B/5,C/2", "1>0=2"),
        ("1:A,B/045,C/100", "2>1>0"),
        ("1:A/0.5,B/0.25,C/3", "2>0>1"),
        ("1:A/3", "0"),
        ("1:A,C", "0=2"),
        ('1:C>A: {"precinct": 51}', "2>0"),
    ],
)
def test_ratings_order_only_where_nothing_else_does(tmp_path: Path, line: str, marks: str) -> None:
    """`>` and `=` are the order where they stand; else the highest rating is first and none is last."""
    assert counts(read(tmp_path / "votes.abif", f"=A:A\n=B:B\n=C:C\n{line}\n")) == {marks: 1}


def test_layout_changes_nothing(tmp_path: Path) -> None:
    """A header, a byte order mark, CRLF and spaces."""
    path = tmp_path / "votes.abif"
    loose = TENNESSEE.replace(">", " > ").replace(":Memph", " :  Memph").replace("\n", " \r\n")
    assert read(path, "\ufeffABIF 1.0\r\n" + loose) == read(path, TENNESSEE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected at least one candidate, found the end of the file"),
        ("{title: x\n", "line 1: expected metadata that ends in '}'"),
        ("=A:[Adam]\n=B:[Adam]\n", "line 2: expected another candidate, found 'Adam' a second time"),
        ("=A:[Adam]\n=Adam:[Basil]\n", "line 2: expected another candidate, found 'Adam' a second time"),
        ("=A:[Adam]\n\n3:A>Bsil\n", "line 3: expected a declared candidate, found 'Bsil'"),
        ("3:A>B\n2:A>\n", "line 2: expected a candidate after '>'"),
        ("3:A>B\n2:>A\n", "line 2: expected candidates joined by '>', '=' or ',', found '>A'"),
        ("3:A>B\n2:[A>B\n", "line 2: expected candidates joined by '>', '=' or ',', found '[A>B'"),
        ("3:A*2,B*1\n", "line 1: expected candidates joined by '>', '=' or ',', found '*2,B*1'"),
        ("2.5:A\n", "line 1: expected candidates joined by '>', '=' or ',', found ':A'"),
        ("0:A\n", "line 1: expected how many ballots, from 1 to 1,000,000,000, found '0'"),
        ("1:A=A\n", "line 1: expected a candidate once within a rank"),
        ("4\n3:A\n", "line 1: expected a colon after how many ballots, or brackets around a name, found '4'"),
        ("4x A>B\n", "line 1: expected a candidate's name, found '4x A'; in brackets it would be one"),
        ("4:A->B\n", "line 1: expected a candidate's name, found 'A-'; in brackets it would be one"),
        ("=A:[Ann  Day]\n=B:[Ann Day]\n", "line 2: expected another candidate, found 'Ann Day', which looks like one before"),
        ('{"seats": 1}\n{"seats": 2}\n1:A\n', "line 2: expected one number of seats, found 2 beside 1"),
        ('{"seats": 1, "Seats": 2}\n1:A\n', "line 1: expected one number of seats, found 2 beside 1"),
        ('{"seats": 0}\n1:A\n', "line 1: expected seats from 1 to 200, found '0'"),
        ("1:[ ]\n", "line 1: expected a candidate's name, found none"),
        ("1:A" + ">A" * 200, "line 1: expected at most 200 ranks"),
        ("1:" + ">".join(f"C{n}" for n in range(201)), "line 1: expected at most 200 candidates"),
        ("1:" + "A" * 100_000, "line 1: expected a line of at most 100,000 characters"),
        (b"1:A\n1:\xff\n", "line 2: expected UTF-8, found byte 0xff"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    """One clear sentence each."""
    path = tmp_path / "votes.abif"
    assert refusal(path, lambda: read(path, text)) == message


def test_metadata_may_stand_together_or_apart(tmp_path: Path) -> None:
    """Title and seats are used, all else is passed over; a title that is no JSON is one all the same."""
    path = tmp_path / "votes.abif"
    for said in ('{"title": "A \\"B\\" c", "seats": 2, "x": [1]}', '{"seats": 2}\n{title: A "B" c}'):
        file = read(path, f"{said}\n4:A>B\n")
        assert (file.title, file.seats) == ('A "B" c', 2)


def test_names_that_are_words_are_their_own_ids(tmp_path: Path) -> None:
    """So that the file reads like what people write by hand."""
    path = tmp_path / "out.abif"
    abif.write(BallotFile("T", ("Adam", "Basil"), (BallotGroup("1>0", 2), BallotGroup("", 3))), path)
    assert path.read_text() == '{"title": "T"}\n=Adam:[Adam]\n=Basil:[Basil]\n2:Basil>Adam\n3:\n'


@pytest.mark.parametrize(
    ("marks", "missing"),
    [(">1", "a rank is blank"), ("*", "a rank holds several candidates without naming them")],
)
def test_what_abif_cannot_say_is_refused(tmp_path: Path, marks: str, missing: str) -> None:
    """The ballot is named, and no file is left."""
    path = tmp_path / "out.abif"
    file = BallotFile("T", ("A", "B"), (BallotGroup("0", 1), BallotGroup(marks, 4)))
    message = f"ballot {marks!r} (4 ballots): ABIF cannot say that {missing}"
    assert refusal(path, lambda: abif.write(file, path)) == message
    assert not path.exists()
