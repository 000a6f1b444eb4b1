"""CSV: ballots by rank or by candidate, distinguished by header and cells, and refused where they cannot be."""

from pathlib import Path

import pytest

from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.plain import csv_file
from shared.rcv.formats.records import BallotFile, BallotGroup
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

BY_RANK = """id,count,section,precinct,rank1,rank2,rank3
1,3,Members,P1,Adam,Basil,
2,2,Unions,P1,,overvote,Zoë
3,1,Members,P2,Adam=Zoë,skipped,Basil
4,2,Members,P3,Adam,Basil,
5,4,Unions,P4,,,
"""
HINT = "where cells are names, columns are headed rank1, rank2, …"
BY_CANDIDATE = "Adam,Basil,Zoë,count\n1,2,,3\n,1,1,2\n3,,1,1\n,,,4\n"


def test_a_row_a_ballot_is_read(tmp_path: Path) -> None:
    """Names under ranks, with sections, counts and overvotes; where a row comes from is passed over."""
    file = read(tmp_path / "votes.csv", BY_RANK)
    assert (file.title, file.candidates, file.sections) == (
        "votes",
        ("Adam", "Basil", "Zoë"),
        ("Members", "Unions"),
    )
    assert file.ballots == (
        BallotGroup("0>1", 5, 0),
        BallotGroup(">*>2", 2, 1),
        BallotGroup("0=2>>1", 1, 0),
        BallotGroup("", 4, 1),
    )


def test_a_column_a_candidate_is_read(tmp_path: Path) -> None:
    """Ranks under names; two of one rank are an overvote, a rank that nobody has is blank."""
    file = read(tmp_path / "votes.csv", BY_CANDIDATE)
    assert file.candidates == ("Adam", "Basil", "Zoë")
    assert counts(file) == {"0>1": 3, "1=2": 2, "2>>0": 1, "": 4}


@pytest.mark.parametrize("text", [BY_RANK, BY_CANDIDATE])
@pytest.mark.parametrize("change", ["bom", "crlf", ";", "\t", "quotes", "blank lines"])
def test_layout_changes_nothing(tmp_path: Path, text: str, change: str) -> None:
    """Spreadsheets of all countries write the same ballots differently."""
    changed = {
        "bom": "\ufeff" + text,
        "crlf": text.replace("\n", "\r\n"),
        "quotes": text.replace("Basil", '"Basil"'),
        "blank lines": text.replace("\n", "\n\n"),
    }.get(change) or text.replace(",", change)
    path = tmp_path / "votes.csv"
    assert read(path, changed) == read(path, text)


@pytest.mark.parametrize(
    "header",
    [
        "rank1,rank2",
        "Rank 1,Rank 2",
        "choice_1,choice_2",
        "1st,2nd",
        "1st choice,2nd Choice",
        "1,2",
        "Pref-1,pref-2",
    ],
)
def test_columns_of_ranks_go_by_many_names(tmp_path: Path, header: str) -> None:
    """All of them say the same."""
    assert counts(read(tmp_path / "votes.csv", f"{header}\nAdam,Basil\nBasil,\n")) == {"0>1": 1, "1": 1}


@pytest.mark.parametrize("origin", ["Ballot_ID", "precinct portion", "", "cvr-number"])
def test_where_a_row_comes_from_is_passed_over(tmp_path: Path, origin: str) -> None:
    """Exports say it in many words, and data frames number their rows."""
    path = tmp_path / "votes.csv"
    assert counts(read(path, f"{origin},rank1\n0,Adam\n1,Adam\n")) == {"0": 2}
    assert counts(read(path, f"{origin},Adam,Basil\n0,1,2\n1,1,2\n")) == {"0>1": 2}


def test_ranks_may_stand_in_any_order(tmp_path: Path) -> None:
    """It is the header that numbers them."""
    file = read(tmp_path / "votes.csv", "rank2,rank1\nBasil,Adam\n")
    assert (file.candidates, counts(file)) == (("Adam", "Basil"), {"0>1": 1})


def test_a_quoted_name_may_hold_anything(tmp_path: Path) -> None:
    """Commas, doubled quotes, and a line end that becomes a space."""
    file = read(tmp_path / "votes.csv", 'rank1,rank2\n"Smith, ""Bob""","Day\nAnn"\n')
    assert file.candidates == ('Smith, "Bob"', "Day Ann")


def test_a_row_of_no_ballots_declares_names_and_sections(tmp_path: Path) -> None:
    """So that nobody is lost who was never marked."""
    text = "count,section,rank1,rank2\n0,Unions,Zoë,Adam\n0,Members,,\n2,Members,Adam,\n"
    file = read(tmp_path / "votes.csv", text)
    assert (file.candidates, file.sections) == (("Zoë", "Adam"), ("Unions", "Members"))
    assert file.ballots == (BallotGroup("1", 2, 1),)


