r"""The names that end a BLT file: candidates, then the title, then perhaps a source and a comment (Wichmann).

Rule 1: strings in straight quotes, any number a line; within one, `\"` and `""` are a quote and `\\` a backslash.
Rule 2: a line that begins and ends with a quote but is no such list is one name, inner quotes and all.
Rule 3: a line without quotes is one name.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from shared.rcv.formats.plain.text import clean_names, decode_leniently, line_at, title_of
from shared.rcv.formats.records import FormatError

_STRING = r'"(?:[^"\\]|\\.|"")*"'
_STRINGS = re.compile(rf"(?:{_STRING}(?:\s+|$))+")
_ONE = re.compile(_STRING)
_ESCAPED = re.compile(r'\\(["\\])|"(")')
_COMMENT = re.compile(r"(?:^|(?<=\s))(?:#|//)")
_OTHER_QUOTES = {"\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}", "'": "'"}


def read_names(path: Path, data: bytes, start: int, candidates: int) -> tuple[tuple[str, ...], str]:
    """Return the candidates' names and the title. Raises FormatError."""
    strings = list(islice(_strings(path, data, start), candidates + 4))
    if len(strings) < candidates:
        place = f"line {line_at(data, len(data.rstrip()))}"
        raise FormatError(path, place, f"expected {candidates} candidates' names, found {len(strings)}")
    if len(strings) > candidates + 3:
        expected = f"expected no more after {candidates} names, a title, a source and a comment"
        raise FormatError(path, strings[-1][0], expected)
    names = clean_names(path, strings[:candidates])
    return names, title_of(path, strings[candidates][1] if len(strings) > candidates else None)


def quoted(name: str) -> str:
    """Return a name as `read_names` reads it back."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _strings(path: Path, data: bytes, start: int) -> Iterator[tuple[str, str]]:
    first = line_at(data, start)
    for number, line in enumerate(decode_leniently(data[start:]).split("\n"), first):
        text = line.strip()
        for string in _line(path, f"line {number}", text):
            yield f"line {number}", string


def _line(path: Path, place: str, text: str) -> list[str]:
    if text.startswith('"'):
        return _quoted_line(path, place, text)
    text = _without_comment(text)
    if len(text) > 1 and _OTHER_QUOTES.get(text[0]) == text[-1]:
        return [text[1:-1]]
    return [text] if text else []


def _quoted_line(path: Path, place: str, text: str) -> list[str]:
    listed = _STRINGS.match(text)
    if listed and not _without_comment(text[listed.end() :]):
        return [_unescaped(string) for string in _ONE.findall(listed.group())]
    text = _without_comment(text)
    if len(text) < 2 or not text.endswith('"'):
        raise FormatError(path, place, f"expected a name that ends in a quote, found {text[:40]!r}")
    return [text[1:-1]]


def _without_comment(text: str) -> str:
    comment = _COMMENT.search(text)
    text = text[: comment.start()].rstrip() if comment else text
    return "" if text.startswith("/*") and text.endswith("*/") else text


def _unescaped(string: str) -> str:
    return _ESCAPED.sub(lambda match: match[1] or match[2], string[1:-1])
