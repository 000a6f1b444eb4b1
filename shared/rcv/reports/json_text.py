"""JSON laid out as Jackson's default printer does: keys in order, two blanks an object deep, lists on their line.

The order is that of Java's strings, by UTF-16 code units.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from json import dumps
from typing import TypeAlias

from shared.rcv.count.java import code_units

Json: TypeAlias = "str | int | Decimal | Mapping[str, Json] | Sequence[Json] | None"
"""A decimal is written as a string, with its own text."""


class Laid(str):
    """JSON that is laid out already, at the depth where it will stand."""

    __slots__ = ()


def json_text(value: Json, depth: int = 0) -> str:
    """Return `value` as it stands `depth` objects deep: no indent before it, no line end after it."""
    if isinstance(value, Laid):
        return value
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, Decimal):
        return f'"{value}"'
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = ", ".join(json_text(item, depth) for item in value)
        return f"[ {items} ]" if items else "[ ]"
    return dumps(value, ensure_ascii=False)


def _object(fields: Mapping[str, Json], depth: int) -> str:
    if not fields:
        return "{ }"
    indent = "\n" + "  " * (depth + 1)
    lines = (
        f"{indent}{dumps(key, ensure_ascii=False)} : {json_text(fields[key], depth + 1)}"
        for key in sorted(fields, key=code_units)
    )
    return "{" + ",".join(lines) + "\n" + "  " * depth + "}"
