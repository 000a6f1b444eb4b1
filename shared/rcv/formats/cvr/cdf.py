"""NIST's Common Data Format for cast vote records, JSON and XML alike; Unisyn exports it as XML.

Source: NIST SP 1500-103, Cast Vote Records Common Data Format, version 1.0 (2020).

[IsAllocable] alone decides whether a position is a vote. Where it leaves that open, a position is one that is indicated, and
whose status, selection and contest are not invalidated by the contest's rules; one whose indication is unknown waits for an
adjudicator, and so does what needs adjudication by its status, a selection in any case: that is no vote yet. RCTab counts
every position unless it says that it has no indication or is not allocable.

A contest is found by its name, for ids hold within one file only. A ballot is what its current snapshot has, whatever the
types of its snapshots; a ballot without the contest is no record, and is not numbered. Ranks stand on the selection or on its
positions; where both have one, it is the same. A selection is called what its first candidate is called, or an undeclared
write-in if it is one; two candidates of one name are refused, for whoever reads knows them by their names.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr import json_file, xml_file
from shared.rcv.formats.cvr.json_file import Node, shown
from shared.rcv.formats.cvr.raw import WRITE_IN, Note, RawRecord, Selection, Source, by_rank, meaning, no_note
from shared.rcv.formats.cvr.xml_file import Element
from shared.rcv.formats.records import FormatError

ID: Final = "@id"
ROOT: Final = "CastVoteRecordReport"
WAITING: Final = "mark that waits for an adjudicator is no vote yet"
INVALIDATED: Final = "mark that the contest's rules invalidate is no vote"
_IDS: Final = ("UniqueId", "BallotPrePrintedId", "BallotAuditId")
"""What a ballot may be known by."""
_YES = ("true", "yes", "1")
_WAITS: Final = "needs-adjudication"
_INVALID: Final = "invalidated-rules"
_LISTS: Final = frozenset(
    {"Candidate", "Contest", "ContestSelection", "CVRContest", "CVRContestSelection", "CVRSnapshot"}
    | {"CVRWriteIn", "SelectionPosition"}
)
"""What JSON has lists of: in XML, elements that may stand more than once."""
_ONCE: Final = frozenset(
    {
        *_IDS,
        "BatchId",
        "BallotStyleUnitId",
        "ContestId",
        "ContestSelectionId",
        "CreatingDeviceId",
        "CurrentSnapshotId",
    }
    | {"FractionalVotes", "HasIndication", "IsAllocable", "IsWriteIn", "Name", "NumberVotes", "Rank"}
)
"""Elements of which a second would be another reading."""


def read(path: Path, source: Source, note: Note = no_note) -> Iterator[RawRecord]:
    """Yield the records of a file's contest. Raises FormatError naming the CVR (and its line, in XML), OSError."""
    read_as = _read_xml if path.suffix.lower() == ".xml" else _read_json
    return read_as(path, source, note)


def _read_json(path: Path, source: Source, note: Note) -> Iterator[RawRecord]:
    report, cvrs = json_file.parted(path, "CVR", "CVR")
    terms = Terms(report, report.some("Election", "Election"), report.nodes("GpUnit", "GpUnit"), source)
    yield from records(cvrs, terms, "BallotPrePrintedId", note)


def _read_xml(path: Path, source: Source, note: Note) -> Iterator[RawRecord]:
    """Read the file twice: ballots may stand before the elections that give their ids a meaning, and may not fit memory."""
    held = list(xml_file.children(path, ROOT, {"Election", "GpUnit"}))
    elections, units = (
        [_node(path, each) for each in held if each.name == kind] for kind in ("Election", "GpUnit")
    )
    terms = Terms(Node(path, "", {}), elections, units, source)
    cvrs = (
        _node(path, element, f" {number}")
        for number, element in enumerate(xml_file.children(path, ROOT, {"CVR"}), 1)
    )
    yield from records(cvrs, terms, "UniqueId", note)


