"""Dominion: a folder of JSON, manifests beside `CvrExport.json` or, split, `CvrExport_1.json` and on.

Rule 1: a candidate is named by its id. The contest's candidates are those that the manifest gives it.
Rule 2: the voter's own marks count unless they are not current; then the adjudicated ones do. A session that is not
        current and was not adjudicated is no record (RCTab's way).
Rule 3: an ambiguous mark is none.
Rule 4: split files are read in the order of their numbers, which may have gaps.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from shared.rcv.formats.cvr import json_file
from shared.rcv.formats.cvr.json_file import Node
from shared.rcv.formats.cvr.raw import Names, RawRecord, Selection, Source, by_rank, meaning
from shared.rcv.formats.records import FormatError

WHOLE: Final = "CvrExport.json"
_PART: Final = re.compile(r"CvrExport_(\d+)\.json")


class _Manifests(NamedTuple):
    """What the folder's ids stand for."""

    contests: Names
    candidates: frozenset[str]
    """Ids of the contest's."""
    precincts: Names
    portions: Names


def read(path: Path, source: Source) -> Iterator[RawRecord]:
    """Yield the records of a folder's contest. Raises FormatError naming file and session, OSError."""
    manifests = _manifests(path, source)
    for file in _exports(path):
        for session in json_file.load(file).some("Sessions", "session"):
            yield from _records(session, source, manifests)


def _exports(folder: Path) -> list[Path]:
    parts = [(int(found[1]), file) for file in folder.iterdir() if (found := _PART.fullmatch(file.name))]
    whole = folder / WHOLE
    if whole.exists() == bool(parts):
        told = "both" if parts else "neither"
        raise FormatError(folder, "", f"expected {WHOLE} or CvrExport_1.json and on, found {told}")
    return [file for _, file in sorted(parts)] or [whole]


def _manifests(folder: Path, source: Source) -> _Manifests:
    if not folder.is_dir():
        raise FormatError(folder, "", f"expected a folder with manifests and {WHOLE}")
    contests = _names(folder / "ContestManifest.json")
    if source.contest_id not in contests:
        told = ", ".join(f"{key} ({name})" for key, name in contests.items())
        expected = f"expected a contest {source.contest_id!r} [contestId], found {told or 'none'}"
        raise FormatError(folder / "ContestManifest.json", "", expected)
    candidates = frozenset(
        each.text("Id")
        for each in json_file.load(folder / "CandidateManifest.json").some("List", "candidate")
        if each.text("ContestId") == source.contest_id
    )
    precincts, portions = folder / "PrecinctManifest.json", folder / "PrecinctPortionManifest.json"
    return _Manifests(contests, candidates, _if_any(precincts), _if_any(portions))


def _if_any(manifest: Path) -> Names:
    """Return a manifest's names; older exports lack some."""
    return _names(manifest) if manifest.exists() else {}


def _names(manifest: Path) -> Names:
    entries = json_file.load(manifest).some("List", "entry")
    return {each.text("Id"): each.text_or_none("Description") or each.text("Id") for each in entries}


def _records(session: Node, source: Source, manifests: _Manifests) -> Iterator[RawRecord]:
    marked = _current(session)
    if marked is None:
        return
    precinct = _named(marked, "PrecinctId", manifests.precincts, "PrecinctManifest.json")
    portion = _named(marked, "PrecinctPortionId", manifests.portions, "PrecinctPortionManifest.json")
    number = session.text("RecordId")
    for card in marked.nodes("Cards", "card") if marked.has("Cards") else [marked]:
        for contest in card.some("Contests", "contest"):
            if contest.text("Id") == source.contest_id:
                yield RawRecord(
                    place=f"{session.path.name}, {session.place}",
                    id=number,
                    selections=_selections(contest, source, manifests.candidates),
                    precinct=precinct,
                    batch=session.text("BatchId"),
                    vendor_id=number,
                    contest_id=source.contest_id,
                    tabulator_id=session.text("TabulatorId"),
                    precinct_portion=portion,
                )


def _current(session: Node) -> Node | None:
    original = session.node("Original")
    if original.truth("IsCurrent"):
        return original
    return session.node("Modified") if session.has("Modified") else None


def _named(marked: Node, key: str, names: Names, manifest: str) -> str | None:
    if not marked.has(key):
        return None
    number = marked.text(key)
    if number not in names:
        marked.refuse(f"expected [{key}] to stand in {manifest}, found {number}")
    return names[number]


def _selections(contest: Node, source: Source, candidates: frozenset[str]) -> tuple[Selection, ...]:
    found: list[Selection] = []
    for mark in contest.nodes("Marks", "mark"):
        if mark.truth("IsAmbiguous"):
            continue
        code = mark.text("CandidateId")
        text = meaning(code, source)
        if text == code and code not in candidates:
            mark.refuse(f"expected [CandidateId] to be the contest's in CandidateManifest.json, found {code}")
        if text is not None:
            found.append((mark.whole("Rank"), text))
    return by_rank(found)
