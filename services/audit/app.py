"""Composition root of the audit: a log, a ledger a shard, a report."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.audit.ledger import ShardCount, ShardLedger
from services.audit.log import CastLog, LogError
from services.audit.report import report_of
from services.audit.settings import AuditSettings
from shared.contract.codes import election_key
from shared.contract.recounts import Recount
from shared.contract.topics import BALLOTS_CAST
from shared.runtime.settings import read_secret


async def audit(settings: AuditSettings, election: str, watermark: Sequence[int] | None) -> Recount:
    """Return a recount of an election's log up to `watermark`, or up to its present end.

    Raises LogError, NoElection, WrongSecret, UnknownVersion; ValueError if there is no secret.
    """
    master = read_secret(settings.secret_file)
    async with CastLog(settings.kafka, BALLOTS_CAST.name(settings.namespace)) as log:
        upto = _checked(watermark, await log.ends(settings.shards))
        with _progress() as progress:
            task = progress.add_task(f"recounting {election}", total=sum(upto))
            shards = [
                await _count_shard(
                    log,
                    ShardLedger(shard, len(upto), lambda name: election_key(master, name)),
                    election,
                    end,
                    progress.advancer(task),
                )
                for shard, end in enumerate(upto)
            ]
    return report_of(election, shards)


def _checked(watermark: Sequence[int] | None, ends: Sequence[int]) -> Sequence[int]:
    if watermark is None:
        return ends
    if len(watermark) != len(ends):
        raise LogError(f"the watermark names {len(watermark)} shards, the log has {len(ends)}")
    if any(upto > end for upto, end in zip(watermark, ends, strict=True)):
        raise LogError(f"the watermark {list(watermark)} lies beyond the log's end {list(ends)}")
    return watermark


async def _count_shard(
    log: CastLog, ledger: ShardLedger, election: str, upto: int, advance: Callable[[int], None]
) -> ShardCount:
    async for values in log.records(ledger.shard, upto):
        for value in values:
            ledger.take(value)
        advance(len(values))
    return ledger.count_of(election)


class _Progress(Progress):
    def advancer(self, task: int) -> Callable[[int], None]:
        return lambda records: self.advance(task, records)  # type: ignore[arg-type]


def _progress() -> _Progress:
    return _Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
