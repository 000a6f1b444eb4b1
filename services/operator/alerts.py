"""What needs somebody's attention now, and what to do about it. Pure: from the monitor's figures and what elections show.

An alert is true or it is not: it is found anew from the present figures each time, and is gone once its cause is. Each names the
paragraph of the runbook that says what happens by itself and what to do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from services.operator.monitor import Alert, EdgeFigures, ServerFigures, ShardFigures
from shared.contract.standings import Standing

SILENT_S: Final = 10.0
LAG_S: Final = 30.0
"""A shard that has been behind for longer will not catch up by itself soon."""
SKEW_S: Final = 2.0
"""A report from the future by more than this shows a wrong clock."""
LOW_DISK_BYTES: Final = 2_000_000_000
SNAPSHOT_S: Final = 600.0
"""A shard that has saved nothing new for longer cannot save: it would begin again far back."""
UNUSUAL_RECORDS: Final = 20
UNUSUAL_SHARE: Final = 0.2
"""Of the last minute's ballots, so many or more rejected, and at least UNUSUAL_RECORDS of them, is unusual."""
GUESSED_CODES: Final = 10
"""So many ballots with a wrong code in a minute reached the log though intake refuses them: somebody goes round it."""
TRIED_CODES: Final = 50
"""So many ballots with a wrong code in a minute are no typing mistakes of a few. Each costs its sender one of few tries."""
TURNED_AWAY: Final = 60
EMPTY: Final = ("Empty", "Dead")
REBALANCING: Final = ("PreparingRebalance", "CompletingRebalance")
"""States of a consumer group, in Kafka's words."""
RUNBOOK: Final = "infra/RUNBOOK.md"


class Watched(NamedTuple):
    """One election as the alerts look at it: its newest standings, and what came in the last minute by verdict."""

    name: str
    standings: Sequence[Standing]
    was_certified: bool
    is_certified: bool
    last_minute: Mapping[str, int]
    """Ballots by reason."""


def find_alerts(
    shards: Iterable[ShardFigures],
    servers: ServerFigures | None,
    elections: Iterable[Watched],
    edges: Iterable[EdgeFigures] = (),
) -> list[Alert]:
    """Return every alert, the critical ones first, then by id."""
    found = [alert for shard in shards for alert in _of_shard(shard)]
    found += [] if servers is None else _of_servers(servers)
    found += [alert for edge in edges for alert in _of_edge(edge)]
    found += [alert for election in elections for alert in _of_election(election)]
    return sorted(found, key=lambda alert: (alert.severity != "critical", alert.id))


def _of_shard(shard: ShardFigures) -> Iterator[Alert]:
    name, key = f"{shard.service}, shard {shard.shard}", f"{shard.service}/{shard.shard}"
    if shard.state == "stopped":
        yield _critical(
            "shard-stopped", key, f"{name} has stopped: {shard.detail}", f"{RUNBOOK}#a-shard-has-stopped"
        )
    elif shard.heard_s_ago > SILENT_S:
        yield _critical(
            "shard-silent",
            key,
            f"{name} has not reported for {shard.heard_s_ago:.0f} s",
            f"{RUNBOOK}#a-service-has-died",
        )
    elif "missing" in shard.detail:
        yield _critical("gap", key, f"{name}: {shard.detail}", f"{RUNBOOK}#a-verdict-or-a-change-is-missing")
    elif shard.lag_s > LAG_S:
        yield _warning(
            "lag",
            key,
            f"{name} is {shard.behind:,} records and {shard.lag_s:.0f} s behind",
            f"{RUNBOOK}#a-shard-is-behind",
        )
    if shard.unsaved_s > SNAPSHOT_S:
        yield _warning(
            "snapshot",
            key,
            f"{name} has saved no snapshot for {shard.unsaved_s / 60:.0f} minutes",
            f"{RUNBOOK}#a-disk-is-full",
        )
    if shard.ahead_s > SKEW_S:
        yield _warning(
            "clock",
            key,
            f"the clock of {shard.service} ({shard.instance}) is {shard.ahead_s:.0f} s ahead of this one",
            f"{RUNBOOK}#a-clock-is-wrong",
        )


def _of_edge(edge: EdgeFigures) -> Iterator[Alert]:
    if edge.away:
        yield _critical(
            "edge-away",
            edge.url,
            f"{edge.url} does not answer: {edge.away}",
            f"{RUNBOOK}#a-service-has-died",
        )
    if edge.wrong_codes >= TRIED_CODES:
        yield _warning(
            "codes-tried",
            edge.url,
            f"{edge.url}: {edge.wrong_codes:,} ballots with a wrong code were refused within a minute",
            f"{RUNBOOK}#somebody-guesses-codes",
        )
    turned_away = sum(n for status, n in edge.refused.items() if status == "429" or status.startswith("5"))
    turned_away += sum(edge.bounds.values())
    if turned_away >= TURNED_AWAY:
        yield _warning(
            "edge-bound",
            edge.url,
            f"{edge.url}: {turned_away:,} ballots or connections were turned away at a bound within a minute",
            f"{RUNBOOK}#electors-are-refused-at-the-edge",
        )


