"""ABIF, in and out: the Aggregated Ballot Information Format of electorama (drafts 0.1 to 1.0).

    {"title": "Tennessee", "seats": 2}
    =Memph:[Memphis, TN]
    42:Memph>Nash=Chat>Knox     # 42 ballots; without a count, one
    500:                        # 500 blank ballots

`>` goes down a rank; `=` and `,` stay in it. With either `>` or `=`, ratings (`/5`) are passed over. A ballot with neither is ordered by its ratings, the highest first, equal ones at one
rank, and whoever has none comes last; without any rating all are equal. Of the metadata the title and the seats are used; data
after a second colon and everything after `#` is passed over. ABIF has no words for blank ranks, unnamed overvotes, sections
or withdrawals.
"""

import json
import re
from collections import Counter
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any, Final

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    Spellings,
    as_groups,
    clean_name,
    decode,
    load,
    looks,
    title_of,
    whole_number,
    written_whole,
)
from shared.rcv.formats.records import BallotFile, FormatError

HOLDS: Final = Holds("ABIF", blank_ballots=True)

_SIGNS = r'>=,/:\[\]"#{}*'
_NAME = rf'\[[^\[\]]*\]|"(?:[^"\\]|\\.)*"|[^\s{_SIGNS}](?:[^{_SIGNS}]*[^\s{_SIGNS}])?'
"""A candidate as a ballot has it: in square brackets, in quotes, or bare."""

_DECLARATION = re.compile(rf"(=?)\s*({_NAME})\s*:\s*({_NAME})\s*(?:#.*)?")
_ESCAPED = re.compile(r'\\(["\\])')
_COUNT = re.compile(r"\s*(\d+)\s*:")
_ELEMENT = re.compile(rf"\s*({_NAME})\s*(?:/\s*(\d{{1,9}}(?:\.\d{{1,9}})?)\s*)?([>=,]?)")
_REST = re.compile(r"\s*(?:#.*|:\s*\{.*)?", re.DOTALL)
_HEADER = re.compile(r"ABIF(?:\s+[\d.]+)?\s*(?:\{.*\}\s*)?")
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DOUBTFUL = re.compile(r"[<;|＞›→≻]|-$|^\d+\s*[xX×]?\s")  # noqa: RUF001  signs that look like others
"""What a bare name has rather by a slip: another sign than >, or a count without its colon."""
_MAX_LINE_CHARS = 100_000

Element = tuple[int, Fraction | None, str]
"""A candidate's place, its rating, and what stands between it and the next."""


