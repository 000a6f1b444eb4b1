"""Workbooks row by row: what is small is read, however it is spelled, and what would not fit into memory is refused."""

import resource
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from shared.rcv.formats.cvr import sheet
from shared.rcv.formats.cvr.sheet import FREE_CELLS, Row, rows
from shared.rcv.formats.records import FormatError
from tests.support.sheets import write_workbook

GROWTH_KB = 50_000
TEXTS = ("Ann", "Bob", " Cy & Co ", "")


def workbook(
    path: Path, cells: str, head: str = "<worksheet><sheetData>", tail: str = "</sheetData></worksheet>"
) -> Path:
    """Write a workbook whose sheet is spelled as given, with a list of texts."""
    listed = "".join(f"<si><t>{text.replace('&', '&amp;')}</t></si>" for text in TEXTS)
    return write_workbook(path, f"{head}{cells}{tail}", f"<sst uniqueCount='{len(TEXTS)}'>{listed}</sst>")


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1'><c r = 'A1'><v>1</v></c></row><row r='1048576'><c r = 'xfd1048576'><v>1</v></c></row>",
        '<row r="9"><c r="A9"><v>1</v></c></row><row r="99999"><c r="ZZ99999"><v>1</v></c></row>',
        '<row r="1"><c><v>1</v></c></row><row r="999999">' + '<c s="1"><v>1</v></c>' * 200 + "</row>",
    ],
)
def test_a_cell_far_from_the_others_is_refused_without_memory(tmp_path: Path, cells: str) -> None:
    """However its place is spelled: at the last cell of Excel, or by counting on from the one before."""
    path = workbook(tmp_path / "votes.xlsx", cells)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        FormatError, match=f"votes.xlsx: xl/worksheets/sheet1.xml: .*{FREE_CELLS:,} cells at most"
    ):
        list(rows(path, 1))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KB


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ('<row r="100000000"><c/></row>', r"expected a row from 1 to 1,048,576, found '100000000'"),
        ('<row r="2"/><row r="2"/>', r"expected a row from 3 to 1,048,576, found '2'"),
        (
            '<row r="1"><c r="XFE1"><v>1</v></c></row>',
            "expected cells in order up to column 16,384, found 'XFE1'",
        ),
        (
            '<row r="1"><c r="' + "M" * 40 + '1"><v>1</v></c></row>',
            "expected cells in order up to column 16,384",
        ),
        (
            '<row r="1"><c r="B1"/><c r="A1"/></row>',
            "expected cells in order up to column 16,384, found 'A1'",
        ),
        ('<row r="1"><c r="A2"><v>1</v></c></row>', "expected cells of row 1, found 'A2'"),
        ('<row r="1"><c r="A1" t="s"><v>9</v></c></row>', "expected a text of the list, found number '9'"),
        ('<row r="1"><c r="A1"><v>1</c></row>', "expected XML after row 0: mismatched tag"),
    ],
)
def test_a_cell_that_cannot_be_where_it_says_is_refused(tmp_path: Path, cells: str, message: str) -> None:
    """Below Excel's last row, right of its last column, or before the one that stands before it."""
    with pytest.raises(FormatError, match=message):
        list(rows(workbook(tmp_path / "votes.xlsx", cells), 1))


def test_rows_that_are_only_declared_cost_nothing(tmp_path: Path) -> None:
    """LibreOffice ends a sheet at its last row, and styled cells may stand anywhere."""
    cells = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="1048575" hidden="false"></row>'
        '<row r="1048576"><c r="XFD1048576" s="3"/></row>'
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert list(rows(workbook(tmp_path / "votes.xlsx", cells), 1)) == [
        Row(1, (), ((1, "Ann"),), is_filled=True),
        Row(1_048_575, (), (), is_filled=False),
        Row(1_048_576, (), (), is_filled=False),
    ]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KB


def test_a_million_declared_rows_are_read_piece_by_piece(tmp_path: Path) -> None:
    """As many as Excel can have."""
    cells = "".join(f'<row r="{number}" ht="12.8"/>' for number in range(1, 200_001))
    path = workbook(tmp_path / "votes.xlsx", cells)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in rows(path, 1)) == 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KB


