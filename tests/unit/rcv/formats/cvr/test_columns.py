"""Records in columns: ES&S's sheets and generic CSV, distinguished by cells, and whom their words mean."""

from pathlib import Path

import pytest

from shared.rcv.formats.cvr import ess, generic_csv
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Source
from shared.rcv.formats.rctab.configuration import load
from shared.rcv.formats.rctab.roster import Roster
from shared.rcv.formats.records import FormatError
from tests.support.reference import data
from tests.support.sheets import write_sheet
from tests.unit.rcv.formats.rctab.test_configuration import written

CSV = Source("cvr.csv", "genericCsv", first_vote_column=2, first_vote_row=2)


def read_csv(folder: Path, text: str, source: Source = CSV) -> list[RawRecord]:
    """Return the records of a CSV file."""
    (folder / "cvr.csv").write_text(text)
    return list(generic_csv.read(folder / "cvr.csv", source))


def test_a_cell_holds_a_candidates_rank(tmp_path: Path) -> None:
    """In the order of the ranks; a blank cell is no rank, a rank given twice an overvote."""
    first, second = read_csv(tmp_path, "id,Ann,Bob,Cy\na,2,,1\nb,1,1,\n")
    assert first.selections == ((1, "Cy"), (2, "Ann"))
    assert second.selections == ((1, "Ann"), (1, "Bob"))
    assert (first.id, second.place) == ("1", "line 3")


def test_columns_of_id_precinct_and_batch_are_no_candidates(tmp_path: Path) -> None:
    """Wherever they stand."""
    source = CSV._replace(first_vote_column=1, id_column=1, precinct_column=2, batch_column=4)
    (record,) = read_csv(tmp_path, "id,pc,Ann,batch\nx,north,1,b1\n", source)
    assert (record.vendor_id, record.precinct, record.batch) == ("x", "north", "b1")
    assert record.selections == ((1, "Ann"),)


def test_the_write_in_column_is_named_by_its_label(tmp_path: Path) -> None:
    """As the configuration says."""
    source = CSV._replace(undeclared_write_in_label="Other")
    (record,) = read_csv(tmp_path, "id,Ann,Other\nx,2,1\n", source)
    assert record.selections == ((1, WRITE_IN), (2, "Ann"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the names of the columns"),
        ("id,Ann\nx,first\n", r"line 2, column 2 \(Ann\): expected a rank, found 'first'"),
        ("id,Ann\nx,1,2\n", "line 2: expected 2 columns, found 3"),
        ("id,Ann,Bob\nx,1\n,2\n", "line 2: expected 3 columns, found 2"),
        ("id,Ann,Ann \nx,1,2\n", "line 1: expected another column, found 'Ann' a second time"),
        ("id,Ann\nx\0,1\n", "line 2: expected text in UTF-8, found byte 0x00"),
        ("id,Ann,Ann\nx,1,2\n", "line 1: expected another column, found 'Ann' a second time"),
        ('id,Ann\n"x,1\n', "line 2: expected CSV"),
        ('id,Ann\n"x\ny",1\nz,first\n', r"line 4, column 2 \(Ann\): expected a rank, found 'first'"),
        (
            "id;Ann;Bob\nx;1;2\n",
            r"line 1: expected candidates from column 2 on .*, between commas; found 1 columns",
        ),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named_by_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    """Line, column and what was expected."""
    with pytest.raises(FormatError, match=said):
        read_csv(tmp_path, text)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"id,Ann\nx,1\nZo\xeb,1\n", "line 3: expected UTF-8, found byte 0xeb"),
        ("id,Ann\nx,1\n".encode("utf-16"), "line 1: expected UTF-8, found UTF-16"),
    ],
)
def test_a_file_that_is_no_utf_8_is_named_by_its_line(tmp_path: Path, data: bytes, said: str) -> None:
    """Of a line far down, too, though it is decoded in pieces."""
    (tmp_path / "cvr.csv").write_bytes(data)
    with pytest.raises(FormatError, match=said):
        list(generic_csv.read(tmp_path / "cvr.csv", CSV))


def test_what_spreadsheets_make_of_ranks_and_heads_is_read(tmp_path: Path) -> None:
    """Decimals, and blanks around names."""
    (record,) = read_csv(tmp_path, "id, Ann ,Bob\nx,2.0,1.0\n")
    assert record.selections == ((1, "Bob"), (2, "Ann"))


@pytest.mark.parametrize("number", ["", "Total", "sum"])
def test_a_row_without_an_id_is_no_ballot(tmp_path: Path, number: str) -> None:
    """Where each has one: it may add up the others."""
    with pytest.raises(
        FormatError, match=r"line 3, column 1: expected the record's id \[idColumnIndex\], found"
    ):
        read_csv(tmp_path, f"id,Ann\nx,1\n{number},1\n", CSV._replace(id_column=1))