def _of_servers(servers: ServerFigures) -> Iterator[Alert]:
    if servers.kafka:
        yield _critical(
            "kafka-away", "kafka", f"Kafka does not answer: {servers.kafka}", f"{RUNBOOK}#a-broker-is-lost"
        )
    if servers.under_replicated:
        yield _critical(
            "under-replicated",
            "kafka",
            f"{servers.under_replicated} partitions have fewer copies in sync than they should",
            f"{RUNBOOK}#a-broker-is-lost",
        )
    yield from _of_groups(servers)
    for disk in servers.disks:
        place = f"broker {disk.broker}, {disk.folder}"
        if disk.fault or 0 <= disk.free_bytes < LOW_DISK_BYTES:
            free = f"{disk.free_bytes / 1e9:.1f} GB are free for the log"
            yield _critical(
                "broker-disk",
                f"{disk.broker}{disk.folder}",
                f"{place}: {disk.fault or free}",
                f"{RUNBOOK}#a-disk-is-full",
            )
    if servers.redis:
        yield _warning(
            "redis-away",
            "redis",
            f"Redis does not answer: {servers.redis}",
            f"{RUNBOOK}#redis-is-lost-or-empty",
        )
    if servers.free_bytes < LOW_DISK_BYTES:
        yield _critical(
            "disk",
            "disk",
            f"{servers.free_bytes / 1e9:.1f} GB are free for the data folder",
            f"{RUNBOOK}#a-disk-is-full",
        )


def _of_groups(servers: ServerFigures) -> Iterator[Alert]:
    """Of groups that are seen: one without members follows nothing, one that shares its shards out anew follows nothing meanwhile."""
    for group in servers.groups:
        if group.state in EMPTY:
            yield _critical(
                "group-empty",
                group.name,
                f"nobody follows as {group.name}: the group has no members",
                f"{RUNBOOK}#a-group-does-not-settle",
            )
        elif group.state in REBALANCING:
            yield _warning(
                "rebalancing",
                group.name,
                f"{group.name} shares its shards out anew among {len(group.members)} members",
                f"{RUNBOOK}#a-group-does-not-settle",
            )


def _of_election(of: Watched) -> Iterator[Alert]:
    for standing in of.standings:
        if standing.stopped:
            yield _critical(
                "contest-stopped",
                standing.key,
                f"{standing.key}: its count has stopped: {standing.stopped}",
                f"{RUNBOOK}#a-contest-has-stopped",
            )
        elif not standing.balance.holds:
            yield _critical(
                "balance",
                standing.key,
                f"{standing.key}: its ballots do not balance",
                f"{RUNBOOK}#ballots-do-not-balance",
            )
    if of.was_certified and not of.is_certified:
        yield _warning(
            "superseded",
            of.name,
            f"{of.name}: an order after the certificate has taken it away",
            f"{RUNBOOK}#a-certificate-is-superseded",
        )
    guessed, cast = of.last_minute.get("bad-code", 0), sum(of.last_minute.values())
    refused = cast - of.last_minute.get("accepted", 0) - of.last_minute.get("superseding", 0)
    if guessed >= GUESSED_CODES:
        yield _critical(
            "code-guessing",
            of.name,
            f"{of.name}: {guessed} ballots with a wrong code within a minute",
            f"{RUNBOOK}#somebody-guesses-codes",
        )
    elif refused >= UNUSUAL_RECORDS and refused >= UNUSUAL_SHARE * cast:
        worst = max((n, reason) for reason, n in of.last_minute.items() if reason != "accepted")[1]
        yield _warning(
            "rejections",
            of.name,
            f"{of.name}: {refused:,} of {cast:,} ballots of the last minute do not count, most of them {worst}",
            f"{RUNBOOK}#many-ballots-are-rejected",
        )


WHAT_TO_DO: Final[dict[str, str]] = {
    "shard-stopped": "Read the reason; the runbook says for each what to do. Other shards go on.",
    "shard-silent": "Nothing, if it comes back within a minute. Else look at the end of the service's log, and at its clock.",
    "gap": "Stop the writer of the topic, delete its snapshots, start it: it writes again what is missing.",
    "lag": "Look whether its process has a whole core. Add a process if it has; nothing is lost while it is behind.",
    "snapshot": "Look whether its disk is full or its folder not writable. Nothing is lost; a restart takes longer.",
    "clock": "Set the clock. No vote depends on it; the times in reports and controls do.",
    "kafka-away": "Start the broker. Until then nothing is acknowledged, and nobody has a receipt that is not kept.",
    "under-replicated": "Bring the lost broker back before a second one is lost.",
    "group-empty": "Start the service, or look at the end of its log. Nothing is lost; the result waits.",
    "rebalancing": "Nothing, if it is over within a minute. Else a process joins and leaves again and again: see its log.",
    "broker-disk": "Make room on the broker now: a full disk stops voting. Records of an election are never deleted for it.",
    "redis-away": "Start it. Nothing is to be restored.",
    "disk": "Make room now: a full disk stops voting. Snapshots may be deleted while their service is down.",
    "edge-away": "Start it, or look at the way to it. Electors or readers may be turned away meanwhile.",
    "codes-tried": "Look from where they come, in the proxy's log, and bound that address there. No code can be found so.",
    "edge-bound": "Add processes, or raise the bound that it names; whoever was turned away may send the same ballot again.",
    "contest-stopped": "Keep counting's log and the definition. Other contests go on; this one cannot be certified.",
    "balance": "Do not certify. Export the log and verify it: that names the first record that differs.",
    "superseded": "Certify again; the new certificate names the one it replaces.",
    "code-guessing": "Find who reaches the log past intake: only a service's certificate can. Replace it.",
    "rejections": "Look which reason it is, then whom it concerns: a batch of letters, a device, a page that is out of date.",
}
"""In a sentence or two; the runbook has the rest."""


def _critical(kind: str, key: str, summary: str, paragraph: str) -> Alert:
    return Alert(
        id=f"{kind}/{key}",
        kind=kind,
        severity="critical",
        summary=summary,
        what_to_do=WHAT_TO_DO[kind],
        runbook=paragraph,
    )


def _warning(kind: str, key: str, summary: str, paragraph: str) -> Alert:
    return _critical(kind, key, summary, paragraph).model_copy(update={"severity": "warning"})