def test_a_large_sheet_that_is_full_passes(tmp_path: Path) -> None:
    """What is there may be large: the limit grows with it."""
    cells = (
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="BZ{row}"><v>2</v></c></row>'
        for row in range(1, 200_001)
    )
    path = workbook(tmp_path / "votes.xlsx", "".join(cells))
    assert sum(len(row.cells) for row in rows(path, 1)) == 400_000


@pytest.mark.parametrize("what", ["blanks", "rows"])
def test_a_small_file_that_unpacks_to_very_much_is_refused(
    tmp_path: Path, what: str, monkeypatch: Any
) -> None:
    """A part that is too large before it is unpacked, a row that does not end while it is."""
    monkeypatch.setattr(sheet, "MAX_BYTES", 1 << 27)
    inside = " " * (1 << 28) if what == "blanks" else '<row r="1">' + '<c r="A1"/>' * (1 << 22)
    path = workbook(tmp_path / "votes.xlsx", inside)
    assert path.stat().st_size < 1 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        FormatError, match=r"expected (at most 134,217,728 bytes|rows of at most 16,777,216 bytes)"
    ):
        list(rows(path, 1))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KB


@pytest.mark.parametrize("part", ["content.xml", "xl/workbook.bin"])
def test_another_kind_of_workbook_is_refused(tmp_path: Path, part: str) -> None:
    """No vendor writes them."""
    path = workbook(tmp_path / "votes.xlsx", "")
    with ZipFile(path, "a") as book:
        book.writestr(part, "")
    with pytest.raises(FormatError, match="found another kind"):
        list(rows(path, 1))


def test_a_list_of_texts_that_says_it_is_endless_is_refused(tmp_path: Path) -> None:
    """There is no room for as many texts as it says it has."""
    texts = '<sst count="1" uniqueCount="4294967295"><si><t>x</t></si></sst>'
    path = write_workbook(tmp_path / "votes.xlsx", "<worksheet><sheetData/></worksheet>", texts)
    with pytest.raises(FormatError, match=r"xl/sharedStrings.xml: expected a count .* found 4,294,967,295"):
        list(rows(path, 1))


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    """What it names may be large without end."""
    texts = '<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>'
    path = write_workbook(tmp_path / "votes.xlsx", "<worksheet><sheetData/></worksheet>", texts)
    with pytest.raises(FormatError, match="a document type, which no workbook has"):
        list(rows(path, 1))


def test_all_spellings_of_a_row_say_the_same(tmp_path: Path) -> None:
    """Attributes in another order, prefixes, texts in the cell, in runs, without places: only the first is usual."""
    usual = '<row r="1" spans="1:3"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1"><v>7</v></c><c r="C1" s="2"/></row>'
    expected = [Row(1, ("Ann",), ((2, "7"),), is_filled=True)]
    spellings = (
        usual,
        "<row spans='1:3' r='1'><c t='s' r='A1'><v>0</v></c><c r='B1' t='n'><v>7.0</v></c><c r='C1'></c></row>",
        '<row><c t="inlineStr"><is><t>Ann</t></is></c><c><v>7</v></c></row>',
        '<row r="1"><c r="A1" t="inlineStr"><is><r><t>A</t></r><r><t>nn</t></r><rPh><t>x</t></rPh></is></c><c r="B1" t="str"><f>3+4</f><v>7</v></c></row>',
        '<row r="1"><!-- c --><c r="A1" t="str"><v>&#65;nn</v></c><c r="B1"><v> 7 </v></c></row>',
    )
    path = tmp_path / "votes.xlsx"
    for spelling in spellings:
        assert list(rows(workbook(path, spelling), 2, (1,))) == expected, spelling
    prefixed = usual.replace("<", "<x:").replace("<x:/", "</x:")
    head, tail = "<x:worksheet><x:sheetData>", "</x:sheetData></x:worksheet>"
    assert list(rows(workbook(path, prefixed, head, tail), 2, (1,))) == expected


