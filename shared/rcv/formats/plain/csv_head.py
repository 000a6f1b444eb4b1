"""What the columns of a CSV file are, from its header and, where that leaves a doubt, its cells.

Columns of ranks (`rank1`, `Rank 2`, `choice_3`, `1st`, `2nd choice`, `Third preference`, `4`) hold names: a row a ballot. A column `rank`
beside one of names (`choice`, `candidate`) and one that identifies the ballot: a row a mark. Any other columns are
candidates and hold ranks. Beside them may stand, once each, how many ballots a row is (`count`, `weight`, `votes`, `ballots`,
`#`) and their `section`; columns that say where a row comes from are passed over, and those that the reader is asked to
ignore. A head can say its type: `candidate:Ward`, `ignore:notes`. Cells behind the last head are left out where they are blank.

What may be a candidate or something else, gaps in the ranks, and numbers over numbers are refused; so are rows of several
contests, and rows that identify the same ballot. A ballot's number holds within its tabulator, batch, precinct and so on.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import MAX_RANKS, clean_names
from shared.rcv.formats.records import FormatError

COUNTS: Final = ("count", "weight", "votes", "ballots", "#")
SECTIONS: Final = ("section",)
BALLOTS: Final = (
    "id", "ballot", "ballotid", "ballotnumber", "ballotno", "cvrid", "cvrnumber", "recordid", "recordnumber", "voter", "voterid",
)  # fmt: skip
"""Words that identify a ballot, without spaces, underscores and hyphens, as all that follow."""
RCTAB_ID: Final = "rctabcvrid"
"""The column by which RCTab's own CSV of cast vote records is known: there, several at a rank stand in one cell, a line each."""
ORIGINS: Final = (
    *(word for word in BALLOTS if word != "ballot"),
    "sourcefilepath", "cvrprovider", "contestid", RCTAB_ID, "tabulatorid", "vendorid", "ballottype", "ballotstyle", "precinct", "precinctid", "precinctportion", "batch", "batchid", "tabulator", "timestamp",
)  # fmt: skip
"""Words that no candidate has."""
PLACES: Final = (
    "ballot", "ward", "pile", "valid", "box", "county", "machine", "scanner", "station", "pollingplace", "pollingstation", "sheet",
    "row", "rownumber", "sequence", "date", "time", "remade", "contest", "contestname", "race", "office",
)  # fmt: skip
"""Words that say where a row comes from where other columns are ranks; candidates may be called so."""
WHERE: Final = (
    "tabulator", "tabulatorid", "batch", "batchid", "precinct", "precinctid", "precinctportion", "ward", "pile", "box", "county",
    "machine", "scanner", "station", "pollingplace", "pollingstation",
)  # fmt: skip
"""Words that say within what a ballot's number holds: each of these may number its ballots from 1 on."""
NO_CANDIDATES: Final = (
    "no.", "nr", "nr.", "number", "index", "rowid", "ballotno.", "ballotnr", "voterno", "voternumber", "num", "n", "freq", "frequency",
    "quantity", "qty", "multiplicity", "times", "copies", "key", "uid", "uuid", "idx", "seq", "serial", "cvr", "imprintedid",
    "party", "style", "type", "group", "countinggroup", "year", "month", "day", "age", "district", "division", "constituency", "state",
    "city", "town", "region", "area", "zone", "branch", "unit", "team", "class", "language", "source", "file", "page", "table", "form",
    "ballotscast", "spoiled", "spoilt", "rejected", "invalid", "void", "voided", "counted", "accepted", "formal", "informal", "duplicate",
    "duplicated", "adjudicated", "provisional", "challenged", "test",
    "respondent", "respondentid", "response", "responseid", "user", "userid", "username", "member", "memberid", "email", "emailaddress",
    "ip", "ipaddress", "name", "votername", "total", "totals", "totalvotes", "sum", "score", "rank", "position", "seats", "comment",
    "comments", "notes", "remarks", "exhausted", "overvote", "overvotes", "undervote", "undervotes", "blank", "skipped", "status",
    "choice", "candidate", "selection", "vote",
)  # fmt: skip
"""Words that are hardly a candidate's, where columns are candidates: a number in such a column would be a rank."""
CONTESTS: Final = ("contest", "contestid", "contestname", "race", "office")
"""Words for the contest of a row, as `PLACES`: all rows are of one."""
NAMES: Final = ("choice", "candidate", "candidatename", "selection", "option", "vote")
RANKS: Final = ("rank", "ranknumber", "rankno", "ranking", "position", "preference")
"""Words for the rank of a mark, where rows are marks."""

