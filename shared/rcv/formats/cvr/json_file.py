"""JSON that vendors export: each value is asked for by name and kind, and a wrong one is refused with its place."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

import msgspec

from shared.rcv.formats.cvr.csv_rows import whole
from shared.rcv.formats.records import FormatError

MAX_WHOLE_BYTES: Final = 1 << 22
"""Of a file that is read at once: its objects take ten times as much."""
MAX_VALUE_CHARS: Final = 1 << 26
"""Of a value that is held at once, in a file that is not."""

_PIECE_CHARS: Final = 1 << 20
_KEY: Final = re.compile(rb'"[ \t\n\r]*:')
"""What ends a key."""
_APART: Final = (b" :", b"\t:", b"\n:", b"\r:")
"""What stands wherever blanks part a key from its colon."""
_ESCAPED: Final = (b"\\u0022", b"\\u003a", b"\\u003A")
"""What may hide, in a text, that it holds what ends a key."""
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_BEGINNING: Final = re.compile(r'\{[ \t\n\r]*"[^"\\]*"')
"""Of an object: all of its kind begin with the same key as a rule."""
_OF_A_NUMBER: Final = re.compile(r"[-+.eE0-9]*")
"""What may go on a number that is held in part, as 1.5 of 1.5e3."""
_CUTS: Final = 100
"""Objects tried, last to first, as the one that a piece may end before."""
_LIST: Final = object()
"""Stands for the list itself among the values of its elements."""


def _no_constant(constant: str) -> object:
    raise json.JSONDecodeError(f"{constant} is no number", "", 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raises RepeatedKey: of two values nobody knows which is meant, and one would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedKey(next(name for name in names if names.count(name) > 1))
    return found


class RepeatedKey(ValueError):
    """An object has a key twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f"expected each key of an object once, found {shown(name)} again")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_object)


class Node:
    """An object of a document, and where it stands in its file."""

    __slots__ = ("_name", "_number", "_within", "path", "values")

    def __init__(
        self, path: Path, name: str, values: object, within: "Node | None" = None, number: int | None = None
    ) -> None:
        self.path, self._name, self._within, self._number = path, name, within, number
        if not isinstance(values, dict):
            self.refuse(f"expected an object, found {shown(values)}")
        self.values: dict[str, Any] = values

    @property
    def place(self) -> str:
        """Return where the object stands, from the outermost on: made when it is asked for, as few are."""
        before = self._within.place if self._within else ""
        name = self._name if self._number is None else f"{self._name} {self._number}"
        return f"{before}, {name}" if before else name

    def refuse(self, expected: str) -> NoReturn:
        """Raise FormatError naming the file and this object."""
        raise FormatError(self.path, self.place, expected)

    def has(self, key: str) -> bool:
        """Return whether the object says anything of `key`; null says nothing."""
        return self.values.get(key) is not None

    def nodes(self, key: str, of: str) -> "list[Node]":
        """Return the objects of the list at `key`, none if there is no list; `of` names one of them in messages."""
        found = self.values.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.refuse(f"expected a list [{key}], found {shown(found)}")
        return [Node(self.path, of, each, self, number) for number, each in enumerate(found, 1)]

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
        if type(found) is int:  # as true and false are not
            return str(found)
        if not isinstance(found, str) or not found:
            self.refuse(f"expected a text or whole number [{key}], found {shown(found)}")
        return found

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
    return Node(path, "", decoded(path))


def decoded(path: Path) -> Any:
    """Return what a file's JSON says. Raises FormatError if it is none, or has a key twice in an object; OSError."""
    try:
        return _decoded(path.read_bytes().removeprefix(BOM_UTF8))
    except RepeatedKey as fault:
        raise FormatError(path, "", str(fault)) from None
    except (ValueError, RecursionError) as fault:
        raise FormatError(path, "", f"expected JSON in UTF-8: {fault}") from None


def _decoded(text: bytes) -> Any:
    """Return what JSON says. Raises ValueError if it is none, RepeatedKey, RecursionError."""
    found = msgspec.json.decode(text)
    # Written anew, it has fewer keys where one stood twice: many times as quick as to look at each object.
    is_hidden = any(sign in text for sign in _ESCAPED)
    if is_hidden or _keys(text) != msgspec.json.encode(found).count(b'":'):
        _DECODER.decode(text.decode())
    return found


def _keys(text: bytes) -> int:
    """Return how often what ends a key stands in JSON: as often in its texts as where it is written without blanks."""
    return len(_KEY.findall(text)) if any(sign in text for sign in _APART) else text.count(b'":')


def listed(path: Path, key: str, of: str) -> Iterator[Node]:
    """Yield the objects of the list at `key` of a file's object, which must be there, and pass over what else it says.

    Of a large file a piece is held at a time. Raises FormatError, OSError.
    """
    if path.stat().st_size <= MAX_WHOLE_BYTES:
        yield from load(path).some(key, of)
        return
    report = Node(path, "", {})
    values = (value for found, value in _members(path, key) if found == key)
    first = next(values, None)
    if first is not _LIST:
        report.refuse(f"expected a list [{key}], found {shown(first)}")
    for number, value in enumerate(values, 1):
        yield Node(path, of, value, report, number)


