"""JSON that vendors export: every value is asked for by name and kind, and a wrong one is told with its place."""

from codecs import BOM_UTF8
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from shared.rcv.formats.cvr.csv_rows import whole
from shared.rcv.formats.records import FormatError


class Node:
    """An object of a document, and where it stands in its file."""

    __slots__ = ("_name", "_within", "path", "values")

    def __init__(self, path: Path, name: str, values: object, within: "Node | None" = None) -> None:
        self.path, self._name, self._within = path, name, within
        if not isinstance(values, dict):
            self.refuse(f"expected an object, found {shown(values)}")
        self.values: dict[str, Any] = values

    @property
    def place(self) -> str:
        """Return where the object stands, from the outermost on: made when it is asked for, as few are."""
        before = self._within.place if self._within else ""
        return f"{before}, {self._name}" if before else self._name

    def refuse(self, expected: str) -> NoReturn:
        """Raise FormatError naming the file and this object."""
        raise FormatError(self.path, self.place, expected)

    def has(self, key: str) -> bool:
        """Tell whether the object says anything of `key`; null says nothing."""
        return self.values.get(key) is not None

    def nodes(self, key: str, of: str) -> "list[Node]":
        """Return the objects of the list at `key`, none if there is no list; `of` names one of them in messages."""
        found = self.values.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.refuse(f"expected a list [{key}], found {shown(found)}")
        return [Node(self.path, f"{of} {number}", each, self) for number, each in enumerate(found, 1)]

    def some(self, key: str, of: str) -> "list[Node]":
        """Return the objects of the list at `key`, which must be there."""
        if not self.has(key):
            self.refuse(f"expected a list [{key}]")
        return self.nodes(key, of)

    def node(self, key: str) -> "Node":
        """Return the object at `key`, which must be there."""
        return Node(self.path, key, self.values.get(key), self)

    def text(self, key: str) -> str:
        """Return the text at `key`, or a whole number there as text."""
        found = self.values.get(key)
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            self.refuse(f"expected a text or whole number [{key}], found {shown(found)}")
        return str(found)

    def text_or_none(self, key: str) -> str | None:
        """Return the text at `key`, None if it is absent or empty."""
        return self.text(key) if self.has(key) and self.values[key] != "" else None

    def whole(self, key: str) -> int:
        """Return the whole number at `key`, also if it is written as text."""
        found = self.text(key)
        number = whole(found)
        if number is None:
            self.refuse(f"expected a whole number [{key}], found {shown(found)}")
        return number

    def truth(self, key: str) -> bool:
        """Return the true or false at `key`, which must be there."""
        found = self.values.get(key)
        if not isinstance(found, bool):
            self.refuse(f"expected true or false [{key}], found {shown(found)}")
        return found


def load(path: Path) -> Node:
    """Return a file's object. Raises FormatError if it holds none, OSError."""
    text = path.read_bytes().removeprefix(BOM_UTF8)
    try:
        return Node(path, "", msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise FormatError(path, "", f"expected JSON in UTF-8: {fault}") from None


def shown(value: object) -> str:
    """Return a value as an error message shows it: none of it at length."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
