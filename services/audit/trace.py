"""What an officer may ask of the log: what became of one ballot, and which electors have no vote. Never a ranking.

Both come out of the auditor's own judging of the log up to its present end.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.audit.ledger import ShardLedger
from shared.contract.codec import decode_cast
from shared.contract.elections import Election
from shared.contract.packs import Pack
from shared.contract.recounts import Arrival, CountedIn, Trace
from shared.contract.rolls import section_of_electors
from shared.contract.standings import Standing
from shared.contract.verdict_ranges import Verdict


class SectionVotes(NamedTuple):
    """How many electors of a section there are, and how many have voted, void or not."""

    section: str
    electors: int
    voted: int


class BallotSearch:
    """Looks for one ballot while the log is judged: `judge` each record of each shard in order, then `trace`."""

    def __init__(self, election: str, ballot_id: bytes) -> None:
        self._election = election
        self._ballot_id = ballot_id
        self._arrivals: list[Arrival] = []
        self._electors: set[tuple[int, int]] = set()
        """Shard and elector; for who judges the ballot, not for who asks."""
        self._counts_since: dict[int, int] = {}
        """By shard, the record with which the ballot began to count, while it does: a void or a later ballot ends that."""

    def judge(self, ledger: ShardLedger, value: bytes) -> None:
        """Judge a shard's next record, and note what it makes of the ballot. Raises as the ledger does."""
        record, judged = ledger.position, ledger.judge(value)
        if self._ballot_id in value and isinstance(judged, tuple):
            self._note(ledger.shard, record, decode_cast(value), judged)
        audit = ledger.audit(self._election)
        counts = audit is not None and any(
            shard == ledger.shard and audit.counting_ballot(elector) == self._ballot_id
            for shard, elector in self._electors
        )
        if not counts:
            self._counts_since.pop(ledger.shard, None)
        else:
            self._counts_since.setdefault(ledger.shard, record)

    def trace(self, standings: Iterable[Standing]) -> Trace:
        """Return the ballot's path, once the whole log is judged; `standings` are the newest ones, of any election."""
        counted_in = [
            CountedIn(contest=of.contest.id, sequence=of.sequence)
            for of in standings
            if of.election == self._election and not of.stopped and self._is_covered(of.watermark)
        ]
        return Trace(
            ballot_id=self._ballot_id.hex(),
            arrivals=tuple(self._arrivals),
            counts=bool(self._counts_since),
            counted_in=tuple(counted_in),
        )

    def _note(self, shard: int, record: int, pack: object, verdicts: Sequence[Verdict]) -> None:
        if not isinstance(pack, Pack) or pack.election != self._election:
            return
        for place, (ballot, verdict) in enumerate(zip(pack.each(), verdicts, strict=True)):
            if ballot.ballot_id == self._ballot_id:
                self._electors.add((shard, ballot.elector))
                self._arrivals.append(
                    Arrival(shard=shard, record=record, place=place, verdict=verdict.reason)
                )

    def _is_covered(self, watermark: Sequence[int]) -> bool:
        return any(record < watermark[shard] for shard, record in self._counts_since.items())


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