def test_counts_may_be_spelled_as_decimals(tmp_path: Path) -> None:
    """As data frames write whole numbers."""
    assert counts(read(tmp_path / "votes.csv", "rank1,weight\nAdam,3.0\n")) == {"0": 3}


def test_where_a_ballot_lay_is_passed_over(tmp_path: Path) -> None:
    """Beside ranks: Cambridge's columns, and all that the reader is asked to ignore."""
    path = tmp_path / "votes.csv"
    plain = read(path, "rank1,rank2\nAdam,Basil\nBasil,\n")
    assert (
        read(path, "precinct,ward,valid,pile,rank1,rank2\n1,2,t,Adam,Adam,Basil\n9,3,t,Basil,Basil,\n")
        == plain
    )
    path.write_text("District,rank1,my notes,rank2\n1,Adam,x,Basil\n2,Basil,,\n")
    assert read_ballots(path, ["district", "My Notes"]) == plain
    assert read(path, "ignore:a,rank1,ignore:b,rank2\n1,Adam,x,Basil\n2,Basil,,\n") == plain


def test_a_candidate_may_be_called_ward(tmp_path: Path) -> None:
    """Where columns are candidates the head says so, or it is refused."""
    path = tmp_path / "votes.csv"
    file = read(path, "candidate:Ward,Basil\n1,2\n")
    assert (file.candidates, counts(file)) == (("Ward", "Basil"), {"0>1": 1})
    message = refusal(path, lambda: read(path, "Ward,Basil\n1,2\n"))
    assert (
        message
        == "line 1: expected candidates: 'Ward' may be one or not; ignore it, or head it candidate:Ward"
    )
    path.write_text("Ward,Basil,Zoë\n7,1,2\n")
    assert read_ballots(path, ["ward"]).candidates == ("Basil", "Zoë")


def test_a_ballot_that_is_not_valid_is_not_counted_in_silence(tmp_path: Path) -> None:
    """Nor left out in silence."""
    path = tmp_path / "votes.csv"
    text = "valid,rank1\nt,Adam\nf,Basil\n"
    assert refusal(path, lambda: read(path, text)) == (
        "line 3: expected a ballot that counts, found valid 'f'; take it out, or ignore the column"
    )
    assert counts(read_ballots(path, ["valid"])) == {"0": 1, "1": 1}


def test_a_row_a_mark_is_read(tmp_path: Path) -> None:
    """Ballot, rank and choice: in any order, with overvotes, blank ranks and blank ballots."""
    text = "rank,ballot_id,choice,ward\n1,7,Adam,x\n3,7,Basil,x\n2,8,Zoë,x\n2,8,Adam,x\n,9,,x\n1,8,overvote,x\n2,7,,x\n"
    file = read(tmp_path / "votes.csv", text.replace(",ward", ",precinct"))
    assert file.candidates == ("Adam", "Basil", "Zoë")
    assert counts(file) == {"0>>1": 1, "*>0=2": 1, "": 1}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("7,1,A\n7,1,A\n", "line 2: expected a mark once, found it 2 times"),
        ("7,1,A\n7,x,B\n", "line 3: expected a rank from 1 to 200, found 'x'"),
        ("7,1,A\n,1,B\n", "line 3: expected which ballot the mark is on, found nothing"),
        ("7,1,overvote\n7,1,B\n", "line 3: expected one mark at rank 1 of ballot '7', or several candidates"),
        ("7,1,A=B\n7,1,B\n", "line 3: expected a candidate once at rank 1 of ballot '7'"),
    ],
)
def test_marks_that_are_two_ballots_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    """Equal numbers of ballots are most likely those of several batches."""
    path = tmp_path / "votes.csv"
    assert refusal(path, lambda: read(path, "ballot,rank,choice\n" + rows)) == message


def test_a_ballots_number_holds_within_its_batch(tmp_path: Path) -> None:
    """Ballot 1 of one batch is not ballot 1 of the next; rows of one ballot all say where it is from, or none does."""
    path = tmp_path / "votes.csv"
    for where in ("batch", "tabulator", "Precinct", "box", "ward"):
        file = read(path, f"{where},ballot,rank,choice\n1,1,1,A\n1,1,2,B\n2,1,1,B\n2,1,2,A\n")
        assert counts(file) == {"0>1": 1, "1>0": 1}
        assert counts(read(path, f"{where},ballot,rank1\n1,1,A\n2,1,B\n")) == {"0": 1, "1": 1}
    message = refusal(path, lambda: read(path, "batch,ballot,rank,choice\n1,1,1,A\n,1,2,B\n"))
    assert message == "line 3: expected in each row of ballot '1' where it is from, found that in some"