class Terms:
    """What the ids of a report stand for."""

    def __init__(self, report: Node, elections: list[Node], units: list[Node], source: Source) -> None:
        self._source = source
        self.as_rctab = source.as_rctab
        self._contest = _contest(report, elections, source)
        candidates = (each for election in elections for each in election.nodes("Candidate", "candidate"))
        self._candidates = _by_id(candidates, "Candidate")
        self._selections = _by_id(self._contest.nodes("ContestSelection", "selection"), "ContestSelection")
        self._units = _by_id(units, "GpUnit")
        self._names: dict[str, str | None] = {}
        self._called: dict[str, str] = {}
        """By name, the id of the candidate who is called so."""
        self.contest_id = self._contest.text(ID)

    def name(self, chosen: Node) -> str | None:
        """Return whom a ballot's selection means, None if it is a skipped rank."""
        selection = chosen.text("ContestSelectionId")
        if selection not in self._names:
            if selection not in self._selections:
                chosen.refuse(f"expected a ContestSelection of the contest, found {selection!r}")
            self._names[selection] = self._named(self._selections[selection])
        return self._names[selection]

    def precinct(self, cvr: Node) -> str | None:
        """Return the name of a ballot's unit; where a report names no units at all, the unit's id."""
        unit = cvr.text_or_none("BallotStyleUnitId")
        if unit is None or not self._units:
            return unit
        if unit not in self._units:
            cvr.refuse(f"expected a GpUnit of the report [BallotStyleUnitId], found {unit!r}")
        return self._units[unit].text_or_none("Name")

    def _named(self, selection: Node) -> str | None:
        if _is(selection, "IsWriteIn", *_YES):
            return WRITE_IN
        candidates = selection.values.get("CandidateIds")
        if not isinstance(candidates, list) or not candidates:
            selection.refuse("expected a list of candidates [CandidateIds]")
        candidate = self._candidates.get(str(candidates[0]))
        if candidate is None:
            selection.refuse(f"expected a Candidate of an Election [CandidateIds], found {candidates[0]!r}")
        name = candidate.text("Name")
        if self._called.setdefault(name, candidate.text(ID)) != candidate.text(ID):
            candidate.refuse(f"expected another [Name], found two candidates who are called {name!r}")
        return meaning(name, self._source)


def records(cvrs: Iterable[Node], terms: Terms, id_key: str, note: Note) -> Iterator[RawRecord]:
    """Yield the records of the ballots with the contest; `id_key` is where they have an id of their own."""
    number = 0
    for cvr in cvrs:
        snapshot, contest = _marked(cvr, terms.contest_id)
        if contest is not None:
            number += 1
            vendor_id = cvr.text_or_none(id_key)
            yield RawRecord(
                place=cvr.place,
                id=f"{cvr.path.name}({number})",
                selections=by_rank(_selections(snapshot, contest, terms, note)),
                precinct=terms.precinct(cvr),
                vendor_id=vendor_id,
                identity=_identity(cvr, vendor_id),
            )


def _identity(cvr: Node, vendor_id: str | None) -> tuple[str, ...]:
    """Return a ballot's id with its batch and the device that made it or, without one, its file: there it is unique."""
    ids = (vendor_id, *map(cvr.text_or_none, _IDS))
    number = next((each for each in ids if each is not None), None)
    if number is None:
        return ()
    device, batch = cvr.text_or_none("CreatingDeviceId"), cvr.text_or_none("BatchId")
    return (device or str(cvr.path), batch or "", number)


def _contest(report: Node, elections: list[Node], source: Source) -> Node:
    contests = [each for election in elections for each in election.nodes("Contest", "contest")]
    found = [contest for contest in contests if contest.text_or_none("Name") == source.contest_id]
    if len(found) != 1:
        names = ", ".join(repr(contest.text_or_none("Name")) for contest in contests)
        report.refuse(
            f"expected one contest {source.contest_id!r} [contestId], found {names or 'none at all'}"
        )
    return found[0]


