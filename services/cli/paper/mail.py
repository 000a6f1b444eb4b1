"""Draws the letters to electors as PDF: one page each, with the voting code in large type, a QR code and the link it stands for.

A letter needs the officer's mailing file (`livecount codes --electors`) and never leaves the officer's machine: whoever holds it
can vote. Sizes are in points; 18 is large print.
"""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from services.cli.errors import csv_of
from services.cli.paper.drawing import Style, characters, document_style
from shared.contract.codes import BadCode, parse_code
from shared.contract.elections import Election

BATCH_LETTERS: Final = 1_000
"""Letters of one file: what a printer takes at once, and what is held in memory."""
ADDRESS: Final = (
    "title", "salutation", "first name", "given name", "last name", "family name", "surname", "name", "full name",
    "organisation", "organization", "company", "address", "address 1", "address 2", "address line 1",
    "address line 2", "street", "postcode", "postal code", "zip", "zip code", "town", "city", "county", "country",
)  # fmt: skip
"""Columns of a list that belong into the window of an envelope, in the list's own order."""
SIZE: Final = 18.0
MARGIN: Final = 20 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
ADDRESS_TOP: Final = A4[1] - 50 * mm
"""Where the window of an envelope begins (DIN 5008, form B)."""
ADDRESS_LINES: Final = 6
TITLE_TOP: Final = A4[1] - 112 * mm
QR_SIDE: Final = 48 * mm


class Letter(NamedTuple):
    """What is different on each letter: the address line by line, elector number, code and link."""

    address: tuple[str, ...]
    elector: str
    code: str
    link: str


def read_letters(file: Path, columns: Sequence[str] = ()) -> Iterator[Letter]:
    """Yield the letter of each row of a mailing file; `columns` are those of the address, by default those of ADDRESS.

    Raises OSError; ValueError with the row if the file is no mailing file.
    """
    with file.open(newline="", encoding="utf-8") as lines, csv_of(file):
        rows = csv.DictReader(lines, strict=True)
        names = list(rows.fieldnames or ())
        if missing := [name for name in ("elector", "code", "link") if name not in names]:
            raise ValueError(
                f"{file}: expected a mailing file, as `livecount codes --electors` writes it; found no column {missing[0]}"
            )
        if unknown := [name for name in columns if name not in names]:
            raise ValueError(f"{file}: expected one of the columns {', '.join(names)}, found {unknown[0]!r}")
        chosen = columns or [name for name in names if name.strip().lower() in ADDRESS]
        for number, row in enumerate(rows, 2):
            try:
                parse_code(row["code"])
            except BadCode as fault:
                raise ValueError(f"{file}: row {number}: {fault}") from fault
            address = tuple(row[name].strip() for name in chosen if row[name].strip())
            yield Letter(address, row["elector"], row["code"], row["link"])


def write_letters(
    definition: Election,
    letters: Iterator[Letter],
    folder: Path,
    font: Path | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Write letters in files of BATCH_LETTERS, each for its owner's eyes only; return the files. `done` takes how many are.

    A file is whole or not there. Raises ValueError if the font lacks a character of a name.
    """
    style, known = document_style(SIZE, font), characters(font)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files: list[Path] = []
    count = 0
    while batch := list(islice(letters, BATCH_LETTERS)):
        for letter in batch:
            _require(known, (definition.title, *letter.address), letter.elector)
        files.append(folder / f"letters-{len(files) + 1:04}.pdf")
        _write_file(definition, batch, files[-1], style)
        count += len(batch)
        done(count)
    return files


def _require(known: Callable[[str], bool], texts: Sequence[str], elector: str) -> None:
    for text in texts:
        if lacking := [character for character in text if not known(character)]:
            raise ValueError(
                f"elector {elector}: the font has no {lacking[0]!r} of {text!r}; expected --font FILE.ttf that has it"
            )


def _write_file(definition: Election, batch: Sequence[Letter], out: Path, style: Style) -> None:
    part = out.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        canvas = Canvas(file, pagesize=A4, invariant=True, lang="en")
        canvas.setTitle(f"{definition.title}: letters {batch[0].elector} to {batch[-1].elector}")
        for letter in batch:
            _draw(canvas, definition, letter, style)
            canvas.showPage()
        canvas.save()
    part.replace(out)


def _draw(canvas: Canvas, definition: Election, letter: Letter, style: Style) -> None:
    for place, line in enumerate(letter.address[:ADDRESS_LINES]):
        canvas.setFont(style.plain, 12)
        canvas.drawString(MARGIN, ADDRESS_TOP - 15 * place, line)
    top = _text(canvas, definition.title, style._replace(plain=style.bold, size=22), TITLE_TOP)
    if definition.epoch == "test":
        top = _text(canvas, "TEST: this vote decides nothing", style._replace(plain=style.bold), top - 4)
    top = _text(
        canvas, "Your voting code. It is yours alone: whoever has it can vote in your place.", style, top - 6
    )
    top = _code(canvas, letter.code, top - 14)
    _qr(canvas, letter.link, MARGIN, top - QR_SIDE)
    beside = style._replace(size=16)
    steps = ("Scan this with your phone, or type the address below and then your code.", *_until(definition))
    step_top = top - 4
    for step in steps:
        step_top = _text(canvas, step, beside, step_top, left=MARGIN + QR_SIDE + 8 * mm) - 8
    address = letter.link.partition("#")[0]
    top = _text(canvas, address, style._replace(plain=style.bold, size=16), top - QR_SIDE - 14)
    canvas.setFont(style.plain, 12)
    canvas.drawString(
        MARGIN,
        MARGIN,
        f"Elector number {letter.elector}. Letter lost? Ask the returning officer for another code.",
    )


def _until(definition: Election) -> Iterator[str]:
    if definition.closes is not None:
        yield f"Vote before {definition.closes:%d %B %Y, %H:%M} ({definition.closes.tzname()})."


def _text(canvas: Canvas, text: str, style: Style, top: float, left: float = MARGIN) -> float:
    """Draw text, broken into lines, below `top`; return where it ends."""
    for line in simpleSplit(text, style.plain, style.size, MARGIN + WIDTH - left):
        top -= style.size * 1.25
        canvas.setFont(style.plain, style.size)
        canvas.drawString(left, top, line)
    return top


def _code(canvas: Canvas, code: str, top: float) -> float:
    """Draw the code in a box, as large as the page is wide; return where it ends."""
    size = min(26.0, (WIDTH - 20) / stringWidth(code, "Courier-Bold", 1))
    height = size * 2.1
    canvas.roundRect(MARGIN, top - height, WIDTH, height, 6)
    canvas.setFont("Courier-Bold", size)
    canvas.drawCentredString(MARGIN + WIDTH / 2, top - height / 2 - size * 0.33, code)
    return top - height - 16


def _qr(canvas: Canvas, link: str, left: float, bottom: float) -> None:
    """Draw a link as a QR code with error correction M, one path of runs of dark modules.

    The mask is a fixed one: looking for the best of eight takes 59 ms of 69 a letter, and every reader reads each of them.
    """
    rows = list(segno.make(link, error="m", micro=False, mask=4).matrix_iter(border=0))
    side = QR_SIDE / len(rows)
    path = canvas.beginPath()
    for y, row in enumerate(rows):
        start: int | None = None
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                path.rect(left + start * side, bottom + QR_SIDE - (y + 1) * side, (x - start) * side, side)
                start = None
    canvas.drawPath(path, stroke=0, fill=1)