@pytest.mark.parametrize(
    ("text", "ballots"),
    [
        ("rank1,rank2\nA,B\n,\n\nB,A\n  \n\n", {"0>1": 1, "": 1, "1>0": 1}),
        ("id,rank1,rank2\n1,A,B\n,,\n2,B,A\n,,\n,,\n", {"0>1": 1, "1>0": 1}),
        ("id,rank1,rank2\n1,A,B\n2,,\n", {"0>1": 1, "": 1}),
        ("count,rank1,rank2\n3,A,B\n,,\n2,,\n", {"0>1": 3, "": 2}),
        ("ballot,rank,choice\n1,1,A\n,,\n2,1,B\n", {"0": 1, "1": 1}),
        ("Unnamed: 0,A,B\n1,1,2\n2,,\n,,\n", {"0>1": 1, "": 1}),
        ('rank1\nA\n""\n\n"B"\n', {"0": 1, "": 1, "1": 1}),
    ],
)
def test_a_row_of_nothing_is_a_ballot_where_ballots_have_nothing_but_ranks(
    tmp_path: Path, text: str, ballots: dict[str, int]
) -> None:
    """An empty line is none; nor is a row without the number, count or the like that ballots of the file have."""
    assert counts(read(tmp_path / "votes.csv", text)) == ballots


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,rank1\n1,A\nTotal,\n", "line 3: expected a ballot, found a row of totals, 'Total'"),
        ("id,A,B\n1,1,2\nSum:,2,1\n", "line 3: expected a ballot, found a row of totals, 'Sum:'"),
        ("ballot,rank,choice\n1,1,A\nTotals,,\n", "line 3: expected a ballot, found a row of totals, 'Totals'"),
        ("section,rank1\nX,A\n,B\n", "line 3: expected the ballot's section, found nothing"),
    ],
)  # fmt: skip
def test_a_row_of_totals_is_no_ballot(tmp_path: Path, text: str, message: str) -> None:
    """By the word in the place of a ballot's number."""
    path = tmp_path / "votes.csv"
    assert refusal(path, lambda: read(path, text)) == message


def test_as_many_blank_ballots_as_all_others_may_be_their_total(tmp_path: Path) -> None:
    """If they stand last, and no row declares; a file that says so first has that many blank ballots."""
    path, rows = tmp_path / "votes.csv", "3,A,B\n2,B,A\n4,C,\n"
    for text in (f"count,rank1,rank2\n{rows}9,,\n", "A,B,count\n1,2,3\n2,1,2\n1,,4\n,,9\n"):
        message = refusal(path, lambda text=text: read(path, text))  # type: ignore[misc]
        assert message.startswith("last line: expected a ballot, found 9 blank ones, as many as all others")
    for text in (f"count,rank1,rank2\n9,,\n{rows}", f"count,rank1,rank2\n0,A,B\n{rows}9,,\n"):
        assert counts(read(path, text))[""] == 9


@pytest.mark.parametrize(
    "head", ["district", "n", "freq", "quantity", "party", "year", "rejected", "counting group", "Pin"]
)
def test_numbers_beside_ranks_are_no_candidate(tmp_path: Path, head: str) -> None:
    """By their head, or because they are the ranks of others; a candidate may be called so and say it."""
    path = tmp_path / "votes.csv"
    rows = "1,1,2\n2,2,1\n1,1,\n2,1,2\n"
    assert "candidate:" in refusal(path, lambda: read(path, f"{head},A,B\n{rows}"))
    assert read(path, f"candidate:{head},A,B\n{rows}").candidates == (head, "A", "B")


def test_an_overvote_in_some_rows_is_none_of_a_columns_fault(tmp_path: Path) -> None:
    """Most rows have to speak against it."""
    text = "Pin,A,B\n1,1,2\n3,2,1\n1,,2\n2,1,3\n"
    assert read(tmp_path / "votes.csv", text).candidates == ("Pin", "A", "B")


