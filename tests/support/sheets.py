"""Excel workbooks of one sheet, as small as they can be (ECMA-376, part 1)."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write_sheet(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write cells of text; a blank one is left out, as Excel does."""
    lines = "".join(_row(number, cells) for number, cells in enumerate(rows, 1))
    return write_workbook(path, f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>')


def write_workbook(path: Path, sheet: str, texts: str = "") -> Path:
    """Write a workbook whose one sheet, and perhaps list of texts, is this XML."""
    links = [_link(1, f"{_OFFICE}/worksheet", "worksheets/sheet1.xml")]
    if texts:
        links.append(_link(2, f"{_OFFICE}/sharedStrings", "sharedStrings.xml"))
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            "</Types>",
        )
        book.writestr("_rels/.rels", _linked(_link(1, f"{_OFFICE}/officeDocument", "xl/workbook.xml")))
        book.writestr("xl/_rels/workbook.xml.rels", _linked(*links))
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
            '<sheets><sheet name="CVR" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        book.writestr("xl/worksheets/sheet1.xml", sheet)
        if texts:
            book.writestr("xl/sharedStrings.xml", texts)
    return path


def _linked(*links: str) -> str:
    return f'<Relationships xmlns="{_LINKS}">{"".join(links)}</Relationships>'


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'


def _row(number: int, cells: Sequence[str]) -> str:
    texts = "".join(
        f'<c r="{chr(65 + column)}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
        for column, text in enumerate(cells)
        if text
    )
    return f'<row r="{number}">{texts}</row>'
