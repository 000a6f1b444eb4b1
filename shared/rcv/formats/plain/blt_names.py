r"""The names that end a BLT file: candidates, the title, then perhaps a source and a comment (Wichmann), then notes.

Strings stand in straight quotes; within one, `\"` and `""` are a quote and `\\` a backslash. A line that begins and ends
with a quote but is no list of strings is one string, inner quotes and all; a line without quotes is one string, too. A
string that its line does not end goes on to the next line that ends in a quote.

Most files have a string a line. Some have all on one line, and some have two on a candidate's line: name and party
(councils of Scotland, 2022). Where strings can be paired with candidates in two ways, the file is refused; so are names
that are numbered in another order than they stand in, and a heading among them.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from shared.rcv.formats.plain.text import clean_names, decode_leniently, line_at, title_of, with_party
from shared.rcv.formats.records import FormatError

_STRING = r'"(?:[^"\\]|\\.|"")*"'
_STRINGS = re.compile(rf"(?:{_STRING}(?:\s*[,;|][\s,;|]*|\s+|$))+")
_ONE = re.compile(_STRING)
_ESCAPED = re.compile(r'\\(["\\])|"(")')
_COMMENT = re.compile(r"(?:^|(?<=\s))(?:#|//)")
_OTHER_QUOTES = {"\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}", "'": "'"}
_NUMBERS = re.compile(r"[-\d\s,=]+")
_ALTERNATIVE = re.compile(rb"^#[ \t]*ALTERNATIVE NAME (\d{1,3})[ \t]*:[ \t]*(.*)$", re.MULTILINE)
_SECOND = re.compile(
    rb"^[ \t]*\d{1,3}[ \t]+\d{1,3}[ \t]*\n(?:[ \t]*-\d[-\d \t]*\n)*[ \t]*\d+(?:[ \t]+\d{1,3})+[ \t]+0[ \t]*$",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"(\d{1,3})(?:[.):]\s*|\s+)(?=\D)")
_BALLOT = re.compile(r"\d+(?:\s+[-\d=]+)+\s+0")
_UNENDED = ["\n"]
_MOST_LINES = 4
"""Of one string."""
_BESIDES = 3
"""Strings after the candidates: a title, a source and a comment."""


class _Row(NamedTuple):
    """A line with strings, and where it stands."""

    place: str
    text: str
    strings: list[str]
    is_quoted: bool
    after_gap: bool
    """A blank line stands before it."""


Strings = list[tuple[str, str]]
"""Names, then what follows them, each with its place."""


def read_names(path: Path, data: bytes, start: int, candidates: int) -> tuple[tuple[str, ...], str]:
    """Return the candidates' names and the title. Raises FormatError."""
    rows = list(islice(_rows(data, start), candidates + _BESIDES + 1))
    strings = _strings(path, rows, candidates) if rows else _in_comments(data)
    if len(strings) < candidates:
        place = f"line {line_at(data, len(data.rstrip()))}"
        raise FormatError(path, place, f"expected {candidates} candidates' names, found {len(strings)}")
    if len(strings) > candidates + _BESIDES:
        expected = f"expected no more after {candidates} names, a title, a source and a comment"
        raise FormatError(path, strings[candidates + _BESIDES][0], expected)
    names = clean_names(path, strings[:candidates])
    _refuse_other_order(path, strings[:candidates])
    if rows:
        _refuse_ballot(path, data, start, strings[-1][0])
    if second := _SECOND.search(data, start):
        place = f"line {line_at(data, second.end())}"
        raise FormatError(path, place, "expected no ballots after the names: a second file begins")
    return names, title_of(path, strings[candidates][1] if len(strings) > candidates else None)


def _refuse_ballot(path: Path, data: bytes, start: int, last: str) -> None:
    """Raise FormatError if the first line after the strings is a ballot; further on, notes may hold numbers."""
    skipped = int(last.removeprefix("line ")) - line_at(data, start) + 1
    after = (line.strip() for line in decode_leniently(data[start:]).split("\n")[skipped:])
    first = next(filter(None, after), "")
    if _BALLOT.fullmatch(first):
        raise FormatError(path, last, f"expected no ballot after the names, found {first[:40]!r}")


def _refuse_other_order(path: Path, strings: Strings) -> None:
    """Raise FormatError for names that are numbered from 1 on, each once, but do not stand in that order."""
    found = [_NUMBERED.match(name) for _, name in strings]
    numbers = [int(each[1]) for each in found if each]
    in_order = list(range(1, len(strings) + 1))
    if numbers != in_order and sorted(numbers) == in_order:
        place, name = next(
            named for named, number, at in zip(strings, numbers, in_order, strict=True) if number != at
        )
        raise FormatError(path, place, f"expected names in the order of their numbers, found {name[:40]!r}")


