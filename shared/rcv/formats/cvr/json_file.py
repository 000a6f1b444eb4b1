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

MAX_WHOLE_BYTES: Final = 1 << 26
"""Of a file that is read at once: its objects take ten times as much."""
MAX_VALUE_CHARS: Final = 1 << 26
"""Of a value that is held at once, in a file that is not."""

_PIECE_CHARS: Final = 1 << 20
_KEY: Final = re.compile(rb'"[ \t\n\r]*:')
"""What ends a key, and stands in a text as often however that is spelled."""
_BLANKS: Final = re.compile(r"[ \t\n\r]*")


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
        """Return whether the object says anything of `key`; null says nothing."""
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
    return Node(path, "", decoded(path))


def decoded(path: Path) -> Any:
    """Return what a file's JSON says. Raises FormatError if it is none, or has a key twice in an object; OSError."""
    text = path.read_bytes().removeprefix(BOM_UTF8)
    try:
        found = msgspec.json.decode(text)
        # Written anew, it has fewer keys where one stood twice: ten times as quick as to look at each object.
        if _KEY.subn(b"", text)[1] != _KEY.subn(b"", msgspec.json.encode(found))[1]:
            _DECODER.decode(text.decode())
    except RepeatedKey as fault:
        raise FormatError(path, "", str(fault)) from None
    except (ValueError, RecursionError) as fault:
        raise FormatError(path, "", f"expected JSON in UTF-8: {fault}") from None
    return found


def parted(path: Path, key: str, of: str) -> tuple[Node, Iterator[Node]]:
    """Return a file's object without the list at `key`, which must be there, and that list's objects one by one.

    A small file is read at once, a large one twice and piece by piece. Raises FormatError, OSError.
    """
    if path.stat().st_size <= MAX_WHOLE_BYTES:
        report = load(path)
        return report, _listed(report, key, of)
    others: dict[str, object] = {}
    is_there = False
    for found, value in _members(path, key, skip=True):
        is_there = is_there or found == key
        if found != key:
            others[found] = value
    report = Node(path, "", others)
    if not is_there:
        report.refuse(f"expected a list [{key}]")
    values = (value for found, value in _members(path, key) if found == key)
    return report, (Node(path, f"{of} {number}", value, report) for number, value in enumerate(values, 1))


def _listed(report: Node, key: str, of: str) -> Iterator[Node]:
    yield from report.some(key, of)


def _members(path: Path, key: str, *, skip: bool = False) -> Iterator[tuple[str, object]]:
    """Yield the members of a file's object, of the list at `key` each element; with `skip` only that it is there."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from _members_of(_Text(path, file), key, skip=skip)


def _members_of(text: "_Text", key: str, *, skip: bool) -> Iterator[tuple[str, object]]:
    text.expect("{")
    if text.has("}"):
        return
    names: set[object] = set()
    while True:
        name = text.value()
        if name in names:
            raise text.repeated(str(name))
        names.add(name)
        text.expect(":")
        if name == key and text.has("["):
            if skip:
                yield key, None
            for value in _elements_of(text):
                if not skip:
                    yield key, value
        else:
            yield str(name), text.value()
        if not text.has(","):
            text.expect("}")
            return


def _elements_of(text: "_Text") -> Iterator[object]:
    """Yield the elements of a list whose `[` has been read."""
    if text.has("]"):
        return
    while True:
        yield text.value()
        if not text.has(","):
            text.expect("]")
            return


class _Text:
    """The text of a file of JSON, of which only a piece is held."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self._held, self._at = "", 0
        self._is_whole = False
        self._read_on()

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
                if end < len(self._held) or self._is_whole:  # or a number might go on
                    self._at = end
                    return value
            self._read_on()

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
        self._held, self._at = self._held[self._at :] + piece, 0
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
