"""Dominion: a folder of JSON, manifests beside `CvrExport.json` or, split, `CvrExport_1.json` and on.

Sources: Dominion's CVR export file format, as RCTab documents it; RCTab 2.0's reader.

A candidate is named by its id; the contest's candidates are those that the manifest gives it, and its ranks are as many as the
manifest says [NumOfRanks]. The voter's own marks count unless they are not current; then the adjudicated ones do. A session
that is not current and was not adjudicated is no record (RCTab's way). An ambiguous mark is none. A contest whose outstack
conditions say that it is invalid, such as on a ballot of another district, is no record: which condition that is stands in
the manifest of conditions; without one it is number 7, as RCTab has it. Split files are read in the order of their numbers,
which may have gaps.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from shared.rcv.formats.cvr import json_file
from shared.rcv.formats.cvr.json_file import Node, shown
from shared.rcv.formats.cvr.raw import Names, Note, RawRecord, Selection, Source, by_rank, meaning, no_note
from shared.rcv.formats.records import FormatError

WHOLE: Final = "CvrExport.json"
WITHHELD: Final = {"X", "x"}
"""What stands in the place of a record's id where officials withhold it."""
NOT_CURRENT: Final = "session that is not current is not counted"
INVALID: Final = "ballot whose contest is invalid is not counted"
_PART: Final = re.compile(r"CvrExport_(\d+)\.json")
_INVALID: Final = re.compile(r"(?:Invalid|Inactive)(?:Contest|Card|Ballot)?", re.IGNORECASE)
_INVALID_IN_RCTAB: Final = "7"


class _Manifests(NamedTuple):
    """What the folder's ids stand for."""

    candidates: frozenset[str]
    """Ids of the contest's."""
    precincts: Names
    portions: Names
    ranks: int | None
    """Of the contest; None: the manifest does not say."""
    invalid: frozenset[str]
    """Ids of the outstack conditions that say that a contest is invalid."""


def read(path: Path, source: Source, note: Note = no_note) -> Iterator[RawRecord]:
    """Yield the records of a folder's contest. Raises FormatError naming file and session, OSError."""
    manifests = _manifests(path, source)
    for file in _exports(path):
        for session in json_file.listed(file, "Sessions", "session"):
            yield from _records(session, source, manifests, note)


def _exports(folder: Path) -> list[Path]:
    parts = [(int(found[1]), file) for file in folder.iterdir() if (found := _PART.fullmatch(file.name))]
    whole = folder / WHOLE
    if whole.exists() == bool(parts):
        listed = "both" if parts else "neither"
        raise FormatError(folder, "", f"expected {WHOLE} or CvrExport_1.json and on, found {listed}")
    return [file for _, file in sorted(parts)] or [whole]


def _manifests(folder: Path, source: Source) -> _Manifests:
    if not folder.is_dir():
        raise FormatError(folder, "", f"expected a folder with manifests and {WHOLE}")
    contests = _names(folder / "ContestManifest.json")
    of_contest = [
        each
        for each in json_file.load(folder / "ContestManifest.json").some("List", "entry")
        if each.text("Id") == source.contest_id
    ]
    if len(of_contest) > 1:
        of_contest[1].refuse(f"expected one contest {source.contest_id!r}, found several")
    if not of_contest:
        listed = ", ".join(f"{key} ({name})" for key, name in contests.items())
        expected = f"expected a contest {source.contest_id!r} [contestId], found {listed or 'none'}"
        raise FormatError(folder / "ContestManifest.json", "", expected)
    candidates = _by_id(
        each
        for each in json_file.load(folder / "CandidateManifest.json").some("List", "candidate")
        if each.text("ContestId") == source.contest_id
    )
    precincts, portions = folder / "PrecinctManifest.json", folder / "PrecinctPortionManifest.json"
    conditions = _if_any(folder / "OutstackConditionManifest.json")
    invalid = {number for number, name in conditions.items() if _INVALID.fullmatch(name)}
    if _INVALID_IN_RCTAB not in conditions:
        invalid.add(_INVALID_IN_RCTAB)
    ranks = of_contest[0].whole("NumOfRanks") if of_contest[0].has("NumOfRanks") else 0
    return _Manifests(
        frozenset(candidates), _if_any(precincts), _if_any(portions), ranks or None, frozenset(invalid)
    )


