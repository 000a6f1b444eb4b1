"""Composition root of validation."""

import faust

from services.validation.judge import Judge
from services.validation.settings import ValidationSettings
from shared.contract.codes import election_key
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED, MONITOR_SHARDS
from shared.runtime.kafka.group import ShardGroup
from shared.runtime.process.health import Health
from shared.runtime.process.worker import create_worker
from shared.runtime.settings import read_secret
from shared.runtime.shards import Work
from shared.runtime.snapshots import Snapshots

STATE_VERSION = "judge/4"


def create_app(settings: ValidationSettings) -> faust.App:
    """Return the worker that judges every shard assigned to it."""
    master = read_secret(settings.secret_file)
    namespace = settings.namespace
    judged = BALLOTS_JUDGED.name(namespace)
    work = Work(
        service="validation",
        topic=BALLOTS_CAST.name(namespace),
        machine=lambda shard: Judge(shard, settings.shards, judged, lambda name: election_key(master, name)),
        snapshots=Snapshots(settings.data_dir / "snapshots" / namespace / "validation", STATE_VERSION),
    )
    health = Health()
    group = ShardGroup(work, settings.kafka, f"{namespace}.validation", settings.instance, health)
    return create_worker("validation", settings, [group], health, MONITOR_SHARDS.name(namespace))
