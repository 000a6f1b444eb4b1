"""Composition root of intake."""

import os
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Final

from prometheus_client import Counter
from starlette.applications import Starlette

from services.intake.admission import Admissions
from services.intake.ballot.intake import Intake
from services.intake.ballot.pages import Pages
from services.intake.ballot.routes import BallotRoutes
from services.intake.ends import KeptEnds, LogEnds
from services.intake.log import BallotLog
from services.intake.roll import KnownRolls
from services.intake.routes import SingleBallot, intake_routes
from services.intake.service import RETRY_AFTER_S, IntakeService
from services.intake.settings import IntakeSettings
from services.intake.spans import SentSpans
from shared.contract.codec import decode_as
from shared.contract.events import RollKnown
from shared.contract.topics import BALLOTS_CAST, ROLLS_COMMITTED
from shared.runtime.disk import LocalDisk
from shared.runtime.kafka.reader import open_reader
from shared.runtime.kafka.sink import open_sink
from shared.runtime.process.health import Health
from shared.runtime.process.http import Part, create_site, problem
from shared.runtime.process.overload import Overload
from shared.runtime.process.telemetry import configure_logging
from shared.runtime.process.tracing import open_tracing
from shared.runtime.projection import Projection, announcements

TURNED_AWAY: Final = Counter(
    "livecount_intake_turned_away_total", "Ballots turned away before they were read"
)


def from_environment() -> Starlette:
    """Return a worker's application. Raises ValueError if a setting is wrong."""
    settings = IntakeSettings()
    configure_logging("intake", settings.log_level)
    return create_app(settings)


def create_app(settings: IntakeSettings) -> Starlette:
    """Return the application."""
    announced = announcements(
        partial(open_reader, settings.brokers),
        settings.namespace,
        log_id=settings.log_id,
        root_key=settings.root_key,
    )
    topic = BALLOTS_CAST.name(settings.namespace)
    rolls = KnownRolls()
    path = settings.data_dir / "snapshots" / settings.namespace / "intake" / "ends.json"
    kept = KeptEnds(LocalDisk(), path, settings.log_id, str(os.getpid()))
    ends = LogEnds(
        partial(open_reader, settings.brokers, topic, settings.shards, at_rest=True), rolls.judged, kept
    )
    tracing = open_tracing("intake", settings)
    spans = None if tracing is None else SentSpans(tracing)

    def acknowledged(topic: str, shard: int, offset: int, records: int) -> None:
        ends.acknowledged(topic, shard, offset, records)
        if spans is not None:
            spans.acknowledged(topic, shard, offset, records)

    log = BallotLog(
        partial(open_sink, settings.brokers, acknowledged),
        topic,
        settings.max_pending_ballots,
        ends,
        spans=spans,
    )
    known: Projection[RollKnown] = Projection(
        partial(open_reader, settings.brokers),
        ROLLS_COMMITTED.name(settings.namespace),
        lambda value: decode_as(RollKnown, value),
        lambda _, record, __: rolls.add(record),
    )
    again = "Nothing was recorded; send the same ballot again after Retry-After seconds"
    admissions = Admissions(announced.newest, rolls.rolls, lambda: announced.caught_up and known.caught_up)

    service = IntakeService(settings, admissions, log)
    overload = Overload(
        settings.max_requests,
        path_end=b"/ballots",
        answer=problem(503, "Too much at once", again, retry_after_s=RETRY_AFTER_S),
        turned_away=TURNED_AWAY.inc,
        direct=SingleBallot(service).direct,
    )
    ballot = BallotRoutes(
        Intake(service, announced.newest, lambda: announced.caught_up),
        lambda: token_hex(16),
        Pages(partial(datetime.now, UTC), settings.receipts_url),  # noqa: TID251  # the one clock of this process
    )
    routes = [*intake_routes(service), *ballot.routes()]
    health = Health()
    health.watch("ballot log", ends.readiness)
    parts: list[Part] = [announced, known, ends, log, *([] if tracing is None else [tracing])]
    return create_site("intake", routes, health, parts, overload)
