"""Composition root of the audit: a log or a bundle of it, a ledger a shard, a report; and a bar that shows how far."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.audit.bundle import MANIFEST, Bundle, Manifest
from services.audit.check import Difference
from services.audit.evidence import KafkaEvidence
from services.audit.export import export
from services.audit.ledger import ShardLedger
from services.audit.recount import NoElection, Profile, public_profile, recount_of
from services.audit.restore import restore
from services.audit.settings import AuditSettings
from services.audit.trace import BallotSearch, SectionVotes, not_voted
from services.audit.verify import Advance, Verification, verify
from shared.contract.recounts import Recount, Trace
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST
from shared.runtime.kafka.reader import open_reader
from shared.runtime.log import LogError

logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # the exception holds the reason


async def recount(settings: AuditSettings, election: str, watermark: Sequence[int] | None) -> Recount:
    """Return a recount of an election's log up to `watermark`, or up to its present end.

    Raises LogError, NoElection, ForeignLog, UnknownVersion; ValueError if no log is named.
    """
    judged = _judged(settings, f"recounting {election}", watermark=watermark)
    return recount_of(election, [ledger.count_of(election) async for ledger in judged])


async def trace(settings: AuditSettings, election: str, ballot_id: bytes) -> Trace:
    """Return what became of a ballot, up to the log's present end. Raises as `recount`."""
    standings = await KafkaEvidence(
        settings
    ).standings()  # before the log, which then holds all that they cover
    search = BallotSearch(election, ballot_id)
    async for _ in _judged(settings, f"looking in {election}", search.judge):
        pass
    return search.trace(standings)


async def who_has_not_voted(settings: AuditSettings, election: str) -> tuple[list[SectionVotes], list[int]]:
    """Return an election's turnout by section, and the numbers of who has not voted. Raises as `recount`."""
    ledgers = [ledger async for ledger in _judged(settings, f"judging {election}")]
    definition = ledgers[0].count_of(election).definition
    if definition is None:
        raise NoElection(election)
    return not_voted(definition, ledgers)


async def profile(settings: AuditSettings, election: str, contest: str) -> Profile:
    """Return a contest's rankings, if they may be published. Raises as `recount`, and NotPublic."""
    judged = _judged(settings, f"judging {election}")
    return public_profile(election, contest, [ledger.count_of(election) async for ledger in judged])


async def _judged(
    settings: AuditSettings,
    doing: str,
    judge: Callable[[ShardLedger, bytes], object] = ShardLedger.judge,
    watermark: Sequence[int] | None = None,
) -> AsyncIterator[ShardLedger]:
    """Yield each shard's ledger once every record of it has been judged, up to `watermark` or the present end."""
    identity = settings.identity()
    cast = BALLOTS_CAST.name(settings.namespace)
    async with await open_reader(settings.brokers, cast, settings.shards) as log:
        upto = _checked(watermark, await log.ends())
        with _progress(doing) as advance:
            step = advance(sum(upto))
            for shard, end in enumerate(upto):
                ledger = ShardLedger(shard, len(upto), identity)
                async for values in log.records(shard, end):
                    for value in values:
                        judge(ledger, value)
                    step(len(values))
                yield ledger


async def verify_log(settings: AuditSettings, election: str, kept: Sequence[Standing]) -> Verification:
    """Verify an election of a deployment. Raises as `verify`; ValueError if no log is named."""
    identity = settings.identity()
    async with KafkaEvidence(settings) as evidence:
        with _progress(f"verifying {election}") as advance:
            return await verify(evidence, election, identity, kept, advance)


async def verify_bundle(
    settings: AuditSettings, path: Path, election: str | None, kept: Sequence[Standing]
) -> Verification:
    """Verify an election of a bundle, that of its manifest unless another is named. Raises as `verify`, and Damaged."""
    identity = settings.identity()
    with Bundle(path) as bundle, _progress(f"verifying {path}") as advance:
        verified = await verify(bundle, election or bundle.manifest.election, identity, kept, advance)
        for shard, (said, found) in enumerate(zip(bundle.manifest.heads, verified.shards, strict=True)):
            if said != found.head:
                raise Difference(
                    f"{path}, {MANIFEST}, shard {shard}", f"expected head {found.head}, found {said}", shard
                )
        return verified


async def export_log(settings: AuditSettings, election: str, path: Path) -> Manifest:
    """Write a deployment's log into a bundle. Raises as `export`."""
    async with KafkaEvidence(settings) as evidence:
        with _progress(f"exporting {election}") as advance:
            return await export(evidence, election, path, advance)


async def import_bundle(settings: AuditSettings, path: Path) -> Manifest:
    """Write a bundle's log into an empty deployment. Raises as `restore`, and Damaged; ValueError if no log is named."""
    identity = settings.identity()
    with Bundle(path) as bundle, _progress(f"importing {path}") as advance:
        await restore(bundle, settings, identity, advance)
        return bundle.manifest


def _checked(watermark: Sequence[int] | None, ends: Sequence[int]) -> Sequence[int]:
    if watermark is None:
        return ends
    if len(watermark) != len(ends):
        raise LogError(f"the watermark names {len(watermark)} shards, the log has {len(ends)}")
    if any(upto > end for upto, end in zip(watermark, ends, strict=True)):
        raise LogError(f"the watermark {list(watermark)} lies beyond the log's end {list(ends)}")
    return watermark


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[int], Advance]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def advance(total: int) -> Advance:
            task = progress.add_task(doing, total=total)
            return lambda records: progress.advance(task, records)

        yield advance