def _by_id(nodes: Iterable[Node], kind: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for node in nodes:
        if found.setdefault(node.text(ID), node) is not node:
            node.refuse(f"expected one {kind} {node.text(ID)!r}, found several")
    return found


def _marked(cvr: Node, contest_id: str) -> tuple[Node, Node | None]:
    """Return the ballot's current snapshot, and the contest as that has it, None if it does not."""
    snapshots, current = cvr.nodes("CVRSnapshot", "snapshot"), cvr.text_or_none("CurrentSnapshotId")
    if current is not None or len(snapshots) > 1:
        snapshots = [each for each in snapshots if current is not None and each.text(ID) == current]
        if len(snapshots) != 1:
            cvr.refuse(f"expected one CVRSnapshot {current!r} [CurrentSnapshotId], found {len(snapshots)}")
    contests = [contest for each in snapshots for contest in each.nodes("CVRContest", "contest")]
    found = [contest for contest in contests if contest.text("ContestId") == contest_id]
    if len(found) > 1:
        found[1].refuse("expected a contest once in a snapshot")
    return (snapshots[0] if snapshots else cvr), (found[0] if found else None)


def _selections(snapshot: Node, contest: Node, terms: Terms, note: Note) -> Iterator[Selection]:
    for chosen in contest.nodes("CVRContestSelection", "selection"):
        positions = chosen.nodes("SelectionPosition", "position")
        if not positions and not chosen.has("Rank"):
            chosen.refuse("expected a [Rank], or a list [SelectionPosition]")
        if terms.as_rctab and chosen.has("Rank"):
            positions = []
        for mark in positions or [chosen]:
            if _counts(mark, chosen, (snapshot, contest, chosen, mark), terms, note):
                written = mark is not chosen and mark.has("CVRWriteIn")
                yield from _selection(_rank(mark, chosen), WRITE_IN if written else terms.name(chosen))


def _rank(mark: Node, chosen: Node) -> int:
    """Return the rank of a mark, which stands on it or on its selection. Raises FormatError if it stands on both and differs."""
    if not mark.has("Rank"):
        return (chosen if chosen.has("Rank") else mark).whole("Rank")
    rank = mark.whole("Rank")
    if chosen.has("Rank") and chosen.whole("Rank") != rank:
        mark.refuse(f"expected the selection's rank {chosen.whole('Rank')} [Rank], found {rank}")
    return rank


def _counts(mark: Node, chosen: Node, within: Sequence[Node], terms: Terms, note: Note) -> bool:
    """Say whether a mark of a selection is a vote; `within` are those whose status may say otherwise, both included."""
    if _has_status(chosen, _WAITS):
        note(WAITING)
        return False
    if terms.as_rctab:
        return "no" not in (str(mark.values.get(key)).lower() for key in ("HasIndication", "IsAllocable"))
    indicated, allocable = (_answer(mark, key) for key in ("HasIndication", "IsAllocable"))
    counts = _is_vote(indicated, allocable, within, note)
    if counts and mark.has("NumberVotes") and mark.whole("NumberVotes") != 1:
        mark.refuse(f"expected a mark to be one vote [NumberVotes], found {mark.whole('NumberVotes')}")
    if counts and str(mark.values.get("FractionalVotes") or "").strip("0."):
        found = shown(mark.values["FractionalVotes"])
        mark.refuse(f"expected a mark to be one whole vote [FractionalVotes], found {found}")
    return counts


def _answer(mark: Node, key: str) -> str:
    """Return yes, no or unknown; nothing if the mark does not say."""
    found = mark.values.get(key)
    answer = found.lower() if isinstance(found, str) else found or ""
    if found is False or answer not in ("", "yes", "no", "unknown"):
        mark.refuse(f"expected yes, no or unknown [{key}], found {shown(found)}")
    return str(answer)


def _is_vote(indicated: str, allocable: str, within: Sequence[Node], note: Note) -> bool:
    if allocable in ("yes", "no"):
        return allocable == "yes"
    if indicated == "unknown" or any(_has_status(each, _WAITS) for each in within):
        note(WAITING)
        return False
    if indicated != "no" and any(_has_status(each, _INVALID) for each in within):
        note(INVALIDATED)
        return False
    return indicated != "no"


def _selection(rank: int, name: str | None) -> Iterator[Selection]:
    if name is not None:
        yield rank, name


def _has_status(node: Node, status: str) -> bool:
    found = node.values.get("Status")
    return status in (found if isinstance(found, list) else [found])


def _is(node: Node, key: str, *words: str) -> bool:
    return str(node.values.get(key)).lower() in words


def _node(path: Path, element: Element, number: str = "") -> Node:
    return Node(path, f"{element.name}{number} (line {element.line})", _values(path, element))


def _values(path: Path, element: Element) -> dict[str, object]:
    """Return an element as the JSON of the format would have it. Raises FormatError for a value that stands twice."""
    found: dict[str, object] = (
        {ID: element.attributes["ObjectId"]} if "ObjectId" in element.attributes else {}
    )
    for child in element.children:
        if child.name in _LISTS:
            _listed(found, child.name, [_values(path, child)])
        elif child.name == "CandidateIds":
            _listed(found, child.name, child.text.split())
        elif child.name == "Status":
            _listed(found, child.name, [child.text.strip()])
        elif child.name in found and child.name in _ONCE:
            expected = f"expected one <{child.name}> in a <{element.name}>"
            raise FormatError(path, f"line {child.line}", expected)
        else:
            found[child.name] = _values(path, child) if child.children else child.text.strip()
    return found


def _listed(found: dict[str, object], name: str, more: Sequence[object]) -> None:
    listed = found.setdefault(name, [])
    assert isinstance(listed, list), "made here"
    listed.extend(more)