def _in_comments(data: bytes) -> Strings:
    """Return the names of a file that has them only in comments `# ALTERNATIVE NAME 1: …`, as PrefLib writes them."""
    named = {
        int(found[1]): (f"line {line_at(data, found.start())}", decode_leniently(found[2]))
        for found in reversed(list(_ALTERNATIVE.finditer(data)))
    }
    return [named[number] for number in range(1, len(named) + 1) if number in named]


def quoted(name: str) -> str:
    """Return a name as `read_names` reads it back."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _strings(path: Path, rows: list[_Row], candidates: int) -> Strings:
    """Return the strings in order, a party beside its candidate's name. Raises FormatError where that is in doubt."""
    own = [len(row.strings) for row in rows[:candidates]]
    in_order = _in_order(path, rows, candidates)
    if all(strings == 1 for strings in own) or candidates == len(rows) == 1:
        return in_order
    if len(rows) < candidates:
        if len(in_order) < 2 * candidates or len(in_order) > candidates + _BESIDES:
            return in_order
    elif max(own) > 2:
        if len(rows) != candidates or own[0] >= candidates > 2:
            return in_order
    else:
        with_parties = _in_order(path, rows, candidates, parties=True)
        if len(in_order) > candidates + _BESIDES or (min(own) == 2 and len(rows) > candidates):
            return with_parties
    several = next(row for row in rows if len(row.strings) > 1)
    raise FormatError(
        path, several.place, "expected a line for each name: these may be two, or a name and a party"
    )


def _in_order(path: Path, rows: list[_Row], candidates: int, *, parties: bool = False) -> Strings:
    """Return names, title and so on up to the notes.

    These begin with a line after the title that is no string, though others are, or that a gap parts from them.
    """
    strings: Strings = []
    has_quotes = False
    enough = sum(len(row.strings) for row in rows if row.is_quoted) >= candidates
    for row in rows:
        is_string = row.is_quoted and row.strings != _UNENDED
        if len(strings) > candidates and not is_string and (has_quotes or row.after_gap):
            break
        if row.strings == _UNENDED:
            expected = f"expected a name that ends in a quote, found {row.text[:40]!r}"
            raise FormatError(path, row.place, expected)
        if len(strings) < candidates and not row.is_quoted and _NUMBERS.fullmatch(row.text):
            expected = f"expected a candidate's name, found {row.text[:40]!r}; in quotes it would be one"
            raise FormatError(path, row.place, expected)
        if len(strings) < candidates and not row.is_quoted and (enough or row.text.endswith(":")):
            expected = f"expected a candidate's name in quotes, found {row.text[:40]!r}, which may be none"
            raise FormatError(path, row.place, expected)
        has_quotes = has_quotes or row.is_quoted
        if parties and len(strings) < candidates:
            strings.append((row.place, with_party(*row.strings)))
        else:
            strings += ((row.place, string) for string in row.strings)
    return strings


def _rows(data: bytes, start: int) -> Iterator[_Row]:
    gap = False
    lines = [line.strip() for line in decode_leniently(data[start:]).split("\n")]
    numbered = enumerate(lines)
    for at, first in numbered:
        text, strings = first, _line(first)
        if strings == _UNENDED and (more := _more_lines(lines, at)):
            text = " ".join((first, *more))
            strings = _line(text)
            for _ in more:
                next(numbered)
        if strings:
            place = f"line {line_at(data, start) + at}"
            yield _Row(place, text, strings, text.startswith(('"', *_OTHER_QUOTES)), gap)
        gap = not text


def _more_lines(lines: list[str], at: int) -> list[str]:
    """Return the lines that end the string which line `at` begins; none if no line near does so plainly."""
    for end in range(at + 1, min(at + _MOST_LINES, len(lines))):
        if lines[end].startswith('"') or not lines[end]:
            break
        if '"' in lines[end]:
            return lines[at + 1 : end + 1] if lines[end].endswith('"') else []
    return []


def _line(text: str) -> list[str]:
    """Return the strings of a line, `_UNENDED` if it begins one and does not end it."""
    if text.startswith('"'):
        listed = _STRINGS.match(text)
        if listed and not _without_comment(text[listed.end() :]):
            found = _ONE.findall(listed.group())
            return [_ESCAPED.sub(lambda match: match[1] or match[2], string[1:-1]) for string in found]
        text = _without_comment(text)
        return [text[1:-1]] if len(text) > 1 and text.endswith('"') else _UNENDED
    text = _without_comment(text)
    if len(text) > 1 and _OTHER_QUOTES.get(text[0]) == text[-1]:
        one, end = text[0], text[-1]
        listed = re.fullmatch(rf"(?:{one}[^{one}{end}]*{end}(?:\s*,\s*|\s+|$))+", text)
        return re.findall(rf"{one}([^{one}{end}]*){end}", text) if listed else [text[1:-1]]
    return [text] if text else []


def _without_comment(text: str) -> str:
    comment = _COMMENT.search(text)
    text = text[: comment.start()].rstrip() if comment else text
    return "" if text.startswith("/*") and text.endswith("*/") else text
