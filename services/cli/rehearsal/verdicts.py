"""What came out: by elector, which papers stand at the end of the verdict log. Pure.

Rule 1: a verdict names no elector. It stands at the offset of its ballot, so the log of cast records names them.
Rule 2: of repeated verdicts the first counts, and none may be missing, as for every reader of that log.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.cli.rehearsal.subject import Paper
from shared.contract import verdict_ranges
from shared.contract.codec import HotBallot, decode_cast, decode_judged
from shared.contract.events import ElectorRestored, ElectorVoided
from shared.contract.verdicts import ControlJudged
from shared.runtime.watermark import joins


class Incoherent(Exception):
    """The logs of cast records and of verdicts do not go together."""


class Verdict(NamedTuple):
    """What became of a cast record."""

    elector: int
    ballot_id: str
    reason: str


class Box:
    """One election's papers that stand, and every verdict, over any number of shards read one after another."""

    def __init__(self, election: str) -> None:
        self._election = election
        self.papers: dict[int, list[Paper]] = {}
        self.verdicts: list[Verdict] = []
        self.heads: list[str] = []
        """Of each shard's chain, where its reading ended."""

    def read(self, shard: int, cast: Sequence[bytes], judged: Iterable[bytes]) -> None:
        """Take a shard's cast records, and their verdicts. Raises Gap, Incoherent."""
        done, head = 0, ""
        for value in judged:
            record = decode_judged(value)
            if done == len(cast) or not joins(f"verdict in shard {shard}", done, record.since, record.upto):
                continue
            if isinstance(record, ControlJudged):
                self._take_control(record)
            elif record.election == self._election:
                for ballot, verdict in zip(cast[done : record.upto], record.after(done).each(), strict=False):
                    self._take_verdict(verdict, ballot)
            done, head = record.upto, record.head
        if done < len(cast):
            raise Incoherent(f"shard {shard}: expected {len(cast)} verdicts, found {done}")
        self.heads.append(head)

    def _take_verdict(self, verdict: verdict_ranges.Verdict, cast: bytes) -> None:
        ballot = decode_cast(cast)
        assert isinstance(ballot, HotBallot), "a verdict on an election is about a ballot"
        self.verdicts.append(Verdict(ballot.elector, ballot.ballot_id, verdict.reason))
        if verdict.ballot is not None:
            self._add(ballot.elector, *verdict.ballot)

    def _take_control(self, record: ControlJudged) -> None:
        control = record.control
        if control.election != self._election or not isinstance(control, ElectorVoided | ElectorRestored):
            return
        if record.retracted is not None:
            self._remove(control.elector, record.retracted.section, record.retracted.rankings)
        if record.restored is not None:
            self._add(control.elector, record.restored.section, record.restored.rankings)

    def _add(self, elector: int, section: int, papers: Sequence[str]) -> None:
        self.papers.setdefault(elector, []).append(Paper(section, *papers))

    def _remove(self, elector: int, section: int, papers: Sequence[str]) -> None:
        paper, there = Paper(section, *papers), self.papers.get(elector, [])
        if paper not in there:
            raise Incoherent(f"elector {elector}: {paper} is taken out of the count and was not in it")
        there.remove(paper)
