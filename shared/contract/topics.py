"""Every topic, once: its key, value, writers, readers, partitions and retention.

Rule 1: one kind of writer a topic (controls in `ballots.cast` are the operator's).
Rule 2: with several copies, a record is acknowledged once all but one have it, whatever the brokers' defaults are.
Rule 3: names carry a major version; a deployment namespace stands before them, so that a test election and a
        live one never share a topic.
Rule 4: writers and readers are services, or parts of them ("counting.tally"). Kafka grants what stands here, and nothing else
        (rights.py). Whoever reads `ballots.cast` sees how electors voted: validation, the auditor, and the operator, who
        completes a half-written order from it and starts the recount.
"""

from dataclasses import dataclass, field
from typing import Final

FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
NEWEST_BY_KEY = {"cleanup.policy": "compact"}
NEWEST_AND_THE_LAST_HOUR = {
    **NEWEST_BY_KEY,
    "min.compaction.lag.ms": str(60 * 60 * 1000),
    "segment.ms": str(10 * 60 * 1000),
    "segment.bytes": str(64 * 1024 * 1024),
}
"""Every record of the last hour, then the newest of each key. A segment that is still written to is never compacted, so
segments are short: by the brokers' defaults they hold a week or 1 GiB."""
HOURS = {"cleanup.policy": "delete", "retention.ms": str(6 * 60 * 60 * 1000)}


@dataclass(frozen=True)
class Topic:
    """A topic's declaration. `partitions` is "shards", "contests" or a number."""

    noun: str
    key: str
    value: str
    writers: tuple[str, ...]
    partitions: str | int
    config: dict[str, str] = field(default_factory=dict)
    why: str = ""
    readers: tuple[str, ...] = ()
    version: int = 2

    def name(self, namespace: str) -> str:
        """Return the topic's name in a deployment."""
        return f"{namespace}.livecount.{self.noun}.v{self.version}"


BALLOTS_CAST: Final = Topic(
    noun="ballots.cast",
    key="none",
    value="Pack | SignedRecord",
    writers=("intake", "operator"),
    partitions="shards",
    config=FOR_EVER,
    why="the log that everything else can be made again from; never compacted, its partitions frozen",
    readers=("validation", "operator", "audit", "proofs"),
)
BALLOTS_JUDGED: Final = Topic(
    noun="ballots.judged",
    key="none",
    value="Verdicts | ControlJudged",
    writers=("validation",),
    partitions="shards",
    config=FOR_EVER,
    why="verdicts on each cast record, in the same partition; they name no elector",
    readers=("validation", "counting", "audit", "proofs"),
)
CONTROLS_JUDGED: Final = Topic(
    noun="controls.judged",
    key="election",
    value="ControlJudged",
    writers=("validation",),
    partitions=1,
    config=FOR_EVER,
    why="what became of each control in each shard: the operator waits for it, and the audit list is made of it",
    readers=("operator",),
)
ROLLS_COMMITTED: Final = Topic(
    noun="rolls.committed",
    key="election/shard/first place/electors",
    value="RollKnown",
    writers=("validation",),
    partitions="shards",
    config=NEWEST_BY_KEY,
    why="commitments that validation applied: intake refuses other codes early; it decides no verdict",
    readers=("intake",),
)
TALLIES_CHANGED: Final = Topic(
    noun="tallies.changed",
    key="election/contest",
    value="TallyChanged",
    writers=("counting.tally",),
    partitions="contests",
    config=FOR_EVER,
    why="cumulative counts of the rankings that changed in a shard, with its watermark",
    readers=("counting",),
)
COUNTS_PUBLISHED: Final = Topic(
    noun="counts.published",
    key="election/contest",
    value="Standing",
    writers=("counting.rounds",),
    partitions="contests",
    config=NEWEST_AND_THE_LAST_HOUR,
    why="a whole standing; a newcomer gets the newest of each contest. A counting that begins anew publishes old standings"
    " again: for an hour they cannot take the place of the newest",
    readers=("results", "operator", "audit", "proofs"),
)
COUNTS_HISTORY: Final = Topic(
    noun="counts.history",
    key="election/contest/sequence",
    value="Standing",
    writers=("counting.rounds",),
    partitions="contests",
    config={**NEWEST_BY_KEY, "compression.type": "gzip"},
    why="some of the published standings, for ever: one a minute, and those around each change of phase, withdrawal, correction and"
    " certificate. The same standing again has the same key, so no process needs to know what another has written",
    readers=("results",),
)
ELECTIONS_ANNOUNCED: Final = Topic(
    noun="elections.announced",
    key="election",
    value="ElectionAnnounced",
    writers=("operator",),
    partitions=1,
    config=NEWEST_BY_KEY,
    why="what intake, results and the operator show and refuse early by; it decides no verdict",
    readers=("intake", "results", "operator", "audit"),
)
MONITOR_SHARDS: Final = Topic(
    noun="monitor.shards",
    key="service/shard",
    value="ShardReport",
    writers=("validation", "counting", "proofs"),
    partitions=1,
    config=HOURS,
    why="rate, lag, watermark and state of each shard, every second",
    readers=("operator",),
)

TOPICS: Final = (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    CONTROLS_JUDGED,
    ROLLS_COMMITTED,
    TALLIES_CHANGED,
    COUNTS_PUBLISHED,
    COUNTS_HISTORY,
    ELECTIONS_ANNOUNCED,
    MONITOR_SHARDS,
)


MONITOR_APP: Final = "operator"
MONITOR_TABLE: Final = "handled"
MONITOR_WINDOWS_KEPT_S: Final = 60.0
"""How long the monitor's table keeps a window of its figures."""


@dataclass(frozen=True)
class TopicSpec:
    """A topic as a broker is asked to create it."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


def safe_with(replication: int) -> dict[str, str]:
    """Return what makes an acknowledgement outlive a lost broker: all copies but one must have the record."""
    return {"min.insync.replicas": str(max(1, replication - 1))}


def topic_specs(namespace: str, *, shards: int, contest_partitions: int, replication: int) -> list[TopicSpec]:
    """Return what a deployment's brokers must hold before any service starts."""
    counts = {"shards": shards, "contests": contest_partitions}
    declared = [
        TopicSpec(
            topic.name(namespace),
            topic.partitions if isinstance(topic.partitions, int) else counts[topic.partitions],
            replication,
            {**topic.config, **safe_with(replication)},
        )
        for topic in TOPICS
    ]
    return [*declared, _monitor_changelog(namespace, replication)]


def monitor_changelog(namespace: str) -> str:
    """Return the name that Faust gives the topic of the monitor's table."""
    return f"{namespace}-{MONITOR_APP}-{MONITOR_TABLE}-changelog"


def _monitor_changelog(namespace: str, replication: int) -> TopicSpec:
    """Return the topic of the monitor's Faust table.

    A Faust worker that misses its changelog waits for it for ever, so it is created with the others.
    """
    kept = {"cleanup.policy": "compact,delete", "retention.ms": str(int(1000 * MONITOR_WINDOWS_KEPT_S))}
    return TopicSpec(
        monitor_changelog(namespace),
        1,
        replication,
        {**kept, **safe_with(replication)},
    )
