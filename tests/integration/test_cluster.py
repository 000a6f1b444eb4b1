"""What a real Kafka says of its consumer groups and disks, as the monitor shows it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.kafka import EmbeddedKafka
from shared.contract.topics import TOPICS
from shared.runtime.kafka.cluster import STABLE, Cluster, Group, look_at_cluster
from tests.support.pipeline import Pipeline

BOUND_S = 40.0
"""A member that was killed is in its group for 10 s more."""


@pytest.fixture
def pipeline(kafka: EmbeddedKafka, tmp_path: Path) -> Iterator[Pipeline]:
    """A deployment of two shards."""
    made = Pipeline(kafka.bootstrap, tmp_path)
    asyncio.run(made.create())
    try:
        yield made
    finally:
        made.stop()


def seen(pipeline: Pipeline) -> Cluster:
    """Look at the cluster once."""
    topics = [of.name(pipeline.namespace) for of in TOPICS]
    return asyncio.run(look_at_cluster(pipeline.kafka, topics, pipeline.namespace, 10.0))


def until(pipeline: Pipeline, holds: Callable[[Group], bool]) -> Group:
    """Return validation's group once it is so; fail after BOUND_S."""
    deadline, found = time.monotonic() + BOUND_S, None
    while time.monotonic() < deadline:
        groups = {of.name: of for of in seen(pipeline).groups}
        found = groups.get(f"{pipeline.namespace}.validation")
        if found is not None and holds(found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"{found}\n{pipeline.logs()}")


def test_a_group_s_state_members_and_shards_are_seen(pipeline: Pipeline) -> None:
    """One process has both shards, two share them, and of a group whose last one was killed nobody follows any."""
    pipeline.start("validation")
    assert until(pipeline, lambda of: of.state == STABLE).members == ((0, 1),)
    pipeline.start("validation", "2")
    shared = until(pipeline, lambda of: of.state == STABLE and len(of.members) == 2)
    assert sorted(shared.members) == [(0,), (1,)]
    pipeline.kill("validation", "2")
    pipeline.kill("validation")
    assert until(pipeline, lambda of: of.state == "Empty").members == ()


def test_brokers_disks_are_seen(pipeline: Pipeline, kafka: EmbeddedKafka) -> None:
    """With the room that is left, by the broker's own word."""
    found = seen(pipeline)
    assert found.away == ""
    assert found.least_in_sync == 1
    (disk,) = found.disks
    assert 0 < disk.free_bytes <= disk.total_bytes
    assert disk.fault == ""
    assert Path(disk.folder).is_dir()
    assert kafka.bootstrap
