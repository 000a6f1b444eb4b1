"""From the shards' audits to one report. Pure.

Rule 1: shards are added up, never compared: each is the whole truth about its own electors.
Rule 2: who has withdrawn in every shard is out before the count.
"""

from collections import Counter
from collections.abc import Sequence

from services.audit.judge import ShardAudit
from services.audit.tabulate import results, tabulate
from shared.contract.elections import Election, config_hash
from shared.contract.recounts import Recount, Recounted
from shared.contract.standings import Balance, result_hash
from shared.contract.verdicts import CATEGORY, Category, Reason


class NoElection(Exception):
    """The log up to the watermark does not hold this election alike in every shard."""


def report_of(election: str, audits: Sequence[ShardAudit], watermark: Sequence[int]) -> Recount:
    """Return what the log makes of an election. Raises NoElection, AssertionError if ballots do not balance."""
    definition = _definition(election, audits)
    balance = _balance(audits)
    assert balance.holds, f"{election} does not balance: {balance}"
    return Recount(
        election=election,
        config_hash=config_hash(definition),
        watermark=tuple(watermark),
        balance=balance,
        withdrawn=tuple(sorted(_withdrawn(audits))),
        half_withdrawn=tuple(
            sorted(set().union(*(audit.withdrawn for audit in audits)) - _withdrawn(audits))
        ),
        contests={
            contest.id: _counted(definition, place, audits)
            for place, contest in enumerate(definition.contests)
        },
    )


def _definition(election: str, audits: Sequence[ShardAudit]) -> Election:
    found = [audit.definition for audit in audits if audit.definition is not None]
    if len(found) != len(audits):
        raise NoElection(f"{election!r} is configured in {len(found)} of {len(audits)} shards of this log")
    if any(definition != found[0] for definition in found):
        raise NoElection(f"{election!r} is not configured alike in every shard of this log")
    return found[0]


def _counted(definition: Election, place: int, audits: Sequence[ShardAudit]) -> Recounted:
    papers: Counter[tuple[int, str]] = Counter()
    for audit in audits:
        for (section, marks), ballots in audit.papers.items():
            papers[section, marks[place]] += ballots
    profile = {paper: ballots for paper, ballots in papers.items() if ballots}
    contest = definition.contests[place]
    out = {of for name, of in _withdrawn(audits) if name == contest.id}
    contest = contest.excluding({*map(contest.place, out)})
    found = results(tabulate(profile, contest))
    return Recounted(results=found, result_hash=result_hash(found))


def _withdrawn(audits: Sequence[ShardAudit]) -> set[tuple[str, str]]:
    return set.intersection(*(audit.withdrawn for audit in audits))


def _balance(audits: Sequence[ShardAudit]) -> Balance:
    reasons: Counter[str] = Counter()
    for audit in audits:
        reasons.update(audit.reasons)
    ends: Counter[Category] = Counter()
    for reason, records in reasons.items():
        ends[CATEGORY[Reason(reason)]] += records
    return Balance(
        cast=sum(reasons.values()),
        accepted=sum(audit.accepted for audit in audits),
        duplicate=ends[Category.DUPLICATE],
        late=ends[Category.LATE],
        voided=ends[Category.VOIDED] + sum(audit.retracted for audit in audits),
        rejected=ends[Category.REJECTED],
        reasons={str(reason): n for reason, n in sorted(reasons.items())},
    )
