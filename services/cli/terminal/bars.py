"""Bars of characters, half a character exact, with a mark where the threshold is."""

from typing import NamedTuple

from rich.text import Text


class Glyphs(NamedTuple):
    """The characters a terminal can show."""

    full: str
    half: str
    threshold: str
    elected: str
    """The mark of those elected."""
    falling: str
    """The mark of those who are out."""
    rule: str


UNICODE = Glyphs("━", "╸", "│", "★", "✗", "─")
ASCII = Glyphs("=", "-", "|", "*", "x", "-")


def bar(amount: int, threshold: int | None, scale: int, width: int, style: str, glyphs: Glyphs) -> Text:
    """Return a bar `width` wide for `amount`, where `scale` fills it."""
    halves = 2 * width * amount // scale if scale else 0
    drawn = glyphs.full * (halves // 2) + glyphs.half * (halves % 2)
    text = Text(no_wrap=True).append(drawn.ljust(width), style=style)
    if threshold is not None and scale:
        place = min(width - 1, width * threshold // scale)
        if place >= len(drawn):
            mark = Text().append(glyphs.threshold, style="dim")
            text = text[:place] + mark + text[place + 1 :]
    return text
