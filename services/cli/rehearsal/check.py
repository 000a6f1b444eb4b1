"""Whether what came out is what went in: what the log holds at the end, and every difference, the first one first. Pure.

Every ballot must have the verdict its script names; a ballot that was sent again has the same, or is the same ballot. The
ballots that count must be those of the subject, elector by elector. The published balance must be that of the verdict log,
whose chains end in the published heads. The published rounds must be the cold count of the ballots that count, field by
field, and of the whole contest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from services.cli.rehearsal.script import Ballot
from services.cli.rehearsal.subject import Counted, SectionRanking, Subject, profile
from shared.contract import verdict_ranges
from shared.contract.codec import decode_cast, decode_judged
from shared.contract.events import ElectorRestored, ElectorVoided, SignedRecord
from shared.contract.packs import Pack
from shared.contract.standings import Round, Standing
from shared.contract.verdicts import ControlJudged, Reason
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.count.tabulate import tabulate_counts
from shared.runtime.watermark import joins

AGAIN = {Reason.ACCEPTED: {Reason.SAME_BALLOT}}
"""Verdicts that a ballot may get when it is sent again, beside the one it got."""


class Incoherent(Exception):
    """The logs of cast records and of verdicts do not go together."""


class Verdict(NamedTuple):
    """What became of a cast record."""

    elector: int
    ballot_id: str
    reason: str


class JudgedBallots:
    """One election's ballots that count, by elector, and every verdict, over shards that are read one after another.

    A verdict names no elector. It stands at the offset of its ballot, so the log of cast records names them.
    """

    def __init__(self, election: str) -> None:
        self._election = election
        self.counted: dict[int, list[SectionRanking]] = {}
        self.verdicts: list[Verdict] = []
        self.heads: list[str] = []
        """Of each shard's chain, where its reading ended."""

    def read(self, shard: int, cast: Sequence[bytes], judged: Iterable[bytes]) -> None:
        """Read a shard's cast records and their verdicts, of repeated ones the first. Raises Gap, Incoherent."""
        done, head = 0, ""
        for value in judged:
            record = decode_judged(value)
            if done == len(cast) or not joins(f"verdict in shard {shard}", done, record.since, record.upto):
                continue
            if isinstance(record, ControlJudged):
                self._read_control(record, cast[record.source])
                head = record.head
            else:
                self._read_verdicts(record.after(done), cast)
                head = record.head.hex()
            done = record.upto
        if done < len(cast):
            raise Incoherent(f"shard {shard}: expected {len(cast)} verdicts, found {done}")
        self.heads.append(head)

    def _read_verdicts(self, verdicts: verdict_ranges.Verdicts, cast: Sequence[bytes]) -> None:
        if verdicts.election != self._election:
            return
        packs = [decode_cast(value) for value in cast[verdicts.since : verdicts.upto]]
        ballots = [ballot for pack in packs if isinstance(pack, Pack) for ballot in pack.each()]
        for ballot, verdict in zip(ballots, verdicts.each(), strict=True):
            self.verdicts.append(Verdict(ballot.elector, ballot.ballot_id.hex(), verdict.reason))
            if verdict.superseded is not None:
                section, rankings = verdict.superseded
                self._take_out(ballot.elector, SectionRanking(section, *rankings))
            if verdict.ballot is not None:
                self._add(ballot.elector, verdict.ballot.section, verdict.ballot.rankings)

    def _read_control(self, record: ControlJudged, cast: bytes) -> None:
        signed = decode_cast(cast)
        assert isinstance(signed, SignedRecord), "a verdict on a control is about a signed record"
        control = signed.content()
        if not isinstance(control, ElectorVoided | ElectorRestored) or control.election != self._election:
            return
        if control.elector is None:
            raise Incoherent("an order about a batch of electors, which no rehearsal gives")
        if record.retracted is not None:
            section, rankings = record.retracted.section, record.retracted.rankings
            self._take_out(control.elector, SectionRanking(section, *rankings))
        if record.restored is not None:
            self._add(control.elector, record.restored.section, record.restored.rankings)

    def _take_out(self, elector: int, out: SectionRanking) -> None:
        there = self.counted.get(elector, [])
        if out not in there:
            raise Incoherent(f"elector {elector}: {out} is taken out of the count and was not in it")
        there.remove(out)

    def _add(self, elector: int, section: int, rankings: Sequence[str]) -> None:
        self.counted.setdefault(elector, []).append(SectionRanking(section, *rankings))


def differences(
    subject: Subject, ballots: Iterable[Ballot], judged: JudgedBallots, published: Standing
) -> Iterator[str]:
    """Yield what is not as it must be."""
    yield from _in_verdicts(subject, ballots, judged.verdicts)
    yield from _in_ballots(subject, judged.counted)
    yield from _in_balance(judged, published)
    if published.contest != subject.contest:
        yield f"the contest: published {published.contest}, configured {subject.contest}"
    count = tabulate_counts(profile(judged.counted), subject.contest, len(subject.sections))
    sections = [section.id for section in published.sections]
    yield from _in_rounds(published.rounds, rounds_of(count, subject.contest, sections))


def _in_verdicts(subject: Subject, ballots: Iterable[Ballot], verdicts: Iterable[Verdict]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.ballot_id, []).append(verdict.reason)
    for ballot in ballots:
        first, *rest = found.pop(ballot.ballot_id, ["never recorded"])
        allowed = {ballot.verdict, *AGAIN.get(ballot.verdict, ())}
        wrong = [reason for reason in rest if reason not in allowed]
        if first != ballot.verdict or wrong:
            ended = ", then ".join([first, *wrong])
            yield f"{_who(subject, ballot.elector)}: expected a ballot {ballot.verdict}, found it {ended}"
    for ballot_id in found:
        yield f"ballot {ballot_id} was never cast, and is in the log"


def _in_ballots(subject: Subject, counted: Counted) -> Iterator[str]:
    for elector, ballot in enumerate(subject.ballots):
        found = counted.get(elector, ())
        if list(found) != [ballot]:
            listed = " and ".join(map(str, found)) or "none"
            yield f"{_who(subject, elector)}: cast {ballot}, counted {listed}"


def _in_balance(judged: JudgedBallots, published: Standing) -> Iterator[str]:
    reasons = Counter(verdict.reason for verdict in judged.verdicts)
    if reasons != published.balance.reasons:
        yield f"verdicts: published {published.balance.reasons}, in the log {dict(sorted(reasons.items()))}"
    accepted = sum(map(len, judged.counted.values()))
    if tuple(judged.heads) != published.heads:
        yield f"heads of the chains: published {published.heads}, in the log {tuple(judged.heads)}"
    if accepted != published.balance.accepted:
        yield f"accepted: published {published.balance.accepted}, in the log {accepted}"


def _in_rounds(published: Sequence[Round], counted: Sequence[Round]) -> Iterator[str]:
    for found, expected in zip(published, counted, strict=False):
        for field in Round.model_fields:
            shown, right = getattr(found, field), getattr(expected, field)
            if shown != right:
                yield f"round {expected.number}, {field}: published {shown}, counted {right}"
    if len(published) != len(counted):
        yield f"rounds: published {len(published)}, counted {len(counted)}"


def _who(subject: Subject, elector: int) -> str:
    return f"elector {elector} ({subject.called(elector)})"
