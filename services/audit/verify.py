"""The whole of an election compared with its log: every verdict, every head, every standing, every round.

Shards are read one after another, cast records and verdicts in step, a batch of each at a time. A standing is compared with
the recount at its own watermark, however long the log is by now. A certificate's heads are compared too, and while every shard
holds it, its hashes: after it nothing has changed the result. It stops at the first difference and names its place.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from pydantic import Field

from services.audit.check import Difference, ShardCheck
from services.audit.evidence import Evidence
from services.audit.ledger import LogIdentity, ShardLedger
from services.audit.recount import recount_of
from shared.contract.agreement import disagreements
from shared.contract.chain import Head
from shared.contract.elections import Frozen
from shared.contract.events import ElectionCertified
from shared.contract.recounts import Recount
from shared.contract.standings import Standing, Status
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED

VERIFICATION: Final = "verification/1"

Advance = Callable[[int], None]


class ShardVerified(Frozen):
    """One shard: every verdict and head that validation published is right."""

    cast: int = Field(description="Cast records")
    judged: int = Field(description="Cast records with a verdict; the rest awaits one")
    repeats: int = Field(description="Verdicts published again, in the same bytes")
    head: Head = Field(description="Head of the chain after all cast records")


class StandingVerified(Frozen):
    """A published standing that the recount at its watermark agrees with."""

    contest: str
    status: Status
    watermark: tuple[int, ...]
    result_hash: str


class Verification(Frozen):
    """An election in which everything was found as it must be."""

    type: Literal["verification/1"] = VERIFICATION
    shards: tuple[ShardVerified, ...]
    standings: tuple[StandingVerified, ...]
    recount: Recount = Field(description="Of all cast records")


async def verify(
    evidence: Evidence,
    election: str,
    identity: LogIdentity,
    kept: Sequence[Standing],
    advance: Callable[[int], Advance],
) -> Verification:
    """Return what was verified; `kept` are standings that somebody kept, beside the published ones.

    `advance` is called with the number of records; what it returns is called with each progress. Raises Difference, LogError,
    NoElection, CannotJudge; ValueError if a standing that was kept is of another election.
    """
    for other in (standing.key for standing in kept if standing.election != election):
        raise ValueError(f"expected kept standings of {election}, found one of {other}")
    published = await evidence.standings()
    standings = [*kept, *(standing for standing in published if standing.election == election)]
    judged, cast = await evidence.ends(BALLOTS_JUDGED), await evidence.ends(BALLOTS_CAST)
    _require_covered(standings, cast)
    step = advance(sum(judged))
    checks = [
        ShardCheck(
            ShardLedger(shard, evidence.shards, identity),
            election,
            frozenset({end, *(standing.watermark[shard] for standing in standings)}),
        )
        for shard, end in enumerate(cast)
    ]
    for check in checks:
        await _check_shard(evidence, check, judged[check.shard], cast[check.shard], step)
    _compare(election, checks, standings)
    recount = recount_of(election, [check.counts[end] for check, end in zip(checks, cast, strict=True)])
    _check_certificates(
        [check.counts[end].certificate for check, end in zip(checks, cast, strict=True)], checks, recount
    )
    return Verification(
        shards=tuple(
            ShardVerified(cast=end, judged=check.position, repeats=check.repeats, head=check.counts[end].head)
            for check, end in zip(checks, cast, strict=True)
        ),
        standings=tuple(_verified(standing) for standing in standings),
        recount=recount,
    )


def _require_covered(standings: Sequence[Standing], cast: Sequence[int]) -> None:
    for standing in standings:
        if len(standing.watermark) != len(cast):
            raise Difference(
                f"standing of {standing.key}",
                f"expected {len(cast)} shards, found a watermark of {len(standing.watermark)}",
            )
        for shard, (covered, end) in enumerate(zip(standing.watermark, cast, strict=True)):
            if covered > end:
                where = f"shard {shard}, offset {end}"
                what = f"expected {covered} cast records, which the standing of {standing.key} covers, found {end}"
                raise Difference(where, what, shard, end)


async def _check_shard(
    evidence: Evidence, check: ShardCheck, judged_end: int, cast_end: int, step: Advance
) -> None:
    check.mark()
    cast = evidence.records(BALLOTS_CAST, check.shard, cast_end)
    async for values in evidence.records(BALLOTS_JUDGED, check.shard, judged_end):
        rest = values
        while rest := rest[check.take_judged(rest) :]:
            batch = await anext(cast, None)
            if batch is None:
                raise check.beyond(rest[0])
            check.take_cast(batch)
        step(len(values))
    async for values in cast:
        check.take_unjudged(values)


def _compare(election: str, checks: Sequence[ShardCheck], standings: Sequence[Standing]) -> None:
    recounts: dict[tuple[int, ...], Recount] = {}
    for standing in standings:
        watermark = standing.watermark
        for check, covered in zip(checks, watermark, strict=True):
            if check.position < covered:
                where = f"shard {check.shard}, offset {check.position}"
                what = f"expected a verdict, for the standing of {standing.key} covers {covered}; found none"
                raise Difference(where, what, check.shard, check.position)
        if watermark not in recounts:
            counts = [check.counts[upto] for check, upto in zip(checks, watermark, strict=True)]
            recounts[watermark] = recount_of(election, counts)
        for what in disagreements(standing, recounts[watermark]):
            raise Difference(f"standing of {standing.key} at watermark {_spelt(watermark)}", what)


def _check_certificates(
    held: Sequence[ElectionCertified | None], checks: Sequence[ShardCheck], recount: Recount
) -> None:
    """Compare the certificate that each shard holds. One that a later order dropped in another shard is about an earlier result."""
    hashes = {name: counted.result_hash for name, counted in recount.contests.items()}
    stands = len({None if found is None else found.control_id for found in held}) == 1
    for check, certificate in zip(checks, held, strict=True):
        if certificate is None:
            continue
        where = f"certificate in shard {check.shard}"
        heads = tuple(of.head_at(upto) for of, upto in zip(checks, certificate.watermark, strict=False))
        if heads != certificate.heads or len(heads) != len(checks):
            what = f"heads at {_spelt(certificate.watermark)}: expected {heads}, found {certificate.heads}"
            raise Difference(where, what, check.shard)
        if stands and hashes != certificate.result_hashes:
            what = f"result hashes: expected {hashes}, found {certificate.result_hashes}"
            raise Difference(where, what, check.shard)


def _verified(standing: Standing) -> StandingVerified:
    return StandingVerified(
        contest=standing.contest.id,
        status=standing.status,
        watermark=standing.watermark,
        result_hash=standing.result_hash,
    )


def _spelt(watermark: Sequence[int]) -> str:
    return "+".join(map(str, watermark))