def test_a_sheet_is_read_row_by_row() -> None:
    """Thirty ballots of two precincts; "undervote" is a blank rank, a name is freed of spaces."""
    path = data("rctab", "minneapolis_multi_seat_threshold", "minneapolis_multi_seat_threshold_cvr.xlsx")
    source = Source(
        path.name,
        "ess",
        first_vote_column=3,
        first_vote_row=2,
        precinct_column=2,
        skipped_rank_label="undervote",
    )
    records = list(ess.read(path, source, 6))
    assert len(records) == 30
    assert records[0].selections == ((1, "D"), (3, "C"), (4, "E"), (5, "F"), (6, "A"))
    assert (records[0].id, records[0].precinct, records[0].place) == (f"{path.name}-1", "pc1", "row 2")


SHEET = Source("x.xlsx", "ess", first_vote_column=2, first_vote_row=2)
HEAD = ["id", "1st", "2nd", "3rd"]


def read_sheet(folder: Path, source: Source, max_ranks: int | None, *rows: list[str]) -> list[RawRecord]:
    """Return the records of a sheet."""
    return list(ess.read(write_sheet(folder / "x y.xlsx", [HEAD, *rows]), source, max_ranks))


def test_a_cell_can_hold_several_names_or_a_label(tmp_path: Path) -> None:
    """Names between delimiters are an overvote; labels are marks of their own."""
    delimited = SHEET._replace(overvote_delimiter="|", undeclared_write_in_label="UWI")
    (record,) = read_sheet(tmp_path, delimited, 3, ["a", "Ann|Bob", "", "UWI"])
    assert record.selections == ((1, "Ann"), (1, "Bob"), (3, WRITE_IN))
    labelled = SHEET._replace(overvote_label="over", skipped_rank_label="under")
    (record,) = read_sheet(tmp_path, labelled, 3, ["a", "over", "under", "Cy"])
    assert record.selections == ((1, OVERVOTE), (3, "Cy"))


def test_only_as_many_columns_are_read_as_there_are_ranks(tmp_path: Path) -> None:
    """What stands further right is another contest's; without a limit all is read."""
    (record,) = read_sheet(tmp_path, SHEET, 2, ["a", "Ann", "Bob", "Cy"])
    assert record.selections == ((1, "Ann"), (2, "Bob"))
    (record,) = read_sheet(tmp_path, SHEET, None, ["a", "Ann", "Bob", "Cy"])
    assert len(record.selections) == 3


def test_a_blank_cell_can_stand_for_a_write_in(tmp_path: Path) -> None:
    """Where the configuration says so: ranks that are not in the sheet, too."""
    (record,) = read_sheet(tmp_path, SHEET._replace(blank_is_write_in=True), 4, ["a", "Ann"])
    assert record.selections == ((1, "Ann"), (2, WRITE_IN), (3, WRITE_IN), (4, WRITE_IN))


def test_records_are_numbered_and_ballots_without_a_precinct_filed_together(tmp_path: Path) -> None:
    """A row that holds nothing is one as well; a sheet's name is freed of spaces."""
    source = SHEET._replace(precinct_column=3, batch_column=4)
    first, second, third = read_sheet(
        tmp_path, source, 1, ["a", "Ann", "p1", "b1"], ["", "", "", ""], ["b", "Bob"]
    )
    assert (first.id, first.precinct, first.batch) == ("x_y.xlsx-1", "p1", "b1")
    assert (second.id, second.selections) == ("x_y.xlsx-2", ())
    assert (third.id, third.precinct, third.batch) == (
        "x_y.xlsx-3",
        ess.MISSING_PRECINCT,
        ess.MISSING_BATCH,
    )


def test_a_row_without_anything_has_no_id_and_needs_none(tmp_path: Path) -> None:
    """A row with marks does."""
    (first, second) = read_sheet(tmp_path, SHEET._replace(id_column=1), 1, [], ["b", "Bob"])
    assert (first.id, first.vendor_id, second.vendor_id) == ("x_y.xlsx-1", None, "b")


def test_blanks_after_the_last_cell_are_no_write_ins_without_a_number_of_ranks(tmp_path: Path) -> None:
    """With one, blanks up to it are (RCTab's way)."""
    source = SHEET._replace(blank_is_write_in=True)
    rows = ["a", "", "Bob"], ["b", "Ann"], ["c"]
    first, second, third = read_sheet(tmp_path, source, None, *rows)
    assert first.selections == ((1, WRITE_IN), (2, "Bob"))
    assert (second.selections, third.selections) == (((1, "Ann"),), ())


