"""BLT, in and out: ballots as numbers of candidates, each ended by a 0.

    4 2             candidates, seats
    -2              candidate 2 has withdrawn
    3 1 3 4 0       three ballots that rank 1, 3, 4
    1 2=3 - 1 0     an equal rank, then a blank one
    0
    "Adam"          one name for each candidate, then a title

Sources: Hill, Wichmann and Woodall, Algorithm 123 (Computer Journal 30, 1987), where line ends mean nothing; Wichmann
(a source and a comment after the title); Hill (`(2 3)` for an equal rank); OpenSTV and OpaVote (`2=3`, `-`, `#`
comments, `(id)` before a single ballot); Droop (`/* */`, `[nick …]`, `[tie …]`, `[withdrawn …]`, `[undeclared …]`,
`[droop …]`); OpenTally (a ballot a line, so that its 0 may be left out); Stack Exchange (0 for a blank rank).

The dialects contradict one another: `1 0 5 2 0` is one ballot with a blank first rank, or a blank ballot and five for
candidate 2. So a file that is not plainly one ballot a line is read twice, by its lines and by its noughts. Where the
two readings differ, it is refused; where one of them cannot be, the other is what the file says.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.blt_names import quoted, read_names
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.plain.ranks import Ranks
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    as_groups,
    count_lines,
    line_at,
    load,
    title_of,
    whole_amount,
    whole_number,
    written_whole,
)
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError

HOLDS: Final = Holds(
    "BLT", blank_ranks=True, blank_ballots=True, excluded=True, write_ins=True, tie_order=True
)

_HEAD = re.compile(rb"(\d{1,3}) (\d{1,3}),?\n((?:-\d{1,3}(?: -\d{1,3})* ?\n)*)")
_TOKEN = re.compile(rb"/\*.*?\*/|//[^\n]*|#[^\n]*|\([^)\n]*\)|\[[^\]\[\"]*\]|[^\s\"#()\[\]/]+|\S", re.DOTALL)
_COMMENTS = (b"#", b"//", b"/*")


def read(path: Path) -> BallotFile:
    """Return the contest of a BLT file, equal ballots merged. Raises FormatError."""
    data = load(path)
    body = read_plain_body(data)
    if body is None:
        return read_in_full(path, data)
    return _file(path, data, body)


def write(file: BallotFile, path: Path) -> None:
    """Write a contest as BLT; where `file` does not say how many seats there are, one.

    Raises FormatError for what BLT cannot say: sections, overvotes whose candidates are not named.
    """
    groups = fitting_ballots(file, path, HOLDS)
    with written_whole(path) as out:
        out.write(f"{len(file.candidates)} {file.seats or 1}\n")
        out.writelines(f"-{place + 1}\n" for place in file.excluded)
        for word, places in (("undeclared", file.write_ins), ("tie", file.tie_order)):
            if places:
                out.write(f"[{word} {' '.join(str(place + 1) for place in places)}]\n")
        out.writelines(map(_line, groups))
        out.write("0\n")
        out.writelines(f"{quoted(name)}\n" for name in (*file.candidates, title_of(path, file.title)))


def _line(group: BallotGroup) -> str:
    ranks = group.marks.split(">") if group.marks else []
    written = ("=".join(str(int(place) + 1) for place in rank.split("=")) if rank else "-" for rank in ranks)
    return " ".join((str(group.ballots), *written, "0\n"))


@dataclass
class Body:
    """All of a BLT file but the names."""

    candidates: int
    seats: int
    withdrawn: set[int] = field(default_factory=set)
    write_ins: set[int] = field(default_factory=set)
    tie_order: tuple[int, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    """By marks, how many ballots."""
    names_at: int = 0
    """The byte after the 0 that ends the ballots."""


def _file(path: Path, data: bytes, body: Body) -> BallotFile:
    names, title = read_names(path, data, body.names_at, body.candidates)
    return BallotFile(
        title,
        names,
        as_groups(body.counts),
        seats=body.seats,
        excluded=tuple(sorted(body.withdrawn)),
        write_ins=tuple(sorted(body.write_ins)),
        tie_order=body.tie_order,
    )


def read_plain_body(data: bytes) -> Body | None:
    """Return what a file of one plain ballot a line says before its names, or None if it is not plain.

    Nearly all files are: equal lines are counted before one is read.
    """
    head = _HEAD.match(data)
    end = data.find(b"\n0\n", head.end() - 1) if head else -1
    if not head or end < 0:
        return None
    candidates, seats = int(head[1]), int(head[2])
    if not (1 <= candidates <= MAX_CANDIDATES and 1 <= seats <= MAX_CANDIDATES):
        return None
    ranks = Ranks(candidates)
    try:
        withdrawn = {ranks.places([token[1:]])[0] for token in head[3].split()}
        counts = _plain_ballots(ranks, count_lines(data, head.end(), end))
    except Fault:
        return None
    return Body(candidates, seats, withdrawn, counts=counts, names_at=end + 2)


def _plain_ballots(ranks: Ranks, lines: dict[bytes, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    rank = ranks.__getitem__
    lines.pop(b"", None)
    for line, times in lines.items():
        tokens = line.split()
        if not (2 <= len(tokens) <= MAX_RANKS + 2 and tokens[-1] == b"0"):
            raise Fault("expected one ballot a line")
        ballots = times if tokens[0] == b"1" else times * _weight(tokens[0])
        marks = ">".join(map(rank, tokens[1:-1]))
        marks = marks.rstrip(">") if marks.endswith(">") else marks
        counts[marks] = counts.get(marks, 0) + ballots
    return counts


def _weight(token: bytes) -> int:
    weight = whole_number(token, 1, MAX_BALLOTS_A_LINE)
    if weight is None and token.isascii():
        weight = whole_amount(token.decode(), 1, MAX_BALLOTS_A_LINE)
    if weight is None:
        raise Fault(
            f"expected a ballot's weight, a whole number from 1 to {MAX_BALLOTS_A_LINE}, found {_shown(token)}"
        )
    return weight


def _shown(token: bytes) -> str:
    return repr(token[:40].decode(errors="replace"))


# The two readings of all other files.


class Token(NamedTuple):
    """A word of the numbers, and where it stands."""

    text: bytes
    line: int
    end: int
    """The byte after it."""


Item = Token | list[Token]
"""An option or a withdrawal; or a ballot: its weight and its ranks, without the 0 that ends it."""


@dataclass
class Layout:
    """How ballots lie on lines, as far as a reading came. Lines count from 1; 0: there is none such."""

    irregular: int = 0
    """The first line that begins more than one ballot or, beside a withdrawal, one; or one that another line ends."""
    inner: int = 0
    """The first line with a 0 before its last word."""
    unended: int = 0
    """The first line that does not end in 0."""
    whole: int = 0
    """How many lines hold one ballot and its 0."""
    end: int = 0
    """The byte after the 0 that ends the ballots."""


def read_in_full(path: Path, data: bytes) -> BallotFile:
    """Return what a file says by both readings, or by the only one that is possible. Raises FormatError."""
    by_noughts, noughts = _reading(path, data, _by_noughts)
    by_lines, lines = _reading(path, data, _by_lines)
    mixed = bool(lines.unended and lines.whole)
    missing_end = FormatError(
        path, f"line {lines.unended}", "expected 0 at the end of the ballot, as other lines have it"
    )
    if isinstance(by_noughts, BallotFile) and isinstance(by_lines, BallotFile):
        if by_noughts == by_lines:
            return by_noughts
        if lines.unended:
            raise missing_end
        expected = "expected - for a blank rank, or a line for each ballot: a 0 inside a line can mean either"
        raise FormatError(path, f"line {lines.inner}", expected)
    if isinstance(by_lines, BallotFile):
        if mixed:
            raise missing_end
        return by_lines
    if isinstance(by_noughts, BallotFile):
        if noughts.irregular and noughts.whole:
            expected = "expected one ballot on the line, ended by 0, as other lines have it"
            raise FormatError(path, f"line {noughts.irregular}", expected)
        return by_noughts
    if mixed and not lines.inner and _line_of(by_noughts) > lines.unended:
        raise missing_end
    raise by_lines if lines.unended and not lines.whole else by_noughts


def _line_of(refusal: FormatError) -> int:
    number = refusal.place.removeprefix("line ")
    return int(number) if number.isdigit() else 0


def _reading(
    path: Path, data: bytes, ballots_by: "Callable[[_Tokens, Layout], Iterator[Item]]"
) -> tuple[BallotFile | FormatError, Layout]:
    """Return what one reading makes of a file, or why it makes nothing; and the layout as far as it came."""
    layout, tokens = Layout(), _Tokens(path, data)
    try:
        body = Body(tokens.number("the number of candidates"), tokens.number("the number of seats"))
        ranks, ids = Ranks(body.candidates), set[bytes]()
        for item in ballots_by(tokens, layout):
            try:
                if isinstance(item, Token):
                    _option(body, ranks, item.text)
                else:
                    _refuse_again(ids, item[0].text)
                    marks, ballots = _ballot(ranks, item)
                    body.counts[marks] = body.counts.get(marks, 0) + ballots
            except Fault as fault:
                line = item.line if isinstance(item, Token) else item[-1].line
                raise FormatError(path, f"line {line}", str(fault)) from None
        body.names_at = layout.end
        return _file(path, data, body), layout
    except FormatError as fault:
        return fault, layout


def _by_noughts(tokens: "_Tokens", layout: Layout) -> Iterator[Item]:
    """Yield ballots as Algorithm 123 has them: each up to its 0, line ends mean nothing."""
    begun = withdrawing = 0
    alone = False
    while (token := tokens.next("a ballot, or 0 after the last one")).text != b"0":
        if _is_option(token, begun):
            withdrawing = token.line if token.text.startswith(b"-") else withdrawing
            yield token
            continue
        if token.line in (begun, withdrawing):
            layout.irregular = layout.irregular or token.line
            layout.whole -= alone
        alone = token.line not in (begun, withdrawing)
        begun, ballot = token.line, [token]
        while (token := tokens.next("a candidate, or 0 to end the ballot")).text != b"0":
            ballot.append(token)
            if len(ballot) > MAX_RANKS + 2:
                raise tokens.refusal(token, f"expected 0 after at most {MAX_RANKS} ranks")
        if token.line != begun:
            layout.irregular = layout.irregular or begun
            named = [rank.text for rank in ballot[1:] if rank.text != b"-"]
            if len(set(named)) < len(named):
                expected = (
                    "expected 0 at the end of a ballot: this one spans lines and ranks a candidate twice"
                )
                raise tokens.refusal(token, expected)
            begun, alone = token.line, False
        layout.whole += alone
        yield ballot
    layout.end = token.end


def _by_lines(tokens: "_Tokens", layout: Layout) -> Iterator[Item]:
    """Yield ballots as OpenTally has them: a line each, its 0 optional, so that any other 0 is a blank rank."""
    begun = withdrawing = 0
    for line, words in groupby(tokens, key=lambda token: token.line):
        ballot: list[Token] = []
        for word in words:
            if not ballot and _is_option(word, begun):
                withdrawing = line if word.text.startswith(b"-") else withdrawing
                yield word
                continue
            if line == withdrawing:
                raise tokens.refusal(word, "expected no ballot on the line of those who have withdrawn")
            ballot.append(word)
            if len(ballot) > MAX_RANKS + 3:
                raise tokens.refusal(word, f"expected 0 after at most {MAX_RANKS} ranks")
        if not ballot:
            continue
        if ballot[-1].text == b"0":
            if len(ballot) == 1:
                layout.end = ballot[0].end
                return
            ballot.pop()
            layout.whole += not any(token.text == b"0" for token in ballot)
        else:
            layout.unended = layout.unended or line
        if any(token.text == b"0" for token in ballot):
            layout.inner = layout.inner or line
        begun = line
        yield [ballot[0], *(rank._replace(text=b"-") if rank.text == b"0" else rank for rank in ballot[1:])]
    tokens.next("a line with a single 0 after the last ballot")


def _is_option(token: Token, begun: int) -> bool:
    return token.text.startswith(b"[") or (token.text.startswith(b"-") and not begun)


def _option(body: Body, ranks: Ranks, text: bytes) -> None:
    """Carry out a withdrawal or one of Droop's options: [droop …] is about methods, and passed over."""
    if not text.startswith(b"["):
        body.withdrawn.update(ranks.places([text[1:]]))
        return
    word, *names = text[1:-1].replace(b",", b" ").split() or [b""]
    word = word.lower()
    if word == b"nick":
        ranks.nickname(names)
    elif word == b"withdrawn":
        body.withdrawn.update(ranks.places(names))
    elif word == b"undeclared":
        body.write_ins.update(ranks.places(names))
    elif word == b"tie":
        ranks.places(names)
        body.tie_order = tuple(ranks.places([name])[0] for name in names)
    elif word != b"droop":
        known = "[nick …], [withdrawn …], [undeclared …], [tie …] or [droop …]"
        raise Fault(f"expected {known}, found {_shown(text)}")


