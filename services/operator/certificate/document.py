"""Lays a certificate's document out: as one HTML file that needs nothing else, and as PDF, A4."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as DrawnTable

from services.operator.certificate.view import Document, Table

MARGIN: Final = 18 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
PLAIN: Final = ParagraphStyle("plain", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=4)
SMALL: Final = ParagraphStyle("small", PLAIN, fontSize=8.5, leading=11, spaceAfter=0)
RIGHT: Final = ParagraphStyle("right", SMALL, alignment=2)
HASH: Final = ParagraphStyle("hash", fontName="Courier", fontSize=7.5, leading=9.5, splitLongWords=1)
TITLE: Final = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=18, leading=22, spaceAfter=8)
HEAD: Final = ParagraphStyle(
    "head", TITLE, fontSize=13, leading=17, spaceBefore=12, spaceAfter=4, keepWithNext=1
)
STRONG: Final = ParagraphStyle("strong", PLAIN, fontName="Helvetica-Bold", fontSize=11)
RULES: Final = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, "grey"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, "black"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)
_PAGES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class BeyondLetters(ValueError):
    """The PDF's fonts have Western European letters only. A browser prints the HTML in any script, shaped as it should be."""


def as_html(document: Document) -> bytes:
    """Return the document as HTML, UTF-8."""
    return _PAGES.get_template("certificate.html").render(of=document).lstrip().encode()


def as_pdf(document: Document) -> bytes:
    """Return the document as PDF; the same document gives the same bytes.

    Raises BeyondLetters if a letter is in none of its fonts: a certificate must not be printed with another name on it.
    """
    out = BytesIO()
    SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"Certificate: {document.title}",
        author="",
        invariant=True,
    ).build(list(_story(document)), onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _story(of: Document) -> Iterator[Flowable]:
    if of.is_test:
        yield _text("TEST DATA: this election decides nothing.", STRONG)
    yield _text(f"Certificate of the result: {of.title}", TITLE)
    yield _text(
        "Two separately written programs counted every ballot of the log. They agree in every round of every contest: who "
        "held how many votes, how many rest with nobody and why, and who is elected."
    )
    if of.replaces:
        yield _text(f"This certificate corrects another: {of.replaces}", STRONG)
    for contest in of.contests:
        yield _text(contest.title, HEAD)
        yield _text(contest.headline, STRONG)
        yield _text(contest.how)
        for table in contest.rounds:
            yield from _table(table)
        for sentence in contest.sentences:
            yield _text(sentence)
        yield _text("Hash of this result, to which both counts came:")
        yield _text(contest.result_hash, HASH)
    yield _text("Every ballot accounted for", HEAD)
    yield _text("Cast = accepted + duplicate + late + voided + rejected.")
    yield from _table(of.balance)
    yield from _table(of.turnout)
    yield _text("Who certified", HEAD)
    yield _text(f"Ordered {of.at}, by {of.by}{f': {of.reason}' if of.reason else ''}. Signed:")
    for signer in of.signers:
        yield _text(signer, HASH)
    yield _text("What was counted", HEAD)
    for name, value in (("Certificate", of.certificate), *of.facts):
        yield _text(f"{name}: {value}", SMALL)
    yield Spacer(0, 6)
    yield from _table(of.shards, hashes=True)


def _table(table: Table, *, hashes: bool = False) -> Iterator[Flowable]:
    columns = len(table.columns)
    first = 0.08 if hashes else max(0.3, 1 - 0.14 * (columns - 1)) if columns < 7 else 1 / columns
    widths = [first * WIDTH, *[(1 - first) * WIDTH / (columns - 1)] * (columns - 1)]
    if hashes:
        widths = [0.08 * WIDTH, 0.1 * WIDTH, 0.41 * WIDTH, 0.41 * WIDTH]
    rest = HASH if hashes else RIGHT
    rows = [
        [_text(cell, rest if place else SMALL) for place, cell in enumerate(row)]
        for row in (table.columns, *table.rows)
    ]
    yield DrawnTable(rows, colWidths=widths, repeatRows=1, hAlign="LEFT", style=RULES)
    yield Spacer(0, 8)


def _text(text: str, style: ParagraphStyle = PLAIN) -> Paragraph:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError as fault:
        raise BeyondLetters(
            f"the PDF has no letter {text[fault.start]!r} of {text!r}: ask for certificate.html, and print it in a browser"
        ) from fault
    return Paragraph(escape(text), style)


def _foot(canvas: Canvas, _: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"Page {canvas.getPageNumber()}")