SEVERAL: tuple[list[str], ...] = (
    ["a", "Ann", "under", "Yew", "under"],
    ["b", "", "", "Yew", "under"],
    ["c", "under", "under", "", ""],
    [],
)
"""An export of two contests of two ranks each."""


def test_a_contest_without_any_cell_is_not_on_the_ballot(tmp_path: Path) -> None:
    """Where the sheet says blank ranks in a word; a row of nothing is a record, as ever. Numbers count all rows."""
    source = SHEET._replace(skipped_rank_label="under")
    records = read_sheet(tmp_path, source, 2, *SEVERAL)
    assert [(record.id[-1], record.selections) for record in records] == [
        ("1", ((1, "Ann"),)),
        ("3", ()),
        ("4", ()),
    ]
    other = read_sheet(tmp_path, source._replace(first_vote_column=4), 2, *SEVERAL)
    assert [record.id[-1] for record in other] == ["1", "2", "4"]


@pytest.mark.parametrize(
    "source",
    [
        SHEET,
        SHEET._replace(skipped_rank_label="other"),
        SHEET._replace(skipped_rank_label="under", blank_is_write_in=True),
    ],
)
def test_blank_cells_are_blank_ranks_where_no_word_says_otherwise(tmp_path: Path, source: Source) -> None:
    """Or where the configuration makes write-ins of them."""
    rows = [row for row in SEVERAL if "under" not in row[1:3]]
    assert len(read_sheet(tmp_path, source, 2, *rows)) == 2


@pytest.mark.parametrize(
    ("source", "row", "said"),
    [
        (SHEET._replace(id_column=1), ["", "Ann"], "row 2, column 1: expected the record's id"),
        (
            SHEET._replace(overvote_delimiter="|"),
            ["a", "Ann|"],
            "row 2, column 2: expected names between delimiters",
        ),
    ],
)
def test_a_cell_that_is_not_what_it_should_be_is_reported(
    tmp_path: Path, source: Source, row: list[str], said: str
) -> None:
    """By row and column."""
    with pytest.raises(FormatError, match=said):
        read_sheet(tmp_path, source, 3, row)


def test_what_is_no_workbook_is_reported(tmp_path: Path) -> None:
    """A CSV file with another name, say."""
    path = tmp_path / "cvr.xlsx"
    path.write_text("id,1st\n")
    with pytest.raises(FormatError, match="expected an Excel workbook"):
        list(ess.read(path, CSV, 3))


def record_of(folder: Path, *selections: tuple[int, str], label: str = "UWI") -> str:
    """Return the marks that selections are given."""
    roster = Roster(load(written(folder, source={"undeclaredWriteInLabel": label})))
    return roster.record(RawRecord("row 2", "1", selections), Path("cvr")).marks


@pytest.mark.parametrize(
    ("selections", "marks"),
    [
        (((1, "Bob"), (2, "Ann")), "1>0"),
        (((1, "A"), (3, "Bob")), "0>>1"),
        (((1, "Ann"), (1, "Bob")), "0=1"),
        (((1, OVERVOTE), (2, WRITE_IN)), "*>2"),
        (((1, "Ann"), (1, "A")), "0"),
        ((), ""),
    ],
)
def test_words_become_marks(tmp_path: Path, selections: tuple[tuple[int, str], ...], marks: str) -> None:
    """Names, aliases, blanks, overvotes with names and without, write-ins."""
    assert record_of(tmp_path, *selections) == marks


def test_an_alias_is_remembered(tmp_path: Path) -> None:
    """Records that are written again name candidates as their ballot did."""
    roster = Roster(load(written(tmp_path)))
    record = roster.record(RawRecord("row 2", "1", ((1, "A"), (2, "Bob"))), Path("cvr"))
    assert record.aliases == {0: "A"}


def test_unknown_names_are_refused_together(tmp_path: Path) -> None:
    """Each with how often it stands and where it was seen first."""
    roster = Roster(load(written(tmp_path)))
    for row, name in ((2, "Zoe"), (3, "Zoe"), (4, "Yan")):
        roster.record(RawRecord(f"row {row}", "1", ((1, name),)), Path("cvr"))
    with pytest.raises(FormatError, match=r"'Zoe' \(2 times, first in cvr: row 2\), 'Yan' \(1 times"):
        roster.refuse_unknown(Path("x_config.json"))


def test_a_rank_beyond_those_allowed_is_refused(tmp_path: Path) -> None:
    """As RCTab halts."""
    with pytest.raises(
        FormatError, match=r"cvr: row 2: expected ranks from 1 to 3 \[maxRankingsAllowed\], found 4"
    ):
        record_of(tmp_path, (4, "Ann"))
