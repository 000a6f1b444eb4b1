"""PrefLib: both heads, what a suffix promises, and totals that must be true."""

from pathlib import Path

import pytest

from shared.rcv.formats.plain import preflib
from shared.rcv.formats.records import BallotFile, BallotGroup
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

MODERN = """# FILE NAME: 00001-00000001.toi
# TITLE: A ward
# DESCRIPTION:
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 10
# NUMBER UNIQUE ORDERS: 3
# ALTERNATIVE NAME 1: Adam
# ALTERNATIVE NAME 2: Basil: the second
# ALTERNATIVE NAME 3: Zoë
5: 1,2,3
3: 2,{1,3}
2: {3}
"""
OLD = """3
1,Adam
2,Basil, the second
3,Zoë
12,10,3
5,1,2,3
3,2,{1,3}
2,{3}
"""
HEAD = "# NUMBER ALTERNATIVES: 2\n# ALTERNATIVE NAME 1: A\n# ALTERNATIVE NAME 2: B\n"


def test_the_modern_format_is_read(tmp_path: Path) -> None:
    """Names, title, and orders with and without ties."""
    file = read(tmp_path / "ward.toi", MODERN)
    assert (file.title, file.candidates) == ("A ward", ("Adam", "Basil: the second", "Zoë"))
    assert counts(file) == {"0>1>2": 5, "1>0=2": 3, "2": 2}


def test_the_old_format_is_read(tmp_path: Path) -> None:
    """Names may hold commas; voters may be more than the ballots that are in the file."""
    file = read(tmp_path / "ward.toi", OLD)
    assert (file.title, file.candidates) == ("ward", ("Adam", "Basil, the second", "Zoë"))
    assert counts(file) == {"0>1>2": 5, "1>0=2": 3, "2": 2}


@pytest.mark.parametrize(
    "text",
    [
        MODERN.replace("\n", "\r\n"),
        "\ufeff" + MODERN + "\n\n",
        MODERN.replace("2: {3}\n", "\n2: {3}"),
        MODERN.replace("3: 2,{1,3}", "3 :  2 , { 1 , 3 } "),
        MODERN.replace("# NUMBER VOTERS: 10\n# NUMBER UNIQUE ORDERS: 3\n", ""),
        MODERN.encode("latin-1"),
    ],
)
def test_layout_changes_nothing(tmp_path: Path, text: str | bytes) -> None:
    """Line ends, spaces, byte order marks, totals left out, an older encoding."""
    path = tmp_path / "ward.toi"
    assert read(path, text) == read(path, MODERN)


def test_equal_orders_are_merged(tmp_path: Path) -> None:
    """A file without totals may have a line a ballot."""
    file = read(tmp_path / "ward.soi", HEAD + "1: 2\n1: 1,2\n1: 2\n")
    assert file.ballots == (BallotGroup("1", 2), BallotGroup("0>1", 1))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.soi", "", "line 1: expected a whole number up to 200, found ''"),
        ("x.soi", "0\n0,0,0\n", "line 1: expected at least one candidate"),
        ("x.soi", "201\n", "line 1: expected a whole number up to 200, found '201'"),
        (
            "x.soi",
            "2\n1,A\n",
            "line 2: expected 2 candidates' names and a line of totals, found the end of the file",
        ),
        ("x.soi", "2\n1,A\n3,B\n1,1,1\n1,1\n", "line 3: expected '2,name', found '3,B'"),
        ("x.soi", "2\n1,A\n2,A\n1,1,1\n1,1\n", "line 3: expected another name, found 'A' a second time"),
        ("x.soi", "2\n1,A\n2,B\n1,1\n1,1\n", "line 4: expected voters, sum of counts, unique orders"),
        ("x.soi", "2\n1,A\n2,B\n9,9,1\n1,1\n", "line 4: expected 9 ballots as declared, found 1"),
        ("x.soi", "2\n1,A\n2,B\n1,1,2\n1,1\n", "line 4: expected 2 orders as declared, found 1"),
        ("x.soi", "# TITLE: x\n1: 1\n", "line 1: expected a line '# NUMBER ALTERNATIVES: …'"),
        ("x.soi", "# NUMBER ALTERNATIVES: 0\n", "line 1: expected at least one alternative"),
        ("x.soi", "# NUMBER ALTERNATIVES: x\n", "line 1: expected a whole number up to 200, found 'x'"),
        (
            "x.soi",
            "# NUMBER ALTERNATIVES: 3\n" + HEAD[25:],
            "line 1: expected 3 NUMBER ALTERNATIVES as declared, found 2",
        ),
        (
            "x.soi",
            "# NUMBER ALTERNATIVES: 1\n# ALTERNATIVE NAME 2: B\n",
            "line 1: expected a line '# ALTERNATIVE NAME 1: …'",
        ),
        (
            "x.soi",
            HEAD + "# NUMBER VOTERS: 4\n3: 1\n",
            "line 4: expected 4 NUMBER VOTERS as declared, found 3",
        ),
        (
            "x.soi",
            HEAD + "# NUMBER UNIQUE ORDERS: 2\n3: 1\n",
            "line 4: expected 2 NUMBER UNIQUE ORDERS as declared, found 1",
        ),
        (
            "x.soi",
            HEAD + "# ALTERNATIVE NAME  1 : C\n3: 1\n",
            "line 4: expected one line '# ALTERNATIVE NAME 1: …', found a second",
        ),
        ("x.soi", HEAD + "3: 1\n1: 3\n", "line 5: expected a candidate from 1 to 2, found '3'"),
        ("x.soi", HEAD + "3: 1\n\n1: 1,,2\n", "line 6: expected a candidate from 1 to 2, found ''"),
        ("x.soi", HEAD + "3:\n", "line 4: expected a candidate from 1 to 2, found ''"),
        ("x.toi", HEAD + "3: {1,2\n", "line 4: expected candidates between commas, equal ones in braces"),
        ("x.toi", HEAD + "3: {1,1}\n", "line 4: expected a candidate once within a rank"),
        ("x.toi", HEAD + "3: {}\n", "line 4: expected a candidate from 1 to 2, found ''"),
        ("x.soi", HEAD + "0: 1\n", "line 4: expected how many ballots, from 1 to 1,000,000,000, found '0'"),
        (
            "x.soi",
            HEAD + "1.5: 1\n",
            "line 4: expected how many ballots, from 1 to 1,000,000,000, found '1.5'",
        ),
        ("x.soi", HEAD + "1: {1,2}\n", "line 4: expected no equal ranks in a file of strict orders"),
        ("x.soc", HEAD + "1: 1\n", "line 4: expected each of 2 candidates once in a file of complete orders"),
        (
            "x.toc",
            HEAD + "1: 1,1\n",
            "line 4: expected each of 2 candidates once in a file of complete orders",
        ),
        ("x.soi", HEAD + "1: 1" + ",2" * 200 + "\n", "line 4: expected at most 200 ranks"),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    """Totals by the line that declares them, orders by their own."""
    path = tmp_path / name
    assert refusal(path, lambda: read(path, text)) == message


