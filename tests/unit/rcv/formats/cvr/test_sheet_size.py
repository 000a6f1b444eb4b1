"""Sheets that would not fit into memory are refused before anything is made of them."""

import resource
from pathlib import Path
from zipfile import ZipFile

import pytest

from shared.rcv.formats.cvr.sheet_size import FREE_CELLS, refuse_wide
from shared.rcv.formats.records import FormatError

GROWTH_KB = 50_000


def _workbook(path: Path, cells: str, part: str = "xl/worksheets/sheet1.xml") -> Path:
    with ZipFile(path, "w") as book:
        book.writestr(part, f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    return path


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>',
        "<row r='1'><c r = 'A1'/></row><row r='1048576'><c r = 'xfd1048576'/></row>",
        '<x:row r="9"><x:c r="A9"/><x:c r="ZZ99999"/></x:row>',
        '<row r="100000000"><c/></row><row r="1"><c/></row>',
        '<row r="99999">' + "<c s='1'/>" * 200 + "</row>",
    ],
)
def test_a_cell_far_from_the_others_is_refused_without_memory(tmp_path: Path, cells: str) -> None:
    """However its place is spelled: at the last cell of Excel, below it, or by counting on from the one before."""
    path = _workbook(tmp_path / "votes.xlsx", cells)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        FormatError, match=f"votes.xlsx: xl/worksheets/sheet1.xml: .*{FREE_CELLS:,} cells at most"
    ):
        refuse_wide(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KB


def test_a_large_sheet_that_is_full_passes(tmp_path: Path) -> None:
    """What is there may be large: the limit grows with it."""
    rows = (f'<row r="{row}"><c r="A{row}"/><c r="BZ{row}"/></row>' for row in range(1, 200_001))
    refuse_wide(_workbook(tmp_path / "votes.xlsx", "".join(rows)))


@pytest.mark.parametrize("part", ["content.xml", "xl/workbook.bin"])
def test_another_kind_of_workbook_is_refused(tmp_path: Path, part: str) -> None:
    """Their sheets have other sizes to check, and no vendor writes them."""
    with pytest.raises(FormatError, match="found another kind"):
        refuse_wide(_workbook(tmp_path / "votes.xlsx", "", part))


def test_a_list_of_texts_that_says_it_is_endless_is_refused(tmp_path: Path) -> None:
    """The library makes room for as many texts as the list says it has."""
    path = tmp_path / "votes.xlsx"
    with ZipFile(path, "w") as book:
        book.writestr(
            "xl/sharedStrings.xml", '<sst count="1" uniqueCount="4294967295"><si><t>x</t></si></sst>'
        )
    with pytest.raises(FormatError, match=r"xl/sharedStrings.xml: expected a count .* found 4,294,967,295"):
        refuse_wide(path)