@pytest.mark.parametrize(
    "text",
    ["Ann", " Zo\u00eb ", '1"', "1", "&#65;", "A<!-- c -->n", "]]>", "\ufffe", "\x01", "\u00a0", "</t><t>"],
)
def test_a_text_in_its_cell_is_read_as_an_xml_parser_reads_it(tmp_path: Path, text: str) -> None:
    """The quick way and the parser's give the same, or both refuse: the other spelling has its attributes the other way round."""
    path = tmp_path / "votes.xlsx"
    found = []
    for attributes in ('r="A1" t="inlineStr"', 't="inlineStr" r="A1"'):
        cell = f"<c {attributes}><is><t>{text}</t></is></c>"
        try:
            found.append(list(rows(workbook(path, f'<row r="1">{cell}</row>'), 1)))
        except FormatError:
            found.append([])
    assert found[0] == found[1]


CELL = st.sampled_from(["none", "", "<v>{}</v>", "s0", "s1", "s2", "s3", "i", "j", "b", "f"])


@given(st.lists(st.lists(CELL, max_size=5), min_size=1, max_size=6), st.integers(1, 4))
def test_rows_are_those_of_another_library(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], first: int
) -> None:
    """Cell by cell, wherever the wanted columns begin, and though some cells are not there."""
    spelled = "".join(
        f'<row r="{number}">'
        + "".join(_cell(number, column, cell) for column, cell in enumerate(row, 1))
        + "</row>"
        for number, row in enumerate(cells, 1)
    )
    path = workbook(tmp_path_factory.mktemp("books", numbered=True) / "votes.xlsx", spelled)
    read = {row.number: dict(row.cells) for row in rows(path, first)}
    other = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    for number, row in enumerate(other, 1):
        shown = {column: str(int(cell) if isinstance(cell, float) else str(cell).upper() if isinstance(cell, bool) else cell).strip()
                 for column, cell in enumerate(row, 1) if column >= first}  # fmt: skip
        assert {column: text for column, text in shown.items() if text} == {
            column: text for column, text in read[number].items() if text
        }
    assert set(read) == set(range(1, len(cells) + 1))


def _cell(row: int, column: int, cell: str) -> str:
    place = f'r="{chr(64 + column)}{row}"'
    if cell.startswith("s"):
        return f'<c {place} s="1" t="s"><v>{cell[1:]}</v></c>'
    if cell == "i":
        return f'<c {place} t="inlineStr"><is><t>In {row}" &lt;{column}</t></is></c>'
    if cell == "j":
        return f'<c {place} t="inlineStr"><is><t> Zo\u00eb {column}\'s </t></is></c>'
    odd = {
        "none": "",
        "b": f'<c {place} t="b"><v>1</v></c>',
        "f": f'<c {place} t="str"><f>A1</f><v>Ann</v></c>',
    }
    return odd.get(cell, f"<c {place}>{cell.format(row * 10 + column)}</c>")


ODD = '<c r="{}1" t="str"><v>Ann</v></c>'
USUAL = '<c r="{}1"><v>7</v></c>'


def test_a_cell_that_is_spelled_otherwise_is_not_lost_before_a_usual_one(tmp_path: Path) -> None:
    """Where the first wanted cell is not there: the value of a formula that is a text is such a cell."""
    path = workbook(tmp_path / "votes.xlsx", f'<row r="1">{ODD.format("C")}{USUAL.format("D")}</row>')
    assert list(rows(path, 2)) == [Row(1, (), ((3, "Ann"), (4, "7")), is_filled=True)]
    swapped = workbook(tmp_path / "votes.xlsx", f'<row r="1">{USUAL.format("C")}{USUAL.format("B")}</row>')
    with pytest.raises(FormatError, match="expected cells in order"):
        list(rows(swapped, 2))


