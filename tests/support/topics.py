"""Whole topics, as tests look at them."""

from shared.runtime.kafka.connection import Brokers
from shared.runtime.kafka.reader import open_reader


async def read_topic(kafka: str | Brokers, topic: str) -> list[list[bytes]]:
    """Return the values of each partition, all that a topic holds. Raises LogError."""
    async with await open_reader(kafka, topic) as reader:
        return [
            [value async for batch in reader.records(partition, end) for value in batch]
            for partition, end in enumerate(await reader.ends())
        ]
