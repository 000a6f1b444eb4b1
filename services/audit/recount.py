"""From the auditor's judging of each shard to a recount of the election. Pure.

Shards are added up, never compared: an elector's ballots are all in one of them. A candidate who has withdrawn in every shard
is withdrawn before the count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from services.audit.ledger import ShardCount
from services.audit.tabulate import counted
from shared.contract.elections import Contest, Election, config_hash
from shared.contract.recounts import Recount, Recounted
from shared.contract.standings import Balance, result_hash
from shared.contract.verdicts import CATEGORY, Category, Reason


class Account(Protocol):
    """What a balance is made of, shard by shard."""

    @property
    def reasons(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def accepted(self) -> int: ...  # noqa: D102
    @property
    def retracted(self) -> int: ...  # noqa: D102


class NoElection(RuntimeError):
    """The log up to the watermark does not hold this election, or not alike in every shard that does."""


class NotPublic(RuntimeError):
    """Why a contest's rankings may not be published."""


class Profile(NamedTuple):
    """A contest, those who withdrew excluded, and how many ballots hold each ranking."""

    contest: Contest
    ballots: dict[str, int]
    """By marks."""


def recount_of(election: str, shards: Sequence[ShardCount]) -> Recount:
    """Return what the log makes of an election. Raises NoElection, AssertionError if ballots do not balance."""
    definition = _definition(election, shards)
    balance = balance_of(shards)
    assert balance.holds, f"{election} does not balance: {balance}"
    return Recount(
        election=election,
        config_hash=config_hash(definition),
        watermark=tuple(shard.watermark for shard in shards),
        heads=tuple(shard.head for shard in shards),
        effects=tuple(shard.effects for shard in shards),
        last_controls=tuple(shard.last_control for shard in shards),
        phases=tuple(shard.phase for shard in shards),
        balance=balance,
        turnout=_turnout(definition, shards),
        withdrawn=tuple(sorted(_withdrawn(shards))),
        half_withdrawn=tuple(
            sorted(set().union(*(shard.withdrawn for shard in shards)) - _withdrawn(shards))
        ),
        contests={
            contest.id: _counted(definition, place, shards)
            for place, contest in enumerate(definition.contests)
        },
    )


def _definition(election: str, shards: Sequence[ShardCount]) -> Election:
    found = [shard.definition for shard in shards if shard.definition is not None]
    if not found:
        raise NoElection(f"{election!r} is configured in no shard of this log")
    if any(definition != found[0] for definition in found):
        raise NoElection(f"{election!r} is not configured alike in every shard of this log")
    return found[0]


def public_profile(election: str, contest: str, shards: Sequence[ShardCount]) -> Profile:
    """Return a contest's profile, if it may be published: all of it, or nothing.

    The result is certified, in every shard, as this program counts it. And ballots are no secret by the definition
    (`smallest_group` is 1), or each ranking, whatever its section, is held by `smallest_group` ballots: what is left out of a
    file could be reckoned from the result's exact figures. Raises NotPublic, and NoElection.
    """
    definition = _definition(election, shards)
    places = {of.id: place for place, of in enumerate(definition.contests)}
    if contest not in places:
        raise NotPublic(f"{election!r} has no contest {contest!r}; it has {', '.join(places)}")
    found = _counted(definition, places[contest], shards).result_hash
    signed = [None if of.certificate is None else of.certificate.result_hashes.get(contest) for of in shards]
    if any(each != found for each in signed):
        raise NotPublic(f"{election}/{contest}: its result is not certified as it stands")
    ballots: Counter[str] = Counter()
    for (_, marks), number in _ballots(places[contest], shards).items():
        ballots[marks] += number
    smallest = definition.smallest_group
    few = sum(1 for number in ballots.values() if number < smallest)
    if few:
        raise NotPublic(
            f"{election}/{contest}: of {len(ballots):,} different rankings {few:,} are held by fewer than {smallest} ballots each"
            " (`smallest_group`): whoever had one of them bought would find it"
        )
    return Profile(_without_withdrawn(definition, places[contest], shards), dict(ballots))


def _counted(definition: Election, place: int, shards: Sequence[ShardCount]) -> Recounted:
    found = counted(_ballots(place, shards), _without_withdrawn(definition, place, shards))
    return Recounted(results=found, result_hash=result_hash(found))


def _ballots(place: int, shards: Sequence[ShardCount]) -> dict[tuple[int, str], int]:
    """Return how many ballots of each section hold each ranking of one contest."""
    profile: Counter[tuple[int, str]] = Counter()
    for shard in shards:
        for (section, marks), ballots in shard.ballots.items():
            profile[section, marks[place]] += ballots
    return {ranking: ballots for ranking, ballots in profile.items() if ballots}


def _without_withdrawn(definition: Election, place: int, shards: Sequence[ShardCount]) -> Contest:
    contest = definition.contests[place]
    out = {of for name, of in _withdrawn(shards) if name == contest.id}
    return contest.excluding({*map(contest.place, out)})


def _withdrawn(shards: Sequence[ShardCount]) -> frozenset[tuple[str, str]]:
    return frozenset.intersection(*(shard.withdrawn for shard in shards))


def _turnout(definition: Election, shards: Sequence[ShardCount]) -> dict[str, int]:
    sections: Counter[int] = Counter()
    for shard in shards:
        for (section, _), ballots in shard.ballots.items():
            sections[section] += ballots
    return {section.id: sections[place] for place, section in enumerate(definition.sections)}


def balance_of(shards: Sequence[Account]) -> Balance:
    """Return what became of every ballot record of an election, shards added up."""
    reasons: Counter[str] = Counter()
    for shard in shards:
        reasons.update(shard.reasons)
    ends: Counter[Category] = Counter()
    for reason, records in reasons.items():
        ends[CATEGORY[Reason(reason)]] += records
    return Balance(
        cast=sum(reasons.values()),
        accepted=sum(shard.accepted for shard in shards),
        duplicate=ends[Category.DUPLICATE],
        late=ends[Category.LATE],
        voided=ends[Category.VOIDED] + sum(shard.retracted for shard in shards),
        rejected=ends[Category.REJECTED],
        reasons={str(reason): n for reason, n in sorted(reasons.items())},
    )