def _refuse_again(ids: set[bytes], first: bytes) -> None:
    """Learn the id with which a ballot begins. Raises Fault if another has it: one of them is a copy."""
    if first.startswith(b"("):
        if first in ids:
            raise Fault(f"expected another id of a ballot, found {_shown(first)} a second time")
        ids.add(first)


def _ballot(ranks: Ranks, ballot: list[Token]) -> tuple[str, int]:
    """Return the marks of a ballot and how many are alike. Raises Fault."""
    first, *marked = (token.text for token in ballot)
    if first.startswith(b"(") and first.endswith(b")"):
        if marked[:1] != [b"1"]:
            found = _shown(marked[0]) if marked else "nothing"
            raise Fault(f"expected the weight 1 after a ballot's id, found {found}")
        first = marked.pop(0)
    ballots = _weight(first)
    spelled = (ranks[b"=".join(rank[1:-1].split()) if rank.startswith(b"(") else rank] for rank in marked)
    marks = ">".join(spelled)
    if marks.count(">") >= MAX_RANKS:
        raise Fault(f"expected 0 after at most {MAX_RANKS} ranks")
    return marks.rstrip(">"), ballots


class _Tokens:
    """The words of a file one after the other, without comments; a comma that ends a line is none of them."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data
        self._tokens = self._scan()

    def __iter__(self) -> Iterator[Token]:
        return self._tokens

    def next(self, expected: str) -> Token:
        """Return the next word. Raises FormatError at the file's end."""
        token = next(self._tokens, None)
        if token is None:
            line = line_at(self._data, len(self._data.rstrip()))
            raise FormatError(self._path, f"line {line}", f"expected {expected}, found the end of the file")
        return token

    def number(self, expected: str) -> int:
        """Return the next word as a number of candidates or seats. Raises FormatError."""
        token = self.next(expected)
        number = whole_number(token.text.rstrip(b","), 1, MAX_CANDIDATES)
        if number is None:
            found = _shown(token.text)
            raise self.refusal(token, f"expected {expected} from 1 to {MAX_CANDIDATES}, found {found}")
        return number

    def refusal(self, token: Token, expected: str) -> FormatError:
        """Return the error that names a word's line."""
        return FormatError(self._path, f"line {token.line}", expected)

    def _scan(self) -> Iterator[Token]:
        line, seen = 1, 0
        for match in _TOKEN.finditer(self._data):
            text = match.group()
            if text.startswith(_COMMENTS):
                continue
            line += self._data.count(b"\n", seen, match.start())
            seen = match.start()
            if text.endswith(b",") and self._data[match.end() : match.end() + 1] in (b"\n", b""):
                text = text.rstrip(b",")
            if text:
                yield Token(text, line, match.end())