@pytest.mark.parametrize(
    ("marks", "data_type"), [("0>1", "soc"), ("1", "soi"), ("0=1", "toc"), ("1>0", "soc")]
)
def test_a_file_of_no_suffix_gets_the_strictest_type(tmp_path: Path, marks: str, data_type: str) -> None:
    """The data type says as much of the orders as is true of all."""
    preflib.write(
        BallotFile("T", ("A", "B"), (BallotGroup("0>1", 1), BallotGroup(marks, 2))), tmp_path / "out"
    )
    assert f"# DATA TYPE: {data_type}\n" in (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            BallotFile("T", ("A", "B"), (BallotGroup("", 3),)),
            "ballot '' (3 ballots): PrefLib cannot say that a ballot is blank",
        ),
        (
            BallotFile("T", ("A", "B"), (BallotGroup(">1", 3),)),
            "ballot '>1' (3 ballots): PrefLib cannot say that a rank is blank",
        ),
        (
            BallotFile("T", ("A", "B"), (BallotGroup("*", 3),)),
            "ballot '*' (3 ballots): PrefLib cannot say that a rank holds several candidates without naming them",
        ),
        (
            BallotFile("T", ("A", "B"), (BallotGroup("0=1", 3),)),
            "ballot '0=1' (3 ballots): expected no equal ranks in a file of strict orders",
        ),
        (
            BallotFile("T", ("A", "B"), (BallotGroup("1", 3),), excluded=(0,)),
            "PrefLib cannot say that candidates are withdrawn: A",
        ),
        (
            BallotFile("T", ("A", "B"), (BallotGroup("1", 3),), sections=("x", "y")),
            "PrefLib cannot say which of 2 sections a ballot is of",
        ),
        (
            BallotFile("T", ("A", "B"), (BallotGroup("2", 3),)),
            "ballot '2' (3 ballots): expected marks of 2 candidates: a candidate index outside 0..1",
        ),
        (BallotFile("T", ("A\nB",), ()), "candidate 'A\\nB': expected a name as it is shown: 'A B'"),
    ],
)
def test_what_preflib_cannot_say_is_refused(tmp_path: Path, file: BallotFile, message: str) -> None:
    """The ballot is named, and no file is left."""
    path = tmp_path / "out.soi"
    assert refusal(path, lambda: preflib.write(file, path)) == message
    assert not path.exists()


@pytest.mark.parametrize(
    ("data_type", "order", "message"),
    [
        ("soc", "1,2", "line 6: expected each of 3 candidates once in a file of complete orders"),
        ("toc", "1,{2}", "line 6: expected each of 3 candidates once in a file of complete orders"),
        ("soi", "1,{2,3}", "line 6: expected no equal ranks in a file of strict orders"),
    ],
)
def test_the_data_type_is_a_promise_too(tmp_path: Path, data_type: str, order: str, message: str) -> None:
    """An order that was cut short is noticed under any suffix."""
    path = tmp_path / "votes.toi"
    head = f"# DATA TYPE: {data_type}\n# NUMBER ALTERNATIVES: 3\n"
    names = "".join(f"# ALTERNATIVE NAME {place}: {name}\n" for place, name in enumerate("ABC", 1))
    assert refusal(path, lambda: read(path, f"{head}{names}4: {order}\n")) == message
    assert counts(read(path, f"{head}{names}4: 3,1,2\n")) == {"2>0>1": 4}
