"""From a count to the standing the world sees. Pure: shards are added up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contract.chain import START
from shared.contract.elections import Contest, Election, Phase, Section, config_hash
from shared.contract.standings import (
    Balance,
    SectionTurnout,
    Standing,
    Status,
    WhatIf,
    result_hash,
    results_of,
)
from shared.contract.verdicts import CATEGORY, Category, Reason
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.count.rounds import Count


@dataclass(frozen=True)
class ShardLedger:
    """What one shard last published about an election."""

    watermark: int
    head: str
    phase: Phase | None
    reasons: Counter[str]
    voided: int
    turnout: tuple[int, ...]
    withdrawn: frozenset[str] = frozenset()
    """Candidates of the contest at hand whose withdrawal the shard holds."""
    certificate: tuple[str, str] | None = None
    """The certificate that stands in the shard: its id, and its result hash of the contest at hand."""

    @classmethod
    def empty(cls, sections: int) -> "ShardLedger":
        """Return the ledger of a shard that has published nothing."""
        return cls(0, START.hex(), None, Counter(), 0, (0,) * sections)


def standing_of(
    definition: Election,
    contest: Contest,
    shards: Sequence[ShardLedger],
    count: Count | None,
    stopped: str = "",
    what_if: WhatIf | None = None,
) -> Standing:
    """Return the standing of a contest; without rounds if there is no count, `stopped` says why.

    Asserts that the ballots balance. The caller has checked that every round conserves votes.
    """
    phases = tuple(shard.phase for shard in shards)
    balance = balance_of(shards)
    assert balance.holds, f"{definition.id}/{contest.id} does not balance: {balance}"
    withheld = not definition.live_tallies and not all(phase is Phase.CLOSED for phase in phases)
    shown = None if withheld else count
    rounds = (
        () if shown is None else rounds_of(shown, contest, [section.id for section in definition.sections])
    )
    elected = () if shown is None else tuple(contest.candidates[place].id for place in shown.elected)
    places = 0 if count is None else count.places
    found = result_hash(results_of(rounds, elected, places))
    certificate = _common_certificate(shards, found) if not stopped else None
    return Standing(
        election=definition.id,
        election_title=definition.title,
        epoch=definition.epoch,
        config_hash=config_hash(definition),
        contest=contest,
        sections=definition.sections,
        sequence=sum(shard.watermark for shard in shards),
        watermark=tuple(shard.watermark for shard in shards),
        heads=() if withheld else tuple(shard.head for shard in shards),
        phases=phases,
        status=Status.CERTIFIED if certificate else status_of(phases),
        certificate=certificate,
        stopped=stopped,
        withheld=withheld,
        places=places,
        balance=balance,
        turnout=_turnout(definition.sections, shards),
        rounds=rounds,
        what_if=None if withheld else what_if,
        elected=elected,
        result_hash=found,
    )


def _common_certificate(shards: Sequence[ShardLedger], result: str) -> str | None:
    """Return the certificate that stands in every shard and names this very result, if there is one."""
    ids = {None if shard.certificate is None else shard.certificate[0] for shard in shards}
    hashes = {None if shard.certificate is None else shard.certificate[1] for shard in shards}
    return next(iter(ids)) if len(ids) == 1 and hashes == {result} else None


def status_of(phases: Sequence[Phase | None]) -> Status:
    """Return how far a result can be relied on: as far as its least advanced shard; a certificate is beyond it."""
    if all(phase is Phase.CLOSED for phase in phases):
        return Status.COMPLETE
    if all(phase in (None, Phase.CONFIGURED) for phase in phases):
        return Status.PRE_ELECTION
    return Status.PARTIAL


def balance_of(shards: Sequence[ShardLedger]) -> Balance:
    """Return the account of all ballot records: a retracted ballot moves from accepted to voided."""
    reasons: Counter[str] = Counter()
    for shard in shards:
        reasons.update(shard.reasons)
    ends: Counter[Category] = Counter()
    for reason, records in reasons.items():
        ends[CATEGORY[Reason(reason)]] += records
    voided = sum(shard.voided for shard in shards)
    return Balance(
        cast=sum(reasons.values()),
        accepted=sum(sum(shard.turnout) for shard in shards),
        duplicate=ends[Category.DUPLICATE],
        late=ends[Category.LATE],
        voided=ends[Category.VOIDED] + voided,
        rejected=ends[Category.REJECTED],
        reasons=dict(sorted(reasons.items())),
    )


def _turnout(sections: Sequence[Section], shards: Sequence[ShardLedger]) -> tuple[SectionTurnout, ...]:
    return tuple(
        SectionTurnout(
            section=section.id,
            electors=section.electors,
            accepted=sum(shard.turnout[place] for shard in shards),
        )
        for place, section in enumerate(sections)
    )