def test_a_column_to_ignore_must_be_there(tmp_path: Path) -> None:
    """A slip of the pen is reported."""
    path = tmp_path / "votes.csv"
    path.write_text("rank1,district\nA,1\n")
    message = refusal(path, lambda: read_ballots(path, ["distrct"]))
    assert message == "line 1: expected a column 'distrct' to ignore, found rank1, district"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected columns headed rank1, rank2, … or by candidates' names, found "),
        ("count,id\n1,1\n", "line 1: expected columns headed rank1, rank2, … or by candidates' names, found count, id"),
        ("rank1,district\nA,1\n", "line 1: expected columns of ranks or of candidates, found both: 'rank1' and 'district'"),
        ("1,2\n2,1\n", "line 1: expected columns headed rank1, rank2, … or by names: numbers over numbers can be either"),
        ("rank1,rank3\nA,B\n", "line 1: expected ranks 1, 2, 3 and so on, once each, found rank1, rank3"),
        ("rank1,choice1\nA,B\n", "line 1: expected ranks 1, 2, 3 and so on, once each, found rank1, choice1"),
        ("count,weight,rank1\n1,1,A\n", "line 1: expected one column of counts, found 'count' and 'weight'"),
        ("Adam,Adam\n1,2\n", "line 1, column 2: expected another name, found 'Adam' a second time"),
        ("Adam,\n1,2\n", "line 1, column 2: expected a candidate's name, found none"),
        ("Adam,Basil\n1,2\n1\n", "line 3: expected 2 cells, found 1"),
        (
            "Adam,Basil\n1,2\n1,x\n",
            f"line 3: expected a rank from 1 to 200 of 'Basil', or nothing, found 'x'; {HINT}",
        ),
        ("count,rank1\n1,A\n1.5,A\n", "line 3: expected how many ballots, a whole number, found '1.5'"),
        ("count,rank1\n1,A\n,A\n", "line 3: expected how many ballots, a whole number, found ''"),
        ("section,rank1\nx,A\n,A\n", "line 3: expected the ballot's section, found nothing"),
        ("rank1,rank2\nA,B\nA=A,\n", "line 3: expected a candidate once within a rank, found 'A=A'"),
        ("rank1\nA\nrank1\n", "line 3: expected a ballot, found the header again"),
        ('rank1\n"A"\n\n"B"x\n', "line 4: expected cells of CSV: ',' expected after '\"'"),
        ('rank1\n"A"\n"B\n', "line 3: expected cells of CSV: unexpected end of data"),
        (
            'a,b\n"1",\n"1","x\ny"\n',
            f"line 4: expected a rank from 1 to 200 of 'b', or nothing, found 'x\\ny'; {HINT}",
        ),
        ("rank1\n", "line 1: expected at least one candidate below"),
        (b"rank1\nA\n\xe9\n", "line 3: expected UTF-8, found byte 0xe9"),
        (",".join(f"c{n}" for n in range(201)) + "\n", "line 1: expected at most 200 candidates, found 201"),
        ("rank1\n" + "\n".join(f"c{n}" for n in range(201)), "line 202: expected at most 200 candidates"),
        ("section,rank1\n" + "\n".join(f"{n},c" for n in range(101)), "line 102: expected at most 100 sections"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    """The header by its columns, ballots by their line."""
    path = tmp_path / "votes.csv"
    assert refusal(path, lambda: read(path, text)) == message


def test_a_file_is_written_with_its_candidates_first(tmp_path: Path) -> None:
    """And a column of sections only where there are several."""
    path = tmp_path / "out.csv"
    file = BallotFile("T", ("A", "B"), (BallotGroup("1>*", 2), BallotGroup("", 1)))
    csv_file.write(file, path)
    assert path.read_text() == "count,rank1,rank2\n0,A,B\n2,B,overvote\n1,,\n"


@pytest.mark.parametrize("name", ["A=B", "Overvote", "skipped"])
def test_names_that_csv_cannot_distinguish_are_refused(tmp_path: Path, name: str) -> None:
    """They mean something else under a rank."""
    path = tmp_path / "out.csv"
    message = f"candidate {name!r}: CSV cannot hold this name under a rank"
    assert refusal(path, lambda: csv_file.write(BallotFile("T", (name,), ()), path)) == message


def test_rctabs_own_csv_is_read_back(tmp_path: Path) -> None:
    """Undervotes are blank ranks; the candidates of an overvote stand a line each, and `=` may be in a name there."""
    head = "Source Filepath,CVR Provider,Contest Id,RCTab CVR Id,Tabulator Id,Batch Id,Vendor Id,Precinct,Precinct Portion"
    text = (
        f"{head},Rank 1,Rank 2\r\n"
        'a.xlsx,ess,,a.xlsx-1,,,,,,Adam,undervote\r\na.xlsx,ess,,a.xlsx-2,,,,,,"Adam\nB=Z",overvote\r\n'
        "a.xlsx,ess,,a.xlsx-3,,,,,,undervote,B=Z\r\n"
    )
    file = read(tmp_path / "votes.csv", text)
    assert (file.candidates, counts(file)) == (("Adam", "B=Z"), {"0": 1, "0=1>*": 1, ">1": 1})
