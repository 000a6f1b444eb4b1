"""Writes a bundle into an empty deployment: the log first, then the announcements of its elections.

Only cast records and announcements are written. The services make everything else from them again, with the same verdicts,
heads and results, since a verdict is a function of its shard's log. A deployment that holds anything is refused, for offsets
could not be the same. An import that broke off leaves a namespace that is not empty: take another one.
"""

from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.audit.bundle import Bundle
from services.audit.ledger import ForeignLog, LogIdentity, ShardLedger
from services.audit.settings import AuditSettings
from shared.contract.codec import encode
from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    CONTROLS_JUDGED,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
    ROLLS_COMMITTED,
    TALLIES_CHANGED,
)
from shared.runtime.kafka.reader import open_reader
from shared.runtime.kafka.sink import send_all, start_producer
from shared.runtime.log import LogError, SendFailed

EMPTY = (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    CONTROLS_JUDGED,
    ROLLS_COMMITTED,
    TALLIES_CHANGED,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
)


async def restore(
    bundle: Bundle,
    settings: AuditSettings,
    identity: LogIdentity,
    advance: Callable[[int], Callable[[int], None]],
) -> None:
    """Write a bundle's log into a deployment. Raises LogError if it is not empty or fails, ValueError: another log."""
    announced = await bundle.announced()
    await _require_own(bundle, identity)
    await _require_empty(settings, bundle.shards)
    ends = await bundle.ends(BALLOTS_CAST)
    step = advance(sum(ends))
    try:
        producer = await start_producer(settings.brokers)
        try:
            for shard, end in enumerate(ends):
                await _write_shard(producer, BALLOTS_CAST.name(settings.namespace), bundle, shard, end, step)
            items = [(0, of.definition.id.encode(), encode(of)) for of in announced]
            await send_all(producer, ELECTIONS_ANNOUNCED.name(settings.namespace), items)
        finally:
            await producer.stop()
    except (KafkaError, OSError, SendFailed) as fault:
        raise LogError(f"the import broke off; take another namespace: {fault!r}") from fault


async def _write_shard(
    producer: AIOKafkaProducer,
    topic: str,
    bundle: Bundle,
    shard: int,
    end: int,
    step: Callable[[int], None],
) -> None:
    async for values in bundle.records(BALLOTS_CAST, shard, end):
        await send_all(producer, topic, [(shard, None, value) for value in values])
        step(len(values))


async def _require_own(bundle: Bundle, identity: LogIdentity) -> None:
    """Raise ValueError unless every shard of the bundle is of the log that the settings name."""
    for shard in range(bundle.shards):
        async for values in bundle.records(BALLOTS_CAST, shard, 1):
            for value in values:
                try:
                    ShardLedger(shard, bundle.shards, identity).judge(value)
                except ForeignLog as fault:
                    raise ValueError(
                        f"no service of this deployment could judge the bundle: {fault}"
                    ) from fault


async def _require_empty(settings: AuditSettings, shards: int) -> None:
    for topic in EMPTY:
        name = topic.name(settings.namespace)
        expected = shards if topic is BALLOTS_CAST else None
        async with await open_reader(settings.brokers, name, expected) as log:
            held = sum(await log.ends())
        if held:
            raise LogError(f"{name} holds {held} records: a bundle is imported into an empty deployment only")