INDEX: Final = ("", "unnamed:0")
"""Heads of a first column that numbers the rows, as data frames are written and read."""

NO_RANKS: tuple[int, ...] = ()
NOBODY: tuple[tuple[int, str], ...] = ()

_RANK = re.compile(
    r"(?:rank|ranking|choice|preference|pref)[ _.#-]*([0-9]{1,3})"
    r"|([0-9]{1,3})(?:st|nd|rd|th)(?:[ _-]*(?:rank|choice|preference|pref))?|([0-9]{1,3})"
    r"|(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)(?:[ _-]*(?:rank|choice|preference|pref))?"
)
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_NUMBER = re.compile(r"[0-9]{0,3}")
_TYPED = re.compile(r"(candidate|ignore):(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which cell of a row is what."""

    width: int
    count: int | None
    section: int | None
    ranks: tuple[int, ...]
    """The column of each rank, the first rank first; empty if columns are candidates, or rows are marks."""
    candidates: tuple[tuple[int, str], ...]
    """Column and name of each candidate; empty if columns are ranks, or rows are marks."""
    marks: tuple[int, int, int] | None = None
    """The columns of ballot, rank and choice, where rows are marks."""
    valid: int | None = None
    """The column that says whether a row is to be counted."""
    by_lines: bool = False
    """Whether several candidates at a rank are a line each."""
    contest: int | None = None
    """The column that says of which contest a row is."""
    origin: tuple[int, ...] = ()
    """The columns that together say which ballot a row is; none: nothing says it."""
    within: tuple[int, ...] = ()
    """The columns within which a ballot's number holds, where rows are marks."""


def read_columns(
    path: Path, header: Sequence[str], cells: Sequence[Sequence[str]], ignored: Collection[str] = ()
) -> Columns:
    """Say what the columns are; `cells` are some rows, to settle a doubt, and `ignored` heads that are passed over.

    Raises FormatError.
    """
    words = [_word(head) for head in header]
    named = {at: found for at, head in enumerate(header) if (found := _TYPED.match(head.strip()))}
    passed = _ignored(path, header, ignored) | {
        at for at, found in named.items() if found[1].lower() == "ignore"
    }
    forced = named.keys() - passed
    special = {
        at for at, word in enumerate(words) if at not in forced and (at in passed or _is_beside(at, word))
    }
    ranked = {at: _rank(next(filter(None, found.groups()))) for at, word in enumerate(words)
              if at not in special | forced and (found := _RANK.fullmatch(word))}  # fmt: skip
    others = [at for at in range(len(words)) if at not in special and at not in ranked]
    places = [at for at in others if at not in forced and _bare(words[at]) in PLACES]
    count = _only(path, header, words, COUNTS, passed)
    section = _only(path, header, words, SECTIONS, passed)
    besides = {at: _bare(words[at]) for at in (*special, *places) if at not in passed}
    contest = next((at for at, word in besides.items() if word in CONTESTS), None)
    origin = _origin(besides) if count is None else ()
    if not ranked and (marks := _marks(words, passed)) is not None:
        if count is not None:
            raise FormatError(path, "line 1", f"expected a row a mark, and no {header[count]!r} of ballots")
        if unknown := [header[at] for at in others if at not in marks and at not in places]:
            raise FormatError(
                path, "line 1", f"expected ballot, rank and choice, found {unknown[0]!r} beside; ignore it"
            )
        within = tuple(at for at, word in besides.items() if word in WHERE)
        valid = _valid(words, places)
        return Columns(
            len(header), None, section, NO_RANKS, NOBODY, marks, valid, contest=contest, within=within
        )
    if ranked and others == places and not _numbers_over_numbers(path, words, ranked, cells):
        by_lines = RCTAB_ID in map(_bare, words)
        order = _in_order(path, header, ranked)
        return Columns(
            len(header), count, section, order, NOBODY, None, _valid(words, places), by_lines, contest, origin
        )
    if not ranked:
        places = [at for at in others if at not in forced and _bare(words[at]) in (*PLACES, *NO_CANDIDATES)]
    if others and not ranked and not places:
        names = [named[at][2] if at in named else head for at, head in enumerate(header)]
        candidates = _candidates(path, names, others)
        return Columns(len(header), count, section, NO_RANKS, candidates, contest=contest, origin=origin)
    raise FormatError(path, "line 1", _ambiguous(header, ranked, others, places))


def _rank(text: str) -> int:
    return _ORDINALS.index(text) + 1 if text in _ORDINALS else int(text)


def _valid(words: Sequence[str], places: Sequence[int]) -> int | None:
    return next((at for at in places if words[at] == "valid"), None)


def _origin(besides: Mapping[int, str]) -> tuple[int, ...]:
    """Return the columns that together identify a ballot, if one of them is meant to."""
    if not any(word in (*BALLOTS, RCTAB_ID) for word in besides.values()):
        return ()
    return tuple(at for at, word in sorted(besides.items()) if word in (*BALLOTS, *ORIGINS, *WHERE))


def _word(head: str) -> str:
    return " ".join(head.lower().split())


def _bare(word: str) -> str:
    return re.sub(r"[ _-]", "", word)


def _ignored(path: Path, header: Sequence[str], ignored: Collection[str]) -> set[int]:
    wanted = {_word(head) for head in ignored}
    found = {at for at, head in enumerate(header) if _word(head) in wanted}
    if missing := wanted - {_word(header[at]) for at in found}:
        wrong = " and ".join(map(repr, sorted(missing)))
        columns = "a column" if len(missing) == 1 else "columns"
        raise FormatError(path, "line 1", f"expected {columns} {wrong} to ignore, found {_listed(header)}")
    return found


def _is_beside(at: int, word: str) -> bool:
    return word in (*COUNTS, *SECTIONS) or _bare(word) in (ORIGINS if at else (*ORIGINS, *INDEX))


def _marks(words: Sequence[str], passed: Collection[int]) -> tuple[int, int, int] | None:
    """Return the columns of ballot, rank and choice if there is one of each."""
    found = [
        [at for at, word in enumerate(words) if at not in passed and _bare(word) in wanted]
        for wanted in (BALLOTS, RANKS, NAMES)
    ]
    if any(len(columns) != 1 for columns in found):
        return None
    (ballot,), (rank,), (choice,) = found
    return ballot, rank, choice


def _numbers_over_numbers(
    path: Path, words: Sequence[str], ranked: dict[int, int], cells: Sequence[Sequence[str]]
) -> bool:
    if not all(words[at].isdigit() or words[at] in _ORDINALS for at in ranked):
        return False
    held = [row[at].strip() for row in cells if len(row) == len(words) for at in ranked]
    if any(held) and all(map(_NUMBER.fullmatch, held)):
        expected = "expected columns headed rank1, rank2, … or by names: numbers over numbers can be either"
        raise FormatError(path, "line 1", expected)
    return False


def _in_order(path: Path, header: Sequence[str], ranked: dict[int, int]) -> tuple[int, ...]:
    columns = tuple(sorted(ranked, key=ranked.__getitem__))
    if [ranked[at] for at in columns] != list(range(1, len(columns) + 1)):
        raise FormatError(
            path, "line 1", f"expected ranks 1, 2, 3 and so on, once each, found {_listed(header)}"
        )
    if len(columns) > MAX_RANKS:
        raise FormatError(path, "line 1", f"expected at most {MAX_RANKS} ranks, found {len(columns)}")
    return columns


def _candidates(path: Path, names: Sequence[str], columns: Sequence[int]) -> tuple[tuple[int, str], ...]:
    if len(columns) > MAX_CANDIDATES:
        expected = f"expected at most {MAX_CANDIDATES} candidates, found {len(columns)}"
        raise FormatError(path, "line 1", expected)
    clean = clean_names(path, ((f"line 1, column {at + 1}", names[at]) for at in columns))
    return tuple(zip(columns, clean, strict=True))


def _only(
    path: Path, header: Sequence[str], words: Sequence[str], wanted: Sequence[str], passed: Collection[int]
) -> int | None:
    columns = [at for at, word in enumerate(words) if word in wanted and at not in passed]
    if len(columns) > 1:
        found = " and ".join(repr(header[at]) for at in columns[:2])
        raise FormatError(path, "line 1", f"expected one column of {wanted[0]}s, found {found}")
    return columns[0] if columns else None


def _ambiguous(
    header: Sequence[str], ranked: dict[int, int], others: Sequence[int], places: Sequence[int]
) -> str:
    if not ranked and not others:
        return f"expected columns headed rank1, rank2, … or by candidates' names, found {_listed(header)}"
    if not ranked:
        head = header[places[0]]
        return (
            f"expected candidates: {head!r} may be one or not; ignore it, or head it candidate:{head.strip()}"
        )
    other = header[next(at for at in others if at not in places)]
    both = f"found both: {header[min(ranked)]!r} and {other!r}"
    return f"expected columns of ranks or of candidates, {both}"


def _listed(header: Sequence[str]) -> str:
    return ", ".join(header)[:80]
