"""What the log says, known without the pipeline: the audit's judge over every record, remembered for every prefix.

Rule 1: it reads only `ballots.cast`, and shares no state with what it checks.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.audit.judge import SectionRankings
from services.audit.ledger import Judged, ShardLedger
from services.audit.recount import balance_of
from services.audit.tabulate import counted
from shared.contract.chain import START
from shared.contract.elections import Contest, Election
from shared.contract.events import ElectionCertified
from shared.contract.standings import Balance, Results
from shared.contract.verdicts import ControlJudged, Reason
from tests.support.evidence import IDENTITY

Named = tuple[str, str]
"""Contest and candidate."""


@dataclass(frozen=True)
class Prefix:
    """One election after the first records of one shard."""

    phase: str | None
    ballots: dict[SectionRankings, int]
    reasons: dict[str, int]
    accepted: int
    retracted: int
    withdrawn: frozenset[Named]
    certificate: ElectionCertified | None

    @property
    def ever_accepted(self) -> int:
        """How many ballots were accepted: those that count, that were taken out, and that gave way to later ones."""
        return self.accepted + self.retracted + self.reasons.get(Reason.SUPERSEDING, 0)


@dataclass(frozen=True)
class Sum:
    """One election at a watermark."""

    phases: tuple[str | None, ...]
    ballots: Counter[SectionRankings]
    balance: Balance
    withdrawn: frozenset[Named]
    certificates: tuple[ElectionCertified | None, ...]
    """The certificate that stands in each shard."""


class Log:
    """Every shard's cast records, judged."""

    def __init__(self, shards: int) -> None:
        self._ledgers = [ShardLedger(shard, shards, IDENTITY) for shard in range(shards)]
        self.judged: list[list[Judged]] = [[] for _ in range(shards)]
        self.reasons: list[list[list[str]]] = [[] for _ in range(shards)]
        """Of each record, its ballots' reasons."""
        self.heads: list[list[str]] = [[START.hex()] for _ in range(shards)]
        self.elections: dict[str, Truth] = {}

    def expect(self, definition: Election) -> None:
        """Remember an election at every prefix."""
        self.elections[definition.id] = Truth(definition, self._ledgers)

    def take(self, shard: int, value: bytes) -> None:
        """Take a shard's next record."""
        judged = self._ledgers[shard].judge(value)
        self.judged[shard].append(judged)
        verdicts = () if isinstance(judged, ControlJudged) else judged
        self.reasons[shard].append([verdict.reason for verdict in verdicts])
        self.heads[shard].append(self._ledgers[shard].head.hex())
        for truth in self.elections.values():
            truth.remember(shard)

    def heads_at(self, watermark: Sequence[int]) -> tuple[str, ...]:
        """Return each shard's head at a watermark."""
        return tuple(heads[upto] for heads, upto in zip(self.heads, watermark, strict=True))


class Truth:
    """One election in every shard."""

    def __init__(self, definition: Election, ledgers: Sequence[ShardLedger]) -> None:
        self.definition = definition
        self._ledgers = ledgers
        self._prefixes = [[_prefix(of, definition.id)] * (of.position + 1) for of in ledgers]
        self._sums: dict[tuple[int, ...], Sum] = {}
        self.common_phases: list[str] = []
        """The phases in which all shards have stood at the same time, in order."""

    def trails(self, phases: Sequence[str | None]) -> bool:
        """Whether live figures may be behind the log: they move in steps of several ballots until the close."""
        return self.definition.keeps_secret and set(phases) != {"closed"}

    def remember(self, shard: int) -> None:
        """Remember what the election is after the shard's last record."""
        prefixes, after = self._prefixes[shard], _prefix(self._ledgers[shard], self.definition.id)
        prefixes.append(prefixes[-1] if after == prefixes[-1] else after)
        phases = {of[-1].phase for of in self._prefixes}
        if len(phases) == 1 and (phase := phases.pop()) is not None and [phase] != self.common_phases[-1:]:
            self.common_phases.append(phase)

    @property
    def end(self) -> tuple[int, ...]:
        """How many records each shard holds."""
        return tuple(len(prefixes) - 1 for prefixes in self._prefixes)

    def concerned(self) -> tuple[int, ...]:
        """Return how many records of each shard it takes to hold everything about this election."""
        return tuple(
            max((n for n in range(1, len(of)) if of[n] is not of[n - 1]), default=0) for of in self._prefixes
        )

    def accepted_upto(self, shard: int, records: int) -> int:
        """Return how many records of a shard, of its first so many, hold all ballots that were accepted in them.

        A void or restore beyond them is an order on its way, no ballot that is missing: after the close nobody waits for one.
        """
        of = self._prefixes[shard]
        accepted = of[records].ever_accepted
        return next(n for n in range(records + 1) if of[n].ever_accepted == accepted)

    def at(self, watermark: Sequence[int]) -> Sum:
        """Return the election at a watermark."""
        key = tuple(watermark)
        if key not in self._sums:
            self._sums[key] = _sum([of[upto] for of, upto in zip(self._prefixes, key, strict=True)])
        return self._sums[key]

    def recount(self, contest: Contest, found: Sum) -> Results:
        """Return what the second tabulator makes of a contest."""
        place = self.definition.contests.index(contest)
        profile: Counter[tuple[int, str]] = Counter()
        for (section, marks), ballots in found.ballots.items():
            profile[section, marks[place]] += ballots
        out = frozenset(candidate for of, candidate in found.withdrawn if of == contest.id)
        return _tabulated(self.definition, place, out, frozenset((+profile).items()))


_TABULATED: dict[object, Results] = {}
MAX_TABULATED = 50_000


def _tabulated(
    definition: Election, place: int, out: frozenset[str], profile: frozenset[tuple[tuple[int, str], int]]
) -> Results:
    key = (id(definition), place, out, profile)
    found = _TABULATED.get(key)
    if found is None:
        contest = definition.contests[place]
        contest = contest.excluding({contest.place(candidate) for candidate in sorted(out)})
        found = counted(dict(sorted(profile)), contest)
        if len(_TABULATED) >= MAX_TABULATED:
            _TABULATED.clear()
        _TABULATED[key] = found
    return found


def _prefix(ledger: ShardLedger, election: str) -> Prefix:
    count = ledger.count_of(election)
    audit = ledger._audits.get(election)
    return Prefix(
        phase=None if audit is None else audit.phase,
        ballots=dict(count.ballots),
        reasons=dict(count.reasons),
        accepted=count.accepted,
        retracted=count.retracted,
        withdrawn=count.withdrawn,
        certificate=count.certificate,
    )


def _sum(prefixes: Sequence[Prefix]) -> Sum:
    ballots: Counter[SectionRankings] = Counter()
    for prefix in prefixes:
        ballots.update(prefix.ballots)
    return Sum(
        phases=tuple(prefix.phase for prefix in prefixes),
        ballots=ballots,
        balance=balance_of(prefixes),
        withdrawn=frozenset.intersection(*(prefix.withdrawn for prefix in prefixes)),
        certificates=tuple(prefix.certificate for prefix in prefixes),
    )
