"""A bundle into an empty deployment: the log first, then what the edges are told of it.

Rule 1: only cast records and announcements are written. Everything else is made again from them by the services, with
        the same verdicts, heads and results, since a verdict is a function of its shard's log.
Rule 2: a deployment that holds anything is refused: offsets could not be the same.
Rule 3: an import that broke off leaves a namespace that is not empty; it is given up, and another one taken.
"""

from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.audit.bundle import Bundle
from services.audit.settings import AuditSettings
from shared.contract.codec import encode
from shared.contract.codes import election_key, fingerprint
from shared.contract.events import ElectionAnnounced
from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
    TALLIES_CHANGED,
)
from shared.runtime.kafka.reader import open_reader
from shared.runtime.kafka.sink import send_all, start_producer
from shared.runtime.log import LogError, SendFailed

EMPTY = (BALLOTS_CAST, BALLOTS_JUDGED, TALLIES_CHANGED, COUNTS_PUBLISHED, ELECTIONS_ANNOUNCED)


async def restore(
    bundle: Bundle, settings: AuditSettings, master: bytes, advance: Callable[[int], Callable[[int], None]]
) -> None:
    """Write a bundle's log into a deployment. Raises LogError if it is not empty or fails, ValueError: wrong secret."""
    announced = await bundle.announced()
    _require_secret(announced, master)
    await _require_empty(settings, bundle.shards)
    ends = await bundle.ends(BALLOTS_CAST)
    step = advance(sum(ends))
    try:
        producer = await start_producer(settings.kafka)
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


def _require_secret(announced: Sequence[ElectionAnnounced], master: bytes) -> None:
    for of in announced:
        name, ours = of.definition.id, fingerprint(election_key(master, of.definition.id))
        if of.code_key != ours:
            raise ValueError(
                f"{name} has voting codes under key {of.code_key}, the secret at hand gives {ours}: "
                "no service could judge its ballots"
            )


async def _require_empty(settings: AuditSettings, shards: int) -> None:
    for topic in EMPTY:
        name = topic.name(settings.namespace)
        expected = shards if topic is BALLOTS_CAST else None
        async with await open_reader(settings.kafka, name, expected) as log:
            held = sum(await log.ends())
        if held:
            raise LogError(f"{name} holds {held} records: a bundle is imported into an empty deployment only")