@pytest.mark.parametrize(
    "cell", ['<c r="B2"><f>A1</f></c>', '<c r="B2"><f>A1</f><v/></c>', "<c><f>A1</f><v></v></c>"]
)
def test_a_formula_without_its_value_is_refused_where_it_is_read(tmp_path: Path, cell: str) -> None:
    """As programs write it that do not compute: it would be a blank rank. A text without letters is a value."""
    path = workbook(tmp_path / "votes.xlsx", f'<row r="2"><c r="A2"><v>1</v></c>{cell}</row>')
    with pytest.raises(FormatError, match=r"expected the value of the formula in (B2|row 2), found none"):
        list(rows(path, 2))
    assert len(list(rows(path, 3))) == 1
    assert list(rows(path, 2, first_row=3)) == []
    empty = workbook(path, '<row r="2"><c r="B2" t="str"><f>A1</f><v></v></c></row>')
    assert list(rows(empty, 2)) == [Row(2, (), ((2, ""),), is_filled=False)]


@pytest.mark.parametrize(
    ("area", "is_read"),
    [("B2:C2", True), ("C2:C4", True), ("A2:A3", True), ("A1:Z1", False), ("B2:B2", False)],
)
def test_merged_cells_are_refused_where_they_are_read(tmp_path: Path, area: str, *, is_read: bool) -> None:
    """The file says nothing of which of them the value is for; above the ballots, heads may be merged."""
    merged = f'</sheetData><mergeCells count="1"><mergeCell ref="{area}"/></mergeCells></worksheet>'
    path = workbook(tmp_path / "votes.xlsx", '<row r="2"><c r="B2"><v>1</v></c></row>', tail=merged)
    if is_read:
        with pytest.raises(FormatError, match=f"expected a value in each cell, found {area} merged into one"):
            list(rows(path, 2, (1,), 2))
    else:
        assert len(list(rows(path, 2, (1,), 2))) == 1


def test_other_sheets_are_noted_and_a_hidden_one_is_not_the_first(tmp_path: Path) -> None:
    """A sheet without any value is not worth a word."""
    usual = '<row r="1"><c r="A1"><v>7</v></c></row>'
    for more, state, said in (
        ("<v>1</v>", "", ["sheet 'More': only the first sheet is read"]),
        ("", "", []),
        ("", 'state="hidden"', None),
    ):
        path = several(tmp_path / "votes.xlsx", usual, f'<row r="1"><c r="A1">{more}</c></row>', state)
        noted: list[str] = []
        if said is None:
            with pytest.raises(
                FormatError, match="expected 'More' to be the first sheet, found 'CVR', which is hidden"
            ):
                list(rows(path, 1, note=noted.append))
        else:
            assert len(list(rows(path, 1, note=noted.append))) == 1
            assert noted == said


def several(path: Path, first: str, second: str, state: str) -> Path:
    """Write a workbook of two sheets, the first of which is in some state."""
    one = workbook(path.with_name("one.xlsx"), first)
    with ZipFile(one) as source, ZipFile(path, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            if name == "xl/workbook.xml":
                text = text.replace('name="CVR"', f'name="CVR" {state}')
                text = text.replace("</sheets>", '<sheet name="More" sheetId="2" r:id="rId9"/></sheets>')
            if name.endswith(".xml.rels"):
                link = '<Relationship Id="rId9" Type="worksheet" Target="worksheets/sheet2.xml"/>'
                text = text.replace("</Relationships>", f"{link}</Relationships>")
            target.writestr(name, text)
        target.writestr("xl/worksheets/sheet2.xml", f"<worksheet><sheetData>{second}</sheetData></worksheet>")
    return path


def test_a_packed_workbook_is_read_like_an_unpacked_one(tmp_path: Path) -> None:
    """Compression is the usual case."""
    plain = workbook(tmp_path / "a.xlsx", '<row r="3"><c r="B3" t="s"><v>1</v></c></row>')
    packed = tmp_path / "b.xlsx"
    with ZipFile(plain) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert list(rows(packed, 1)) == list(rows(plain, 1)) == [Row(3, (), ((2, "Bob"),), is_filled=True)]
