"""A contest as a picture (PNG), drawn by Pillow: what a link to its page looks like where it is shared."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features

from services.results.views.summary import Summary
from shared.contract.standings import Status

SIZE: Final = (1200, 630)
"""Pixels: the shape that sites cut pictures of links to."""
FONTS: Final = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/TTF/DejaVuSans.ttf"),
)
"""Where systems keep the font that is used if none is set: it has Latin, Greek, Cyrillic, Hebrew and Arabic letters."""
NO_LETTER: Final = "\uffff"
EDGE: Final = 56
GROUND, INK, SOFT, LINE = "#fbfaf7", "#1c1b19", "#5c5852", "#e9e5dc"
COLOURS: Final = {
    "c0": "#0072b2",
    "c1": "#c05a00",
    "c2": "#00785c",
    "c3": "#a8478a",
    "c4": "#8a6d00",
    "c5": "#2976ad",
    "c6": "#b03a2e",
    "c7": "#555555",
}
"""As the style sheet has them by day."""
DIRECTION: Final = "ltr" if features.check("raqm") else None
"""Of sentences, whatever direction the names in them have; without raqm there is no choice."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Painter:
    """Draws summaries with one font: `font`, else DejaVu Sans where it is installed, else Pillow's own, which is Latin."""

    def __init__(self, font: Path | None = None) -> None:
        self._path = font or next((path for path in FONTS if path.exists()), None)
        self._font = lru_cache(self._load)
        self._has = lru_cache(4_096)(self._has_letter)

    def draw(self, view: Summary) -> bytes:
        """Return the picture as PNG. A text is left out if the font lacks one of its letters: boxes would say less."""
        image = Image.new("RGB", SIZE, GROUND)
        pen = ImageDraw.Draw(image)
        self._line(pen, (EDGE, 40), " · ".join(self._heading(view)), 26, SOFT)
        self._line(pen, (EDGE, 84), view.card.title, 46, INK)
        y = self._paragraph(pen, (EDGE, 152), view.card.text, 30)
        self._bars(pen, view, y + 26)
        said = f"{view.card.turnout}. " if view.card.turnout else ""
        self._line(pen, (EDGE, 580), f"{said}As of {view.as_of}", 23, SOFT)
        out = BytesIO()
        image.save(out, "PNG")
        return out.getvalue()

    @staticmethod
    def _heading(view: Summary) -> list[str]:
        badge = view.card.badge.upper() if view.card.status != Status.CERTIFIED else f"✓ {view.card.badge}"
        return [*(["TEST DATA"] if view.test else []), badge, view.election_title]

    def _bars(self, pen: ImageDraw.ImageDraw, view: Summary, top: int) -> None:
        bars, left, right = view.card.bars, 430, SIZE[0] - EDGE - 130
        pitch = min(80, (560 - top) // max(1, len(bars)))
        for place, bar in enumerate(bars):
            y = top + place * pitch
            middle, high = y + pitch // 2, max(6, min(24, pitch // 2 - 6))
            self._line(pen, (EDGE, middle - 14), bar.name, 26, INK, width=left - EDGE - 20)
            pen.rectangle((left, middle - high, right, middle + high), LINE)
            if float(bar.width):
                end = left + (right - left) * float(bar.width) / 100
                pen.rectangle((left, middle - high, end, middle + high), COLOURS[bar.colour])
            self._line(pen, (right + 16, middle - 14), bar.share, 26, INK)
        if bars and view.elects:
            x = left + (right - left) * float(view.elects) / 100
            pen.rectangle((x - 2, top, x + 2, top + pitch * len(bars)), INK)

    def _paragraph(self, pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int) -> int:
        """Write a text in at most two lines; return where they end."""
        x, y = at
        line, lines = "", []
        for word in text.split():
            if line and self._length(f"{line} {word}", size) > SIZE[0] - 2 * EDGE:
                lines.append(line)
                line = ""
            line = f"{line} {word}".strip()
        shown = [*lines, line]
        for each in shown[:1] + [" ".join(shown[1:])] * (len(shown) > 1):
            self._line(pen, (x, y), each, size, INK)
            y += size + 10
        return y

    def _line(
        self,
        pen: ImageDraw.ImageDraw,
        at: tuple[int, int],
        text: str,
        size: int,
        colour: str,
        *,
        width: int = SIZE[0] - 2 * EDGE,
    ) -> None:
        """Write a text in one line, cut with an ellipsis where it is too long."""
        if self._lacks(text):
            return
        cut = text
        while cut and self._length(cut, size) > width:
            cut = f"{cut.rstrip('…')[:-1].rstrip()}…" if len(cut) > 1 else ""
        pen.text(at, cut, colour, font=self._font(size), direction=DIRECTION)

    def _length(self, text: str, size: int) -> float:
        return self._font(size).getlength(text)

    def _lacks(self, text: str) -> bool:
        return not all(letter.isspace() or self._has(letter) for letter in text)

    def _has_letter(self, letter: str) -> bool:
        font = self._font(26)
        return bytes(font.getmask(letter)) != bytes(font.getmask(NO_LETTER))

    def _load(self, size: int) -> Font:
        return ImageFont.load_default(size) if self._path is None else ImageFont.truetype(self._path, size)
