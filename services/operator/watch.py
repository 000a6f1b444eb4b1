"""The watch: looks every LOOK_S seconds whether anything needs attention, and posts what does to who asked for it.

It looks at the shards' reports, at Kafka, Redis and the disk, and at each election's standings. An alert that has been true for
HOLD_S is posted once as a webhook `alert.raised`, and as `alert.resolved` when it is gone, signed as Standard Webhooks asks
(standardwebhooks.com). It decides nothing: an alert that cannot be posted is on the API and in the log all the same.
"""

import asyncio
import json
import secrets
import shutil
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError
from standardwebhooks import Webhook

from services.operator.alerts import Watched, find_alerts
from services.operator.edges import Edges
from services.operator.monitor import (
    Alert,
    DiskFigures,
    GroupFigures,
    MonitorFigures,
    ServerFigures,
    VerdictFigures,
    group_lag,
)
from services.operator.service import OperatorService
from services.operator.settings import OperatorSettings
from shared.contract.events import ElectionCertified
from shared.contract.ids import contest_key
from shared.contract.topics import TOPICS
from shared.runtime.kafka.cluster import STABLE, look_at_cluster
from shared.runtime.supervision import Supervised

LOOK_S: Final = 2.0
HOLD_S: Final = 4.0
"""What is over sooner is nobody's to mend: a restart, a rebalance."""
ANSWER_S: Final = 5.0
TRIES: Final = 5
"""Of one webhook; the pause doubles from a second."""
MINUTE_S: Final = 60.0
PARTS: Final = 6
PART_S: Final = MINUTE_S / PARTS
MOST_UNSENT: Final = 1_000

ALERTS: Final = Gauge("livecount_alerts", "Alerts that stand, by kind", ["kind", "severity"])
GROUP_MEMBERS: Final = Gauge("livecount_group_members", "Members of a consumer group", ["group"])
GROUP_SHARDS: Final = Gauge(
    "livecount_group_shards", "Shards that a consumer group's members have", ["group"]
)
GROUP_STABLE: Final = Gauge(
    "livecount_group_stable", "1 while a consumer group is not in a rebalance", ["group"]
)
GROUP_LAG: Final = Gauge("livecount_group_lag", "Records that a group's shards have yet to handle", ["group"])
IN_SYNC: Final = Gauge("livecount_least_in_sync", "Copies in sync of the partition that has the fewest")
BEHIND_COPIES: Final = Gauge(
    "livecount_under_replicated", "Partitions with fewer copies in sync than they have"
)
BROKER_FREE: Final = Gauge("livecount_broker_free_bytes", "Free on a broker's disk", ["broker", "folder"])

log = structlog.get_logger()


class _Balance(NamedTuple):
    at_s: float
    reasons: Counter[str]