class Candidates:
    """The candidates in order, and the words that name them.

    `=id:[Full name]` declares, and ballots may use the id or the name. Where nothing is declared, candidates stand in order
    of first appearance; where something is, a candidate who is not declared is refused: most likely a slip of the pen.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.met: dict[str, int] = {}
        """From words of ballots, as spelled there, to places: what has been looked up before."""
        self._places: dict[str, int] = {}
        self._declared = False
        self._spellings = Spellings()
        self._seen: set[str] = set()
        """Names as they look."""

    def declare(self, line: str, times: int = 1) -> bool:
        """Learn from a line that stands `times` if it is a declaration, and say whether it is. Raises Fault."""
        found = _DECLARATION.fullmatch(line)
        if not found or not _declares(*found.groups()):
            return False
        token, name = clean_name(_without_quotes(found[2])), clean_name(_without_quotes(found[3]))
        for word in {token, name} if times > 1 else {token, name} & self._places.keys():
            raise Fault(f"expected another candidate, found {word!r} a second time")
        self._places[token] = self._add(name)
        self._declared = True
        return True

    def place(self, token: str) -> int:
        """Return the place of a candidate whom a ballot names. Raises Fault."""
        if (place := self.met.get(token)) is None:
            place = self.met[token] = self._find(clean_name(_without_quotes(token)), token)
        return place

    def _find(self, word: str, token: str) -> int:
        if (place := self._places.get(word)) is not None:
            return place
        if self._declared:
            raise Fault(f"expected a declared candidate, found {word[:40]!r}")
        if not token.startswith(("[", '"')) and _DOUBTFUL.search(word):
            raise Fault(f"expected a candidate's name, found {word[:40]!r}; in brackets it would be one")
        self._spellings.learn(word)
        return self._add(word)

    def _add(self, name: str) -> int:
        if len(self.names) == MAX_CANDIDATES:
            raise Fault(f"expected at most {MAX_CANDIDATES} candidates")
        if looks(name) in self._seen:
            raise Fault(f"expected another candidate, found {name[:40]!r}, which looks like one before")
        self._seen.add(looks(name))
        self.names.append(name)
        return self._places.setdefault(name, len(self.names) - 1)


def _declares(equals: str, token: str, name: str) -> bool:
    """Without `=` in front, `A:[Full name]` declares, and `27:[Full name]` is a ballot."""
    return bool(equals) or (name.startswith(("[", '"')) and not token.isdigit())


def read(path: Path) -> BallotFile:
    """Return the contest of an ABIF file, equal ballots merged. Raises FormatError."""
    lines = [line.strip() for line in decode(path, load(path)).split("\n")]
    candidates, title, seats, ballots = Candidates(), "", None, dict[str, int]()
    counts: dict[str, int] = {}
    try:
        for line, times in Counter(lines).items():
            if line.startswith("{"):
                title, seats = title or _title(line), _seats(line, seats)
            elif _COUNT.match(_short(line)) or not (
                _is_passed_over(line, lines[0]) or candidates.declare(line, times)
            ):
                ballots[line] = times
        for line, times in ballots.items():
            marks, each = _ballot(candidates, line)
            counts[marks] = counts.get(marks, 0) + each * times
    except Fault as fault:
        raise FormatError(path, f"line {lines.index(line) + 1}", str(fault)) from None
    if not candidates.names:
        raise FormatError(
            path, f"line {len(lines)}", "expected at least one candidate, found the end of the file"
        )
    return BallotFile(title_of(path, title), tuple(candidates.names), as_groups(counts), seats=seats)


def write(file: BallotFile, path: Path) -> None:
    """Write a contest as ABIF, every candidate declared. Raises FormatError for what ABIF cannot say."""
    groups = fitting_ballots(file, path, HOLDS)
    ids = _ids(file.candidates)
    with written_whole(path) as out:
        title = title_of(path, file.title)
        about = {"title": title} | ({"seats": file.seats} if file.seats else {})
        out.write(f"{json.dumps(about, ensure_ascii=False)}\n")
        out.writelines(
            f"={token}:{_quoted(name)}\n" for token, name in zip(ids, file.candidates, strict=True)
        )
        out.writelines(f"{group.ballots}:{_order(group.marks, ids)}\n" for group in groups)


def _is_passed_over(line: str, first: str) -> bool:
    return not line or line.startswith("#") or (line == first and bool(_HEADER.fullmatch(line)))


def _short(line: str) -> str:
    if len(line) > _MAX_LINE_CHARS:
        raise Fault(f"expected a line of at most {_MAX_LINE_CHARS:,} characters")
    return line


def _title(line: str) -> str:
    inside, closed, _ = line[1:].rpartition("}")
    if not closed:
        raise Fault("expected metadata that ends in '}'")
    found = _metadata(line, "title")
    if found and isinstance(found[0], str):
        return found[0]
    key, _, value = inside.partition(":")
    if key.strip(" \t\"'").lower() != "title":
        return ""
    return value.strip().removeprefix('"').removesuffix('"').replace('\\"', '"').replace("\\\\", "\\")


def _seats(line: str, before: int | None) -> int | None:
    """Return how many seats the metadata up to this line say there are. Raises Fault if they say two numbers, or none that can be."""
    seats = before
    for found in _metadata(line, "seats"):
        if type(found) is not int or not 1 <= found <= MAX_CANDIDATES:
            raise Fault(f"expected seats from 1 to {MAX_CANDIDATES}, found {str(found)[:40]!r}")
        if seats not in (None, found):
            raise Fault(f"expected one number of seats, found {found} beside {seats}")
        seats = found
    return seats


def _metadata(line: str, key: str) -> list[Any]:
    """Return what a line of metadata says under a key, in capitals or not; nothing if it is no JSON."""
    try:
        found: list[tuple[str, Any]] = json.loads(line, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return []
    return [value for name, value in found if name.lower() == key and value is not None]


def _ballot(candidates: Candidates, line: str) -> tuple[str, int]:
    ballots, at = _count(line)
    if not at and line.partition("#")[0].strip().isdecimal():
        raise Fault(
            f"expected a colon after how many ballots, or brackets around a name, found {line[:40]!r}"
        )
    order = [candidates.met.get(word.strip()) for word in line[at:].split(">")]
    if len(order) > MAX_RANKS or None in order:
        return format_marks(_checked(_ranks(_elements(candidates, line, at)))), ballots
    return ">".join(map(str, order)), ballots


def _elements(candidates: Candidates, line: str, at: int) -> list[Element]:
    elements: list[Element] = []
    while not _REST.fullmatch(line, at):
        found = _ELEMENT.match(line, at)
        if not found or (elements and not elements[-1][2]):
            raise Fault(f"expected candidates joined by '>', '=' or ',', found {line[at : at + 40]!r}")
        rating = Fraction(found[2]) if found[2] else None
        elements.append((candidates.place(found[1]), rating, found[3]))
        at = found.end()
    if elements and line.startswith("#", at) and not line[at - 1].isspace():
        raise Fault(
            f"expected a blank before a comment, or brackets around a name, found {line[at : at + 40]!r}"
        )
    if elements and elements[-1][2]:
        raise Fault(f"expected a candidate after {elements[-1][2]!r}")
    return elements


def _count(line: str) -> tuple[int, int]:
    found = _COUNT.match(line)
    if not found:
        return 1, 0
    ballots = whole_number(found[1].encode(), 1, MAX_BALLOTS_A_LINE)
    if ballots is None:
        raise Fault(f"expected how many ballots, from 1 to {MAX_BALLOTS_A_LINE:,}, found {found[1][:40]!r}")
    return ballots, found.end()


def _ranks(elements: list[Element]) -> list[list[int]]:
    if not any(separator in (">", "=") for _, _, separator in elements):
        return _by_rating(elements)
    ranks: list[list[int]] = [[]]
    for place, _, separator in elements:
        ranks[-1].append(place)
        if separator == ">":
            ranks.append([])
    return ranks


def _by_rating(elements: list[Element]) -> list[list[int]]:
    ratings = sorted({Fraction(-1) if rating is None else rating for _, rating, _ in elements}, reverse=True)
    return [
        [place for place, rating, _ in elements if (Fraction(-1) if rating is None else rating) == wanted]
        for wanted in ratings
    ]


def _checked(ranks: list[list[int]]) -> list[list[int]]:
    if any(len(set(rank)) < len(rank) for rank in ranks):
        raise Fault("expected a candidate once within a rank")
    if len(ranks) > MAX_RANKS:
        raise Fault(f"expected at most {MAX_RANKS} ranks")
    return ranks


def _ids(names: tuple[str, ...]) -> tuple[str, ...]:
    if all(map(_BARE.fullmatch, names)):
        return names
    prefix = next(
        p for p in ("C" + "_" * length for length in count()) if not any(n.startswith(p) for n in names)
    )
    return tuple(f"{prefix}{place}" for place, _ in enumerate(names, 1))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(name: str) -> str:
    if "[" in name or "]" in name:
        return f'"{_escaped(name)}"'
    return f"[{name}]"


def _order(marks: str, ids: tuple[str, ...]) -> str:
    ranks = (rank.split("=") for rank in marks.split(">")) if marks else ()
    return ">".join("=".join(ids[int(place)] for place in rank) for rank in ranks)


def _without_quotes(token: str) -> str:
    """Return a token without its brackets or quotes."""
    token = token.strip()
    if token.startswith("["):
        return token[1:-1].strip()
    return _ESCAPED.sub(r"\1", token[1:-1]).strip() if token.startswith('"') else token
