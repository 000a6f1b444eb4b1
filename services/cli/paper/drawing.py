"""Draws paper ballots as a PDF. Each candidate has a letter, by their place in the definition: tellers type the letters.

A paper carries a number and no code: the number is that of a code which is handed out with the paper, at random, so that
nobody knows whose it is. Sizes are in points; "large" is 18, as large print is (16 to 18).
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from services.cli.paper.letters import letter
from shared.contract.candidate_order import candidate_order
from shared.contract.elections import Contest, Election
from shared.rcv.narrate.numbers import shown_amount

SIZES: Final = {"normal": 12.0, "large": 18.0}
"""Points of the candidates' names."""
MARGIN: Final = 18 * mm
TOGETHER: Final = 12
"""A contest of at most so many candidates is never split between pages."""
FONT, BOLD = "Helvetica", "Helvetica-Bold"


class Paper(NamedTuple):
    """One paper: its number, and the section that its code is of."""

    number: int
    section: str


class Style(NamedTuple):
    """The fonts of a document, and the size of its names in points."""

    plain: str
    bold: str
    size: float

    def text(self, scale: float = 1.0, *, bold: bool = False, centred: bool = False) -> ParagraphStyle:
        """Return a paragraph's style, `scale` times as large as the names."""
        size = self.size * scale
        return ParagraphStyle(
            "text",
            fontName=self.bold if bold else self.plain,
            fontSize=size,
            leading=size * 1.25,
            alignment=TA_CENTER if centred else 0,
        )


def write(
    definition: Election, papers: Iterable[Paper], out: Path, size: str = "normal", font: Path | None = None
) -> None:
    """Write papers as a PDF, each on pages of its own.

    `font` is a TrueType file for names beyond Western European letters. Raises ValueError if the font lacks one.
    """
    style = document_style(SIZES[size], font)
    _require_letters(definition, font)
    story: list[Flowable] = []
    for paper in papers:
        story += [*_paper(definition, paper, style), PageBreak()]
    document = _Papers(
        str(out),
        style,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=definition.title,
        author="",
        invariant=True,
    )
    document.build(story)


class _Papers(BaseDocTemplate):
    """Papers one after another; each page bears the number of its paper, so that pages that got apart are found again."""

    def __init__(self, out: str, style: Style, **options: Any) -> None:
        super().__init__(out, **options)
        self._style = style
        self._number, self._first = 0, 1
        frame = Frame(self.leftMargin, self.bottomMargin, self.width, self.height, id="page")
        self.addPageTemplates(PageTemplate("paper", [frame], onPageEnd=self._foot))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  # reportlab's name
        """Note which paper begins."""
        if isinstance(flowable, _Begin):
            self._number, self._first = flowable.number, self.page

    def _foot(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        size = 0.9 * self._style.size
        canvas.setFont(self._style.plain, size)
        text = f"Ballot paper {self._number}, page {self.page - self._first + 1}"
        canvas.drawRightString(A4[0] - MARGIN, MARGIN - size, text)


class _Begin(Spacer):
    """The beginning of a paper; it takes no room."""

    def __init__(self, number: int) -> None:
        super().__init__(0, 0)
        self.number = number


def document_style(size: float, font: Path | None) -> Style:
    """Return the fonts of a document: a TrueType file's, or Helvetica."""
    if font is None:
        return Style(FONT, BOLD, size)
    pdfmetrics.registerFont(TTFont("own", str(font)))
    return Style("own", "own", size)


def characters(font: Path | None) -> Callable[[str], bool]:
    """Return whether a font has a character: a TrueType file, or Helvetica, which has Western European letters only."""
    if font is not None:
        glyphs = TTFont("asked", str(font)).face.charToGlyph
        return lambda character: ord(character) in glyphs
    return _is_western


def _is_western(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _require_letters(definition: Election, font: Path | None) -> None:
    names, known = [definition.title], characters(font)
    for contest in definition.contests:
        names += [contest.title, *(text for of in contest.candidates for text in (of.name, of.party))]
    for name in names:
        missing = [character for character in name if not known(character)]
        if missing:
            raise ValueError(
                f"the font has no {missing[0]!r} of {name!r}; expected --font FILE.ttf that has it"
            )


def _paper(definition: Election, paper: Paper, style: Style) -> list[Flowable]:
    head: list[Flowable] = [
        _Begin(paper.number),
        Paragraph(escape(definition.title), style.text(1.4, bold=True)),
        Paragraph(f"Ballot paper {paper.number}", style.text()),
    ]
    if definition.epoch == "test":
        head.append(Paragraph("TEST: this vote decides nothing", style.text(1.1, bold=True, centred=True)))
    head.append(
        Paragraph(
            "Write 1 in the box beside your first choice, 2 beside your second, and so on.",
            style.text(0.95),
        )
    )
    parts = [part for contest in definition.contests for part in _contest(contest, paper, style)]
    return [*head, Spacer(0, style.size), *parts]


def _contest(contest: Contest, paper: Paper, style: Style) -> list[Flowable]:
    order = candidate_order(contest, paper.section, str(paper.number))
    box, pad = 2.2 * style.size, 0.45 * style.size
    centred = style.text(bold=True, centred=True)
    rows = [
        [
            "",
            Paragraph(letter(place), centred),
            _candidate(contest, place, style),
        ]
        for place in order
    ]
    table = Table(rows, colWidths=[box, box, A4[0] - 2 * (MARGIN + box) - 12], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("BOX", (0, 0), (0, -1), 1.2, "black"),
                ("INNERGRID", (0, 0), (0, -1), 1.2, "black"),
                ("LINEBELOW", (1, 0), (-1, -1), 0.4, "grey"),
                ("TOPPADDING", (0, 0), (-1, -1), pad),
                ("BOTTOMPADDING", (0, 0), (-1, -1), pad),
            ]
        )
    )
    title = Paragraph(escape(contest.title), style.text(1.2, bold=True))
    parts: list[Flowable] = [title, Paragraph(_seats(contest), style.text(0.9)), Spacer(0, pad), table]
    gap = Spacer(0, 1.5 * style.size)
    return [KeepTogether(parts), gap] if len(rows) <= TOGETHER else [*parts, gap]


def _candidate(contest: Contest, place: int, style: Style) -> list[Flowable]:
    """Return a candidate's name, with a project's cost, and below it the party."""
    candidate = contest.candidates[place]
    cost = "" if candidate.cost is None else f", {shown_amount(contest, str(candidate.cost))}"
    party = [Paragraph(escape(candidate.party), style.text(0.85))] if candidate.party else []
    return [Paragraph(escape(f"{candidate.name}{cost}"), style.text()), *party]


def _seats(contest: Contest) -> str:
    if contest.budget is not None:
        budget = f"There is a budget of {shown_amount(contest, str(contest.budget.amount))}. "
        if contest.budget.ballots == "approvals":
            return f"{budget}Here, write 1 beside every project that you want the money to be spent on."
        return f"{budget}Rank as many projects or as few as you like."
    elected = {0: "", 1: "One candidate will be elected. "}.get(
        contest.seats, f"{contest.seats} candidates will be elected. "
    )
    most = contest.rules.max_ranks
    return elected + (
        "Rank as many or as few as you like." if most is None else f"Up to {most} choices count."
    )