class Watch:
    """Adds servers and alerts to the monitor's figures, and posts what is new. A part of the operator's process."""

    def __init__(
        self, settings: OperatorSettings, figures: Callable[[], MonitorFigures], service: OperatorService
    ) -> None:
        self._settings = settings
        self._figures = figures
        self._service = service
        self._servers: ServerFigures | None = None
        self._edges = Edges(tuple(filter(None, settings.edges.split(","))))
        self._balances: dict[str, deque[_Balance]] = {}
        self._post = Post(settings.alert_url, settings.alert_secret)
        self._task = Supervised("watch", self._keep_looking)

    async def start(self) -> None:
        """Begin to look; returns at once."""
        await self._post.start()
        self._task.start()

    async def stop(self) -> None:
        """Stop looking."""
        await self._task.stop()
        await self._post.stop()

    def figures(self) -> MonitorFigures:
        """Return the monitor's figures with the servers as last seen, and the alerts of this moment."""
        figures, edges = self._figures(), self._edges.figures
        elections = [self._watched(name) for name in self._service.log.elections.newest]
        seen = {
            "servers": self._servers,
            "edges": edges,
            "verdicts": [_verdicts(name, kept) for name, kept in self._balances.items() if kept],
            "alerts": find_alerts(figures.shards, self._servers, elections, edges),
        }
        return figures.model_copy(update=seen)

    async def _keep_looking(self) -> None:
        async with httpx.AsyncClient(trust_env=False, verify=_trusted(self._settings)) as http:
            while True:
                now_s = time.monotonic()
                self._servers, _ = await asyncio.gather(
                    look_at_servers(self._settings), self._edges.look(http, now_s)
                )
                for name in self._service.log.elections.newest:
                    self._note_balance(name, now_s)
                figures = self.figures()
                alerts = figures.alerts
                _expose(alerts)
                _expose_servers(figures)
                self._post.take(alerts, now_s)
                await asyncio.sleep(LOOK_S)

    def _note_balance(self, name: str, now_s: float) -> None:
        """Keep an election's verdicts as they are now, and those of the last minute."""
        standing = next(iter(self._standings(name)), None)
        kept = self._balances.setdefault(name, deque())
        if standing is not None:
            kept.append(_Balance(now_s, Counter(standing.balance.reasons)))
        while len(kept) > 1 and kept[1].at_s < now_s - MINUTE_S:
            kept.popleft()

    def _watched(self, name: str) -> Watched:
        account = self._service.book.accounts.get(name)
        entries = [] if account is None else list(account.entries.values())
        kept = self._balances.get(name)
        return Watched(
            name=name,
            standings=self._standings(name),
            was_certified=any(isinstance(of.control, ElectionCertified) and of.applied for of in entries),
            is_certified=account is not None and account.certificate(self._service.shards) is not None,
            last_minute=kept[-1].reasons - kept[0].reasons if kept else Counter(),
        )

    def _standings(self, name: str) -> list[Any]:
        contests = self._service.log.elections.newest[name].definition.contests
        keys = [contest_key(name, of.id) for of in contests]
        return [self._service.standings[key] for key in keys if key in self._service.standings]


def _verdicts(name: str, kept: Sequence[_Balance]) -> VerdictFigures:
    """Return what became of an election's ballots so far, in the last minute, and in each of its parts."""
    newest = kept[-1]
    ends = [
        next((of.reasons for of in reversed(kept) if of.at_s <= newest.at_s - back * PART_S), kept[0].reasons)
        for back in range(PARTS, -1, -1)
    ]
    return VerdictFigures(
        election=name,
        total=newest.reasons,
        last_minute=newest.reasons - kept[0].reasons,
        history={
            reason: [max(0, after[reason] - before[reason]) for before, after in pairwise(ends)]
            for reason in newest.reasons
        },
    )


def _expose(alerts: Iterable[Alert]) -> None:
    """Set what /metrics shows: how many alerts of each kind stand."""
    ALERTS.clear()
    for (kind, severity), count in Counter((of.kind, of.severity) for of in alerts).items():
        ALERTS.labels(kind, severity).set(count)


def _expose_servers(figures: MonitorFigures) -> None:
    """Set what /metrics shows of Kafka. What was not seen this time is not shown."""
    for gauge in (GROUP_MEMBERS, GROUP_SHARDS, GROUP_STABLE, GROUP_LAG, BROKER_FREE):
        gauge.clear()
    servers = figures.servers
    if servers is None or servers.kafka:
        return
    IN_SYNC.set(servers.least_in_sync)
    BEHIND_COPIES.set(servers.under_replicated)
    for group in servers.groups:
        GROUP_MEMBERS.labels(group.name).set(len(group.members))
        GROUP_SHARDS.labels(group.name).set(sum(map(len, group.members)))
        GROUP_STABLE.labels(group.name).set(group.state == STABLE)
        if (lag := group_lag(group, figures.shards)) is not None:
            GROUP_LAG.labels(group.name).set(lag)
    for disk in servers.disks:
        if disk.free_bytes >= 0:
            BROKER_FREE.labels(str(disk.broker), disk.folder).set(disk.free_bytes)


async def look_at_servers(settings: OperatorSettings) -> ServerFigures:
    """Return how Kafka, Redis and the disk are; what does not answer within ANSWER_S is away."""
    free = shutil.disk_usage(next(of for of in _upwards(settings.data_dir) if of.exists())).free
    topics = [of.name(settings.namespace) for of in TOPICS]
    (redis, redis_bytes), kafka = await asyncio.gather(
        _look_at_redis(settings), look_at_cluster(settings.brokers, topics, settings.namespace, ANSWER_S)
    )
    return ServerFigures(
        kafka=kafka.away,
        brokers=kafka.brokers,
        partitions=kafka.partitions,
        least_in_sync=kafka.least_in_sync,
        under_replicated=kafka.under_replicated,
        groups=tuple(GroupFigures(**of._asdict()) for of in kafka.groups),
        disks=tuple(DiskFigures(**of._asdict()) for of in kafka.disks),
        redis=redis,
        redis_bytes=redis_bytes,
        free_bytes=free,
    )


