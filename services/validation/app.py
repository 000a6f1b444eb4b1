"""Composition root of validation."""

from functools import partial

import faust

from services.validation.judge import Judge, Outputs
from services.validation.settings import ValidationSettings
from services.validation.spans import JudgedSpans
from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    CONTROLS_JUDGED,
    ROLLS_COMMITTED,
)
from shared.runtime.kafka.group import ShardGroup
from shared.runtime.process.health import Health
from shared.runtime.process.tracing import open_tracing
from shared.runtime.process.worker import create_worker
from shared.runtime.shards import Work
from shared.runtime.snapshots import Snapshots

STATE_VERSION = "judge/8"


def create_app(settings: ValidationSettings) -> faust.App:
    """Return the worker that judges every shard assigned to it. Raises ValueError if the log is not named."""
    settings.require_log()
    namespace = settings.namespace
    outputs = Outputs(
        BALLOTS_JUDGED.name(namespace), CONTROLS_JUDGED.name(namespace), ROLLS_COMMITTED.name(namespace)
    )
    tracing = open_tracing("validation", settings)
    work = Work(
        service="validation",
        topic=BALLOTS_CAST.name(namespace),
        machine=lambda shard: Judge(settings.log_id, settings.root_key, shard, settings.shards, outputs),
        snapshots=Snapshots(settings.data_dir / "snapshots" / namespace / "validation", STATE_VERSION),
        output=outputs.judged,
        founded=True,
        observer=None if tracing is None else partial(JudgedSpans, tracing),
    )
    health = Health()
    group = ShardGroup(work, settings.brokers, f"{namespace}.validation", settings.instance, health)
    partitions = {topic.name(namespace): settings.shards for topic in (BALLOTS_CAST, BALLOTS_JUDGED)}
    parts = [] if tracing is None else [tracing]
    return create_worker("validation", settings, [group], health, partitions, parts)
