"""What an officer may ask of the log: what became of one ballot, and which electors have no vote. Never a ranking.

Both come out of the auditor's own judging of the log up to its present end.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.audit.ledger import ShardLedger
from shared.contract.codec import decode_cast
from shared.contract.elections import Election
from shared.contract.packs import Pack
from shared.contract.rolls import section_of_electors


class Sighting(NamedTuple):
    """One arrival of a ballot: where it stands in the log, and its verdict. `elector` is for who judges it, not for who asks."""

    shard: int
    record: int
    place: int
    """In its pack."""
    reason: str
    elector: int


class Trace(NamedTuple):
    """Every arrival of a ballot, and whether it counts now."""

    sightings: Sequence[Sighting]
    counts: bool


class SectionVotes(NamedTuple):
    """How many electors of a section there are, and how many have voted, void or not."""

    section: str
    electors: int
    voted: int


def judge_and_look(ledger: ShardLedger, value: bytes, election: str, ballot_id: bytes) -> list[Sighting]:
    """Judge a shard's next record; return where in it the ballot is. Raises as the ledger does."""
    record, judged = ledger.position, ledger.judge(value)
    if ballot_id not in value or not isinstance(judged, tuple):
        return []
    pack = decode_cast(value)
    if not isinstance(pack, Pack) or pack.election != election:
        return []
    return [
        Sighting(ledger.shard, record, place, verdict.reason, ballot.elector)
        for place, (ballot, verdict) in enumerate(zip(pack.each(), judged, strict=True))
        if ballot.ballot_id == ballot_id
    ]


def trace_of(
    ledgers: Iterable[ShardLedger], sightings: Sequence[Sighting], election: str, ballot_id: bytes
) -> Trace:
    """Return what became of a ballot, once the whole log is judged."""
    by_shard = {ledger.shard: ledger.audit(election) for ledger in ledgers}
    counts = any(
        (audit := by_shard[of.shard]) is not None and audit.counting_ballot(of.elector) == ballot_id
        for of in sightings
    )
    return Trace(sightings, counts)


def not_voted(definition: Election, ledgers: Iterable[ShardLedger]) -> tuple[list[SectionVotes], list[int]]:
    """Return the turnout of each section, and the numbers of the electors who have not voted."""
    voted: set[int] = set()
    for ledger in ledgers:
        audit = ledger.audit(definition.id)
        voted |= set() if audit is None else audit.electors_who_voted
    sections = section_of_electors(definition).tolist()
    of_section = [0] * len(definition.sections)
    for elector in voted:
        of_section[sections[elector]] += 1
    turnout = [
        SectionVotes(section.id, section.electors, of_section[place])
        for place, section in enumerate(definition.sections)
    ]
    return turnout, [elector for elector in range(definition.electors) if elector not in voted]