def parted(path: Path, key: str, of: str) -> tuple[Node, Iterator[Node]]:
    """Return a file's object without the list at `key`, which must be there, and that list's objects one by one.

    A small file is read at once, a large one twice and piece by piece. Raises FormatError, OSError.
    """
    if path.stat().st_size <= MAX_WHOLE_BYTES:
        report = load(path)
        return report, _listed(report, key, of)
    others: dict[str, object] = {}
    is_there = False
    for found, value in _members(path, key):
        is_there = is_there or value is _LIST
        if found != key:
            others[found] = value
    report = Node(path, "", others)
    if not is_there:
        report.refuse(f"expected a list [{key}]")
    values = (value for found, value in _members(path, key) if found == key and value is not _LIST)
    return report, (Node(path, of, value, report, number) for number, value in enumerate(values, 1))


def _listed(report: Node, key: str, of: str) -> Iterator[Node]:
    yield from report.some(key, of)


def _members(path: Path, key: str) -> Iterator[tuple[str, object]]:
    """Yield the members of a file's object, of the list at `key` `_LIST` and each element."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from _members_of(_Text(path, file), key)


def _members_of(text: "_Text", key: str) -> Iterator[tuple[str, object]]:
    text.expect("{")
    names: set[str] = set()
    goes_on = not text.has("}")
    while goes_on:
        name = text.key()
        if name in names:
            raise text.repeated(name)
        names.add(name)
        text.expect(":")
        if name == key and text.has("["):
            yield key, _LIST
            for value in _elements_of(text):
                yield key, value
        else:
            yield name, text.value()
        goes_on = text.has(",")
        if not goes_on:
            text.expect("}")
    text.expect_end()


def _elements_of(text: "_Text") -> Iterator[object]:
    """Yield the elements of a list whose `[` has been read."""
    if text.has("]"):
        return
    while True:
        yield from text.values()
        if not text.has(","):
            text.expect("]")
            return


class _Text:
    """The text of a file of JSON, of which only a piece is held."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self._held, self._at = "", 0
        self._is_whole = False
        self._is_cut = False
        self._read_on()

    def key(self) -> str:
        """Return the text that stands here, and go on behind it. Raises FormatError."""
        name = self.value()
        if not isinstance(name, str):
            raise self._refusal(f"a key is no text: {shown(name)}")
        return name

    def value(self) -> object:
        """Return the value that stands here, and go on behind it. Raises FormatError."""
        self._skip_blanks()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except RepeatedKey as fault:
                raise FormatError(self._path, "", str(fault)) from None
            except (json.JSONDecodeError, RecursionError) as fault:
                if self._is_whole or len(self._held) - self._at > MAX_VALUE_CHARS:
                    raise self._refusal(str(fault)) from None
            else:
                if self._is_whole or not _OF_A_NUMBER.fullmatch(self._held, end):
                    self._at = end
                    return value
            self._read_on()

    def values(self) -> list[object]:
        """Return the values of a list that stand here: all but the last that are held, or one; and go on behind them.

        Raises FormatError.
        """
        self._skip_blanks()
        # Once a piece: what is left after that is little, or has braces in its texts, and would be looked through for each value.
        begins = None if self._is_cut else _BEGINNING.match(self._held, self._at)
        self._is_cut = True
        end = self._last(begins[0]) if begins else None
        if end is not None:
            text = self._held[self._at : end].rstrip(" \t\n\r,")
            try:
                found: list[object] = _decoded(f"[{text}]".encode())
            except (ValueError, RecursionError):
                pass  # value by value it becomes plain what is wrong, or that the last began within another
            else:
                self._at += len(text)
                return found
        return [self.value()]

    def _last(self, beginning: str) -> int | None:
        """Return where the last object that is held begins, of those that begin so and are not in others; None: there is one."""
        end = len(self._held)
        for _ in range(_CUTS):
            end = self._held.rfind(beginning, self._at + 1, end)
            if end < 0:
                return None
            if self._held.count("{", self._at, end) == self._held.count("}", self._at, end):
                return end
        return None

    def has(self, sign: str) -> bool:
        """Say whether this sign stands here, and if so go on behind it."""
        self._skip_blanks()
        found = self._held.startswith(sign, self._at)
        self._at += found
        return found

    def expect(self, sign: str) -> None:
        """Go on behind this sign. Raises FormatError if it does not stand here."""
        if not self.has(sign):
            raise self._refusal(f"{sign!r} is missing")

    def expect_end(self) -> None:
        """Raise FormatError if there is more than blanks: another export that was put behind the first would be lost."""
        self._skip_blanks()
        if self._at < len(self._held):
            raise self._refusal(f"more behind its end: {shown(self._held[self._at : self._at + 40])}")

    def repeated(self, name: str) -> FormatError:
        """Return the refusal of a key that stands twice."""
        return FormatError(self._path, "", str(RepeatedKey(name)))

    def _skip_blanks(self) -> None:
        while True:
            blanks = _BLANKS.match(self._held, self._at)
            assert blanks is not None, "no blanks match, too"
            self._at = blanks.end()
            if self._at < len(self._held) or self._is_whole:
                return
            self._read_on()

    def _read_on(self) -> None:
        try:
            piece = self._file.read(_PIECE_CHARS)
        except UnicodeDecodeError as fault:
            raise self._refusal(str(fault)) from None
        self._held, self._at, self._is_cut = self._held[self._at :] + piece, 0, False
        if not piece:
            self._is_whole = True

    def _refusal(self, fault: str) -> FormatError:
        return FormatError(self._path, "", f"expected JSON in UTF-8: {fault}")


def shown(value: object) -> str:
    """Return a value as an error message shows it: none of it at length."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
