"""Founding a log: the first record of each shard names the log, and is signed by the root key.

It is done once, when the topics are new. Afterwards every follower compares the founding records with its settings, so that a
log that was replaced by another is noticed before a ballot of it is judged.
"""

from shared.contract.codec import ADMITTED, Unreadable, decode_cast, encode
from shared.contract.events import LogFounded, SignedRecord, signed
from shared.contract.signing import public_key
from shared.contract.topics import BALLOTS_CAST
from shared.runtime.kafka.connection import Brokers
from shared.runtime.kafka.reader import open_reader
from shared.runtime.kafka.sink import open_sink
from shared.runtime.log import Outgoing


class OtherLog(Exception):
    """The topic holds another log than the one that is to be founded."""


async def found_log(kafka: str | Brokers, namespace: str, log_id: str, shards: int, root: bytes) -> None:
    """Found every shard that is empty, with the root's private key. Raises OtherLog, LogError, SendFailed."""
    topic, root_key = BALLOTS_CAST.name(namespace), public_key(root)
    empty = []
    async with await open_reader(kafka, topic, shards) as reader:
        for shard, end in enumerate(await reader.ends()):
            if end == 0:
                empty.append(shard)
            else:
                require_own(await reader.record(shard, 0), log_id, shard, shards, root_key)
    sink = await open_sink(kafka)
    try:
        await sink.send(
            [
                Outgoing(topic, shard, None, founding_record(log_id, shard, shards, root_key, root))
                for shard in empty
            ]
        )
    finally:
        await sink.stop()


def founding_record(log_id: str, shard: int, shards: int, root_key: str, root: bytes) -> bytes:
    """Return the first record of a shard."""
    content = LogFounded(log=log_id, shard=shard, shards=shards, admitted=ADMITTED)
    return encode(signed(content, (root_key, root)))


def require_own(value: bytes, log_id: str, shard: int, shards: int, root_key: str) -> None:
    """Raise OtherLog unless a shard's first record founds this shard of this log, signed by this root key."""
    record = decode_cast(value)
    content = record.content() if isinstance(record, SignedRecord) else None
    if isinstance(record, Unreadable) or not isinstance(content, LogFounded):
        raise OtherLog(f"shard {shard} does not begin with a founding record")
    if (content.log, content.shard, content.shards) != (log_id, shard, shards):
        raise OtherLog(
            f"shard {shard} belongs to log {content.log} of {content.shards} shards, not to {log_id}"
        )
    if not (isinstance(record, SignedRecord) and record.signers([root_key])):
        raise OtherLog(f"shard {shard} was founded with another root key")
