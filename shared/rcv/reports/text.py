"""JSON and CSV as RCTab's Java libraries write them, to the character.

JSON is laid out as Jackson's DefaultPrettyPrinter does: keys in the order of Java's strings (UTF-16 code units), two blanks
an object deep, lists on one line. CSV is quoted where Apache Commons CSV's default format (QuoteMode.MINIMAL) quotes, and
its lines end as that format's do, in CR LF.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from json import dumps
from typing import Final, TypeAlias

from shared.rcv.count.java import code_units

Json: TypeAlias = "str | int | Decimal | Mapping[str, Json] | Sequence[Json] | None"
"""A decimal is written as a string, with its own text."""

_BREAKS: Final = frozenset('\n\r",')


class Laid(str):
    """JSON that is laid out already, at the depth where it will stand."""

    __slots__ = ()


def json_text(value: Json, depth: int = 0) -> str:
    """Return `value` as it stands `depth` objects deep: no indent before it, no line end after it."""
    if isinstance(value, Laid):
        return value
    if isinstance(value, Mapping):
        if not value:
            return "{ }"
        indent = "\n" + "  " * (depth + 1)
        lines = (
            f"{indent}{dumps(key, ensure_ascii=False)} : {json_text(value[key], depth + 1)}"
            for key in sorted(value, key=code_units)
        )
        return "{" + ",".join(lines) + "\n" + "  " * depth + "}"
    if isinstance(value, Decimal):
        return f'"{value}"'
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = ", ".join(json_text(item, depth) for item in value)
        return f"[ {items} ]" if items else "[ ]"
    return dumps(value, ensure_ascii=False)


def csv_line(cells: Iterable[object]) -> str:
    """Return the line of `cells`, each as its text; nothing for None. A line without cells is empty.

    Quoted is a cell that holds a comma, a quote or a line break, starts with "#" or a character before it, or ends in a
    blank. So is an empty cell that begins a line of cells: the line would otherwise look empty.
    """
    texts = ["" if cell is None else _cell(str(cell)) for cell in cells]
    if texts and not texts[0]:
        texts[0] = '""'
    return ",".join(texts) + "\r\n"


def _cell(text: str) -> str:
    if text and (text[0] <= "#" or text[-1] <= " " or not _BREAKS.isdisjoint(text)):
        return '"' + text.replace('"', '""') + '"'
    return text