def _if_any(manifest: Path) -> Names:
    """Return a manifest's names; older exports lack some."""
    return _names(manifest) if manifest.exists() else {}


def _names(manifest: Path) -> Names:
    return _by_id(json_file.load(manifest).some("List", "entry"))


def _by_id(entries: Iterable[Node]) -> Names:
    """Return what ids stand for. Raises FormatError for one that stands for two things."""
    found: dict[str, str] = {}
    for entry in entries:
        number = entry.text("Id")
        name = entry.text_or_none("Description") or number
        if found.setdefault(number, name) != name:
            entry.refuse(f"expected another [Id], found {number} for {found[number]!r} and {name!r}")
    return found


def _records(session: Node, source: Source, manifests: _Manifests, note: Note) -> Iterator[RawRecord]:
    marked = _current(session, as_rctab=source.as_rctab)
    if marked is None:
        note(NOT_CURRENT)
        return
    precinct = _named(marked, "PrecinctId", manifests.precincts, "PrecinctManifest.json")
    portion = _named(marked, "PrecinctPortionId", manifests.portions, "PrecinctPortionManifest.json")
    tabulator, batch, number = map(session.text, ("TabulatorId", "BatchId", "RecordId"))
    found = False
    for card in _cards(marked):
        for contest in card.some("Contests", "contest"):
            if contest.text("Id") == source.contest_id:
                if _conditions(marked, card, contest) & manifests.invalid:
                    note(INVALID)
                    continue
                if found:
                    contest.refuse(f"expected contest {source.contest_id} once in a session")
                found = True
                yield RawRecord(
                    place=f"{session.path.name}, {session.place}",
                    id=number,
                    selections=_selections(contest, source, manifests),
                    precinct=precinct,
                    batch=batch,
                    vendor_id=number,
                    contest_id=source.contest_id,
                    tabulator_id=tabulator,
                    precinct_portion=portion,
                    identity=() if number in WITHHELD else (tabulator, batch, number),
                )


def _cards(marked: Node) -> list[Node]:
    """Return what holds the contests: cards or, in older exports, the side of the session itself."""
    if not marked.has("Cards"):
        return [marked]
    if marked.has("Contests"):
        marked.refuse("expected [Cards] or [Contests], found both")
    return marked.nodes("Cards", "card")


def _conditions(*nodes: Node) -> set[str]:
    """Return the ids of all outstack conditions of a session's marks, a card and a contest."""
    found: set[str] = set()
    for node in nodes:
        listed = node.values.get("OutstackConditionIds")
        if not listed:
            continue
        if not isinstance(listed, list) or not all(isinstance(each, str | int) for each in listed):
            node.refuse(f"expected a list of numbers [OutstackConditionIds], found {shown(listed)}")
        found.update(map(str, listed))
    return found


def _current(session: Node, *, as_rctab: bool) -> Node | None:
    """Return the side of a session that counts, None if neither does."""
    original = session.node("Original")
    modified = session.node("Modified") if session.has("Modified") else None
    if as_rctab or modified is None:
        return original if original.truth("IsCurrent") else modified
    sides = [side for side in (original, modified) if side.truth("IsCurrent")]
    if len(sides) > 1:
        session.refuse("expected one side that is current [IsCurrent], found Original and Modified")
    return sides[0] if sides else None


def _named(marked: Node, key: str, names: Names, manifest: str) -> str | None:
    if not marked.has(key):
        return None
    number = marked.text(key)
    if number not in names:
        marked.refuse(f"expected [{key}] to stand in {manifest}, found {number}")
    return names[number]


def _selections(contest: Node, source: Source, manifests: _Manifests) -> tuple[Selection, ...]:
    found: list[Selection] = []
    for mark in contest.nodes("Marks", "mark"):
        if mark.truth("IsAmbiguous"):
            continue
        code = mark.text("CandidateId")
        text = meaning(code, source)
        if text == code and code not in manifests.candidates:
            mark.refuse(f"expected [CandidateId] to be the contest's in CandidateManifest.json, found {code}")
        if text is None:
            continue
        rank = mark.whole("Rank")
        if manifests.ranks is not None and rank > manifests.ranks:
            mark.refuse(f"expected a rank up to {manifests.ranks} [NumOfRanks], found {rank}")
        found.append((rank, text))
    return by_rank(found)
