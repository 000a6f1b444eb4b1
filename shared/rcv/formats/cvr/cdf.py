"""NIST's Common Data Format for cast vote records (SP 1500-103), JSON and XML alike, as RCTab reads it.

Rule 1: the contest is found by its name; ids hold within one file only.
Rule 2: a ballot says what its current snapshot says, whatever the types of its snapshots. Ballots without the contest are
        no records, and are not numbered.
Rule 3: ranks stand on the selection or on its positions. A position counts unless it says that it has no indication or
        is not allocable; a selection unless it waits for adjudication.
Rule 4: a selection is called what its first candidate is called, or an undeclared write-in if it says it is one.
"""

from collections.abc import Iterable, Iterator

from shared.rcv.formats.cvr.json_file import Node
from shared.rcv.formats.cvr.labels import meaning
from shared.rcv.formats.cvr.raw import WRITE_IN, RawRecord, Selection, Source, by_rank

ID = "@id"
_YES = ("true", "yes", "1")


class Terms:
    """What the ids of a report stand for."""

    def __init__(self, report: Node, elections: list[Node], units: list[Node], source: Source) -> None:
        self._source = source
        self._contest = _contest(report, elections, source)
        candidates = (each for election in elections for each in election.nodes("Candidate", "candidate"))
        self._candidates = _by_id(candidates, "Candidate")
        self._selections = _by_id(self._contest.nodes("ContestSelection", "selection"), "ContestSelection")
        self._units = _by_id(units, "GpUnit")
        self._names: dict[str, str | None] = {}
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
        return meaning(candidate.text("Name"), self._source)


def records(cvrs: Iterable[Node], terms: Terms, id_key: str) -> Iterator[RawRecord]:
    """Yield the records of the ballots with the contest; `id_key` is where they have an id of their own."""
    number = 0
    for cvr in cvrs:
        contest = _marked(cvr, terms.contest_id)
        if contest is not None:
            number += 1
            yield RawRecord(
                place=cvr.place,
                id=f"{cvr.path.name}({number})",
                selections=by_rank(_selections(contest, terms)),
                precinct=terms.precinct(cvr),
                vendor_id=cvr.text_or_none(id_key),
            )


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


def _marked(cvr: Node, contest_id: str) -> Node | None:
    """Return the contest as the ballot's current snapshot has it, None if that does not have it."""
    snapshots, current = cvr.nodes("CVRSnapshot", "snapshot"), cvr.text_or_none("CurrentSnapshotId")
    if current is not None or len(snapshots) > 1:
        snapshots = [each for each in snapshots if current is not None and each.text(ID) == current]
        if len(snapshots) != 1:
            cvr.refuse(f"expected one CVRSnapshot {current!r} [CurrentSnapshotId], found {len(snapshots)}")
    contests = [contest for each in snapshots for contest in each.nodes("CVRContest", "contest")]
    found = [contest for contest in contests if contest.text("ContestId") == contest_id]
    if len(found) > 1:
        found[1].refuse("expected a contest once in a snapshot")
    return found[0] if found else None


def _selections(contest: Node, terms: Terms) -> Iterator[Selection]:
    for chosen in contest.nodes("CVRContestSelection", "selection"):
        if _waits(chosen):
            continue
        if chosen.has("Rank"):
            yield from _selection(chosen.whole("Rank"), terms.name(chosen))
            continue
        if not chosen.has("SelectionPosition"):
            chosen.refuse("expected a [Rank], or a list [SelectionPosition]")
        for position in chosen.nodes("SelectionPosition", "position"):
            if not (_is(position, "HasIndication", "no") or _is(position, "IsAllocable", "no")):
                written = position.has("CVRWriteIn")
                yield from _selection(position.whole("Rank"), WRITE_IN if written else terms.name(chosen))


def _selection(rank: int, name: str | None) -> Iterator[Selection]:
    if name is not None:
        yield rank, name


def _waits(chosen: Node) -> bool:
    status = chosen.values.get("Status")
    return "needs-adjudication" in (status if isinstance(status, list) else [status])


def _is(node: Node, key: str, *words: str) -> bool:
    return str(node.values.get(key)).lower() in words
