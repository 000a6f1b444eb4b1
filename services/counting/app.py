"""Composition root of counting: a tally for every shard, rounds for every contest."""

import faust

from services.counting.rounds import Rounds
from services.counting.settings import CountingSettings
from services.counting.spans import CountedSpans
from services.counting.tally import PartitionOf, Tally
from shared.contract.topics import (
    BALLOTS_JUDGED,
    COUNTS_HISTORY,
    COUNTS_PUBLISHED,
    TALLIES_CHANGED,
)
from shared.runtime.follower import Limits
from shared.runtime.kafka.group import ShardGroup
from shared.runtime.process.health import Health
from shared.runtime.process.tracing import Tracing, open_tracing
from shared.runtime.process.worker import create_worker
from shared.runtime.shards import Work
from shared.runtime.snapshots import Snapshots

TALLY_VERSION = "tally/6"
REPUBLISH_S = 20.0
ROUNDS_VERSION = "rounds/6"
JUDGED_AT_ONCE = 32
"""Records of some four thousand verdicts."""


def create_app(settings: CountingSettings) -> faust.App:
    """Return the worker that tallies every shard and counts every contest assigned to it."""
    health = Health()
    tracing = open_tracing("counting", settings)
    groups = [
        ShardGroup(work, settings.brokers, f"{settings.namespace}.{work.service}", settings.instance, health)
        for work in (tally_work(settings), rounds_work(settings, tracing))
    ]
    namespace, contests = settings.namespace, settings.contest_partitions
    partitions = {
        BALLOTS_JUDGED.name(namespace): settings.shards,
        TALLIES_CHANGED.name(namespace): contests,
        COUNTS_PUBLISHED.name(namespace): contests,
        COUNTS_HISTORY.name(namespace): contests,
    }
    parts = [] if tracing is None else [tracing]
    return create_worker("counting", settings, groups, health, partitions, parts)


def tally_work(settings: CountingSettings) -> Work:
    """Return what is done with each shard of the judged ballots."""
    topic, partition_of = TALLIES_CHANGED.name(settings.namespace), PartitionOf(settings.contest_partitions)
    return Work(
        service="counting.tally",
        topic=BALLOTS_JUDGED.name(settings.namespace),
        machine=lambda shard: Tally(shard, settings.shards, topic, partition_of),
        snapshots=_snapshots(settings, "tally", TALLY_VERSION),
        limits=Limits(batch_records=JUDGED_AT_ONCE, tick_ms=settings.tally_tick_ms),
    )


def rounds_work(settings: CountingSettings, tracing: Tracing | None = None) -> Work:
    """Return what is done with each partition of the changed tallies."""
    topic, history = (topic.name(settings.namespace) for topic in (COUNTS_PUBLISHED, COUNTS_HISTORY))
    return Work(
        service="counting.rounds",
        topic=TALLIES_CHANGED.name(settings.namespace),
        machine=lambda partition: Rounds(partition, topic, history),
        snapshots=_snapshots(settings, "rounds", ROUNDS_VERSION),
        limits=Limits(batch_records=200, tick_ms=settings.rounds_tick_ms, republish_every_s=REPUBLISH_S),
        observer=None if tracing is None else lambda _: CountedSpans(tracing, topic),
    )


def _snapshots(settings: CountingSettings, name: str, version: str) -> Snapshots:
    return Snapshots(settings.data_dir / "snapshots" / settings.namespace / "counting" / name, version)
