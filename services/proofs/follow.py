"""The shards of a deployment by way of Kafka: two consumers without a group, which commit nothing; files in place of a producer.

One process follows every shard: it signs, and two that sign could contradict one another.
"""

from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.proofs.files import TreeFiles
from services.proofs.pairs import PairedSource
from services.proofs.settings import ProofsSettings
from services.proofs.shard import ShardTree
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED, Topic
from shared.runtime.follower import Limits
from shared.runtime.kafka.connection import client_options
from shared.runtime.kafka.group import KafkaSource
from shared.runtime.kafka.patches.fetch_wait import FetchWait
from shared.runtime.kafka.reader import LOOK_MS
from shared.runtime.log import LogAway, Outgoing
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import ShardReport
from shared.runtime.shards import Shards, Work
from shared.runtime.snapshots import Snapshots

STATE_VERSION: Final = "tree/2"
FETCH_BYTES: Final = 2 * 1024 * 1024
BATCH_RECORDS: Final = 8
"""Of verdicts: up to 4,096 ballots each, which are hashed before anything else is answered."""


class Trees:
    """Follows every shard and grows its tree; a part of the process (see `http.Part`)."""

    def __init__(self, settings: ProofsSettings, files: Sequence[TreeFiles], health: Health) -> None:
        self.live: dict[int, ShardTree] = {}
        """The trees that grow at present."""
        self._settings = settings
        self._files = files
        self._consumers: dict[str, AIOKafkaConsumer] = {}
        self._waits: dict[str, FetchWait] = {}
        """Of cast records none: where they end is asked for on the same connection, which answers when the fetch has ended."""
        folder = settings.data_dir / "snapshots" / settings.namespace / "proofs"
        work = Work(
            service="proofs",
            topic=BALLOTS_JUDGED.name(settings.namespace),
            machine=self._tree,
            snapshots=Snapshots(folder, STATE_VERSION),
            limits=Limits(batch_records=BATCH_RECORDS, tick_ms=settings.checkpoint_ms),
        )
        self._shards = Shards(work, self, settings.instance, health)

    async def start(self) -> None:
        """Connect, and begin with every shard. Raises LogAway."""
        try:
            for topic in (BALLOTS_CAST, BALLOTS_JUDGED):
                self._consumers[topic.noun] = await self._consumer(topic)
            self._waits[BALLOTS_JUDGED.noun] = FetchWait(self._consumers[BALLOTS_JUDGED.noun])
        except KafkaError as fault:
            await self.stop()
            raise LogAway(f"Kafka at {self._settings.kafka} does not answer: {fault!r}") from fault
        self._shards.begin(range(self._settings.shards))

    async def stop(self) -> None:
        """End every run and let go of Kafka."""
        await self._shards.end_all()
        for consumer in self._consumers.values():
            await consumer.stop()

    def reports(self) -> list[ShardReport]:
        """Return where each shard stands; also refreshes readiness."""
        return self._shards.reports()

    def source(self, shard: int) -> PairedSource:
        """Return a shard to follow."""
        judged, cast = (
            KafkaSource(
                self._consumers[topic.noun],
                TopicPartition(topic.name(self._settings.namespace), shard),
                self._waits.get(topic.noun),
            )
            for topic in (BALLOTS_JUDGED, BALLOTS_CAST)
        )
        return PairedSource(judged, cast)

    async def open_sink(self) -> "_Sinks":
        """Return where files go."""
        return _Sinks(self._files)

    async def newest(self, topic: str, shard: int, records: int) -> Sequence[bytes]:  # noqa: ARG002  a tree has no such output
        """Nothing: files are compared with the tree when they are read."""
        return ()

    def _tree(self, shard: int) -> ShardTree:
        files = self._files[shard]
        self.live[shard] = ShardTree(self._settings.log_id, shard, files, files.load())
        return self.live[shard]

    async def _consumer(self, topic: Topic) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **client_options(self._settings.brokers),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH_BYTES,
            consumer_timeout_ms=LOOK_MS,
        )
        await consumer.start()
        name = topic.name(self._settings.namespace)
        places = [TopicPartition(name, shard) for shard in range(self._settings.shards)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        return consumer


class _Sinks:
    """Sends each shard's files to that shard's folder."""

    def __init__(self, files: Sequence[TreeFiles]) -> None:
        self._files = files

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Write the files of one shard. Raises SendFailed."""
        await self._files[items[0].partition].send(items)

    async def stop(self) -> None:
        """Nothing is held."""
