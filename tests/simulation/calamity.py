"""What no broker promises to prevent: a shard of the log that is cut, written on, made again, or replaced by another.

Rule 1: it strikes a quiet deployment whose result is known: afterwards nothing that was published may change, and the
        processes that follow the shard say what has become of it.
"""

from collections.abc import Callable, Sequence

from shared.contract.codec import decode_judged
from shared.contract.signing import public_key
from shared.contract.verdicts import ControlJudged
from shared.runtime.kafka.founding import founding_record
from shared.runtime.log import Keyed, Outgoing
from shared.runtime.process.telemetry import ShardReport
from tests.simulation.invariants import CAST, JUDGED, PUBLISHED, hold
from tests.simulation.memory import standing_of
from tests.simulation.monkey import Monkey
from tests.simulation.nodes import Node, Site, ValidationNode
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY

OTHER_LOG, OTHER_ROOT = "f" * 32, b"\x07" * 32
SIGNS = ("were applied", "not the one that was", "expected log", "not signed by the root key", "no record")


class Calamity:
    """One shard of the ballot log is no longer what it was."""

    def __init__(
        self, site: Site, nodes: Sequence[Node], monkey: Monkey, heads: Sequence[Sequence[str]]
    ) -> None:
        self._site = site
        self._nodes = nodes
        self._monkey = monkey
        self._shard = site.random.randrange(site.shards)
        self._records = site.broker.partition(CAST, self._shard).records
        self._before = [record.value for record in self._records]
        self._heads = list(heads[self._shard])
        """Of the chain, after each number of records of the log as it was."""
        self._published = _published(site)

    def strike(self) -> None:
        """Draw what happens, and which processes are started again, with their snapshots or without."""
        random = self._site.random
        kind: Callable[[], str] = random.choice((self._cut, self._write_on, self._make_again, self._replace))
        kept = random.choice(("nothing restarted", "restarted", "restarted without snapshots"))
        self._site.broker.occurred[f"log {kind()}"] += 1
        if kept != "nothing restarted":
            for node in (node for node in self._nodes if isinstance(node, ValidationNode)):
                if kept == "restarted without snapshots":
                    node.machine.wipe()
                self._monkey.start_again(node)

    def check(self, reports: Sequence[ShardReport]) -> None:
        """The shard says what has become of it, and nothing that was published has changed."""
        said = [report for report in reports if report.shard == self._shard]
        noticed = [report for report in said if any(sign in report.detail for sign in SIGNS)]
        hold(bool(said) and noticed == said, "another log is noticed", reports)
        other = {
            upto: heads
            for upto, heads in _heads(self._site, self._shard).items()
            if upto >= len(self._heads) or heads != {self._heads[upto]}
        }  # a range that was sent before may come now
        hold(not other, "no verdict on another log", other)
        after = _published(self._site)
        changed = [key for key in after if after[key] != self._published[key]]
        hold(not changed, "nothing published changes with the log", changed)

    def _cut(self) -> str:
        """The end is lost."""
        self._site.broker.cut(CAST, self._shard, self._some(1))
        return "cut"

    def _write_on(self) -> str:
        """The end is lost, and others' records take its place, and more."""
        upto = self._some(1)
        lost = self._site.broker.cut(CAST, self._shard, upto)
        self._write([b"other %d" % number for number in range(lost + self._site.random.randrange(9))])
        return "written on"

    def _make_again(self) -> str:
        """The same log is founded again, and other records are in it."""
        self._site.broker.cut(CAST, self._shard, 0)
        founding = founding_record(LOG_ID, self._shard, self._site.shards, ROOT_KEY, ROOT)
        self._write([founding, *(b"other %d" % number for number in range(len(self._before) + 3))])
        return "made again"

    def _replace(self) -> str:
        """Another log stands there, with all that was in this one."""
        self._site.broker.cut(CAST, self._shard, 0)
        root_key = public_key(OTHER_ROOT)
        founding = founding_record(OTHER_LOG, self._shard, self._site.shards, root_key, OTHER_ROOT)
        self._write([founding, *self._before[1:]])
        return "replaced"

    def _some(self, least: int) -> int:
        return self._site.random.randrange(least, len(self._before))

    def _write(self, values: Sequence[bytes]) -> None:
        items = [Outgoing(CAST, self._shard, None, value) for value in values]
        self._site.broker.append(CAST, self._shard, items)


def _heads(site: Site, shard: int) -> dict[int, set[str]]:
    """Return the heads that were published for each number of records: one each."""
    heads: dict[int, set[str]] = {}
    for record in site.broker.partition(JUDGED, shard).records:
        judged = decode_judged(record.value)
        head = judged.head if isinstance(judged, ControlJudged) else judged.head.hex()
        heads.setdefault(judged.upto, set()).add(head)
    return heads


def _published(site: Site) -> dict[str, str]:
    """Return the newest result of each contest: an older one may come again after it."""
    newest: dict[str, Keyed] = {}
    for record in (record for partition in site.broker.partitions(PUBLISHED) for record in partition.keyed):
        before = newest.get(record.key)
        if before is None or standing_of(record.value).sequence >= standing_of(before.value).sequence:
            newest[record.key] = record
    return {key: standing_of(record.value).result_hash for key, record in newest.items()}
