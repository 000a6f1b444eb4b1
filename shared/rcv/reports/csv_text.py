"""Lines of CSV, quoted where Apache Commons CSV's default format quotes, and ended by a line feed.

Rule 1: quoted is a cell that holds a comma, a quote or a line break, starts with "#" or a character before it, or ends
        in a blank. So is an empty cell that begins a line of cells: the line would else look empty.
Rule 2: a line without cells is empty.
"""

from collections.abc import Iterable
from typing import Final

_BREAKS: Final = frozenset('\n\r",')


def csv_line(cells: Iterable[object]) -> str:
    """Return the line of `cells`, each as its text; nothing for None."""
    texts = ["" if cell is None else _cell(str(cell)) for cell in cells]
    if texts and not texts[0]:
        texts[0] = '""'
    return ",".join(texts) + "\n"


def _cell(text: str) -> str:
    if text and (text[0] <= "#" or text[-1] <= " " or not _BREAKS.isdisjoint(text)):
        return '"' + text.replace('"', '""') + '"'
    return text