def _trusted(settings: OperatorSettings) -> ssl.SSLContext:
    """Return by whose certificates the edges are known: the deployment's own authority's, if it has one, and the system's."""
    context = ssl.create_default_context()
    if settings.kafka_authority is not None:
        context.load_verify_locations(settings.kafka_authority)
    return context


def _upwards(folder: Path) -> Iterable[Path]:
    return (folder.absolute(), *folder.absolute().parents)


async def _look_at_redis(settings: OperatorSettings) -> tuple[str | None, int]:
    """Return why Redis does not answer, and the memory that it uses. An operator without Redis or its password does not look."""
    is_given = settings.redis_password is None or settings.redis_password.exists()
    if not (settings.redis and is_given):
        return None, 0
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            Redis.from_url(settings.redis, **settings.redis_options()) as redis,
        ):
            memory = await redis.info("memory")
    except (RedisError, OSError, TimeoutError) as fault:
        return repr(fault), 0
    return "", int(memory["used_memory"])


class _Message(NamedTuple):
    """A webhook to be posted; sent again it has the same id."""

    id: str
    what: str
    alert: Alert


class Post:
    """Posts alerts that are new or gone. Nothing is posted without a URL and a secret."""

    def __init__(self, url: str | None, secret: str | None) -> None:
        self._url = url
        self._webhook = Webhook(secret) if url and secret else None
        self._since_s: dict[str, float] = {}
        self._raised: dict[str, Alert] = {}
        self._unsent: asyncio.Queue[_Message] = asyncio.Queue(MOST_UNSENT)
        self._task = Supervised("webhooks", self._keep_posting)

    async def start(self) -> None:
        """Begin to post; returns at once."""
        if self._webhook is not None:
            self._task.start()

    async def stop(self) -> None:
        """Stop posting."""
        if self._webhook is not None:
            await self._task.stop()

    def take(self, alerts: Iterable[Alert], now_s: float) -> None:
        """Take the alerts of this moment: those that have stood for HOLD_S are raised, those that are gone are resolved."""
        present = {alert.id: alert for alert in alerts}
        self._since_s = {name: self._since_s.get(name, now_s) for name in present}
        for name, alert in present.items():
            if name not in self._raised and now_s - self._since_s[name] >= HOLD_S:
                self._raised[name] = alert
                self._queue("alert.raised", alert)
        for name in [name for name in self._raised if name not in present]:
            self._queue("alert.resolved", self._raised.pop(name))

    def _queue(self, what: str, alert: Alert) -> None:
        log.warning(what, alert=alert.id, summary=alert.summary)
        if self._webhook is None:
            return
        if self._unsent.full():
            log.error("alert not posted: too many wait", alert=alert.id)
        else:
            self._unsent.put_nowait(_Message(f"msg_{secrets.token_hex(12)}", what, alert))

    async def _keep_posting(self) -> None:
        async with httpx.AsyncClient(timeout=ANSWER_S) as http:
            while True:
                message = await self._unsent.get()
                for number in range(TRIES):
                    if await self._is_taken(http, message):
                        break
                    await asyncio.sleep(2**number)
                else:
                    log.error("alert not posted: no answer of success", alert=message.alert.id, tries=TRIES)

    async def _is_taken(self, http: httpx.AsyncClient, message: _Message) -> bool:
        assert self._webhook is not None, "posting began without a secret"
        assert self._url is not None, "posting began without a URL"
        now = datetime.now(UTC)  # noqa: TID251  a signature says when it was made
        data = message.alert.model_dump()
        body = json.dumps({"type": message.what, "timestamp": now.isoformat(), "data": data})
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message.id, now, body),
        }
        try:
            return (await http.post(self._url, content=body, headers=headers)).is_success
        except httpx.HTTPError as fault:
            log.warning("alert not posted yet", alert=message.alert.id, fault=repr(fault))
            return False
