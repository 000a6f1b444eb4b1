"""From a count to the standing the world sees. Pure: shards are added up."""

from collections import Counter
from collections.abc import Sequence

from services.counting.ledger import ShardLedger
from shared.contract.elections import Contest, Election, Phase, Section, config_hash
from shared.contract.standings import (
    Balance,
    Round,
    SectionTurnout,
    Spending,
    Standing,
    Status,
    result_hash,
    results_of,
)
from shared.contract.verdicts import CATEGORY, Category, Reason
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.count.rounds import Count


def standing_of(
    definition: Election,
    contest: Contest,
    shards: Sequence[ShardLedger],
    count: Count | Spending | None,
    stopped: str = "",
    groups: Sequence[Sequence[int]] = (),
) -> Standing:
    """Return the standing of a contest; without rounds or spending if there is no count, `stopped` says why.

    `groups`: sections, by place, that are shown together; none: each is shown apart. While votes are withheld nothing in it
    depends on them. Asserts that the ballots balance. The caller has checked that every round conserves votes.
    """
    phases = tuple(shard.phase for shard in shards)
    balance = balance_of(shards)
    assert balance.holds, f"{definition.id}/{contest.id} does not balance: {balance}"
    sections = definition.sections
    groups = groups or [(place,) for place in range(len(sections))]
    spending = count if isinstance(count, Spending) else None
    rounds, elected, places = _shown(count, contest, sections)
    found = result_hash(results_of(rounds, elected, places, spending))
    certificate = _common_certificate(shards, found) if not stopped else None
    withheld = before_the_close(definition, shards) or (
        definition.keeps_secret and any(shard.corrected for shard in shards) and not certificate
    )
    if withheld:
        rounds, elected, places, spending, stopped = (), (), 0, None, ""
        found = result_hash(results_of(rounds, elected, places))
    return Standing(
        election=definition.id,
        election_title=definition.title,
        epoch=definition.epoch,
        config_hash=config_hash(definition),
        contest=contest,
        sections=tuple(_together(sections, group) for group in groups),
        together={
            sections[group[0]].id: tuple(sections[place].id for place in group)
            for group in groups
            if len(group) > 1
        },
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
        turnout=_turnout(sections, shards, groups),
        rounds=tuple(_by_group(round_, sections, groups) for round_ in rounds),
        elected=elected,
        spending=spending,
        result_hash=found,
    )


def before_the_close(definition: Election, shards: Sequence[ShardLedger]) -> bool:
    """Return whether the definition withholds votes until a close that some shard has not passed yet."""
    return not definition.live_tallies and not all(shard.phase is Phase.CLOSED for shard in shards)


def _shown(
    count: Count | Spending | None, contest: Contest, sections: Sequence[Section]
) -> tuple[tuple[Round, ...], tuple[str, ...], int]:
    """Return a count's rounds, who is elected or funded, and the decimal places of every vote."""
    if count is None:
        return (), (), 0
    if isinstance(count, Spending):
        return (), tuple(of.project for of in count.funded), 0
    rounds = rounds_of(count, contest, [section.id for section in sections])
    return rounds, tuple(contest.candidates[place].id for place in count.elected), count.places


def _together(sections: Sequence[Section], group: Sequence[int]) -> Section:
    """Return the section that stands for a group: under the id of its first."""
    first, *others = (sections[place] for place in group)
    if not others:
        return first
    names = (
        f"{first.name} and {others[0].name}" if len(others) == 1 else f"{first.name} and {len(others)} more"
    )
    electors = first.electors + sum(section.electors for section in others)
    return Section(id=first.id, name=names[:200], electors=electors)


def _by_group(round_: Round, sections: Sequence[Section], groups: Sequence[Sequence[int]]) -> Round:
    """Return a round whose table by section holds groups."""
    table = {}
    for group in groups:
        held: Counter[str] = Counter()
        for place in group:
            held.update(round_.by_section[sections[place].id])
        table[sections[group[0]].id] = dict(held)
    return round_.model_copy(update={"by_section": table})


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


def _turnout(
    sections: Sequence[Section], shards: Sequence[ShardLedger], groups: Sequence[Sequence[int]]
) -> tuple[SectionTurnout, ...]:
    return tuple(
        SectionTurnout(
            section=sections[group[0]].id,
            electors=sum(sections[place].electors for place in group),
            accepted=sum(shard.turnout[place] for shard in shards for place in group),
        )
        for group in groups
    )
