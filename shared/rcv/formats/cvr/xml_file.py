"""XML that vendors export, read piece by piece: what stands right under the root is passed on once it is complete.

Rule 1: no document types and so no entities: what they name could be large without end, or another file.
Rule 2: names are taken without their namespaces, which exports of one vendor spell in several ways.
"""

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final, NoReturn
from xml.parsers import expat

from shared.rcv.formats.records import FormatError

_PIECE: Final = 1 << 16
"""Bytes read at a time."""

_DEEPEST: Final = 50
"""Elements within each other; the formats need ten."""


class Element:
    """An element with all it holds."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name, self.attributes, self.line = name, attributes, line
        self.children: list[Element] = []
        self.text = ""

    def first(self, name: str) -> "Element | None":
        """Return the first child of this name."""
        return next((child for child in self.children if child.name == name), None)

    def said(self, name: str) -> str | None:
        """Return the text of the first child of this name, None if there is none or it is blank."""
        child = self.first(name)
        return (child.text.strip() or None) if child else None


def children(path: Path, root: str, wanted: Container[str] | None = None) -> Iterator[Element]:
    """Yield what stands under a document's root, which must be called `root`: all, or what has a name that is wanted.

    Raises FormatError naming the line, OSError.
    """
    reader = _Reader(path, root, wanted)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield from reader.feed(piece)
    yield from reader.feed(b"", last=True)


class _Reader:
    """Makes elements of what the parser finds."""

    def __init__(self, path: Path, root: str, wanted: Container[str] | None) -> None:
        self._path, self._root, self._wanted = path, root, wanted
        self._passed = 0
        """Elements that are open in one that is not wanted, with itself."""
        self._open: list[Element] = []
        self._complete: list[Element] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, piece: bytes, *, last: bool = False) -> list[Element]:
        """Read on; return the elements that are complete now."""
        try:
            self._parser.Parse(piece, last)
        except FormatError:
            raise
        except expat.ExpatError as fault:
            raise FormatError(self._path, f"line {fault.lineno}", f"expected XML: {fault}") from None
        except (LookupError, ValueError) as fault:  # an encoding that nobody knows, or that is none of bytes
            raise FormatError(self._path, "line 1", f"expected XML: {fault}") from None
        complete, self._complete = self._complete, []
        return complete

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if self._passed or (len(self._open) == 1 and self._wanted is not None and local not in self._wanted):
            self._passed += 1
            return
        element = Element(local, {_local(a): v for a, v in attributes.items()}, self._line)
        if not self._open and element.name != self._root:
            self._refuse(f"expected <{self._root}>, found <{name}>")
        if len(self._open) == _DEEPEST:
            self._refuse(f"expected at most {_DEEPEST} elements within each other")
        if len(self._open) > 1:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        if self._passed:
            self._passed -= 1
            return
        element = self._open.pop()
        if len(self._open) == 1:
            self._complete.append(element)

    def _text(self, text: str) -> None:
        if not self._passed:
            self._open[-1].text += text

    def _doctype(self, *_: object) -> None:
        self._refuse("expected no document type (<!DOCTYPE …>)")

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _refuse(self, expected: str) -> NoReturn:
        raise FormatError(self._path, f"line {self._line}", expected)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
