"""One run from nothing to its report: a cluster, an election that is broken, and the truth about it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from services.cli.clients.ballots import CastingFailed
from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import Officer, OperatorClient, OperatorError
from tests.chaos import log
from tests.chaos.books import CONTESTS, ELECTION, Books, draw
from tests.chaos.cluster import Cluster, running
from tests.chaos.conduct import PATIENCE, Run
from tests.chaos.disk import can_mount
from tests.chaos.feed import Viewer
from tests.chaos.load import ChaosFailed, Gate, Load
from tests.chaos.monkey import Monkey
from tests.chaos.plan import Act, Counts, Kind, salvos
from tests.chaos.report import Report
from tests.chaos.truth import check_standings, expected_hashes, truth_of
from tests.support.elections import OFFICER, ROOT

HTTP_TIMEOUT_S: Final = 10.0
ROLL: Final = 1.06
"""Electors for each ballot asked for: some never vote, and the last ones come too late."""
SNAPSHOT_BYTES: Final = 200
"""An elector's part of the snapshots on a disk, generously: three files of a quarter of the electors, twice over."""
DISK_MIB: Final = 16


@dataclass(frozen=True)
class Options:
    """How many ballots are to be acknowledged at least, how many faults, from which seed, and for how long at most."""

    ballots: int
    counts: Counts
    seed: int
    minutes: float = inf
    net: bool = False
    """Every process is on a host of its own."""


async def run(options: Options, folder: Path, say: Callable[[str], None]) -> Report:
    """Hold an election in an empty folder, break it, and report. Raises ChaosFailed, and what starting it raises."""
    began_s = time.monotonic()
    books = draw(int(options.ballots * ROLL), options.seed)
    disk_mib = DISK_MIB + options.ballots * SNAPSHOT_BYTES // 2**20
    with (folder / "stack.log").open("w") as log_file:
        async with running(folder, Console(file=log_file), disk_mib, net=options.net) as cluster:
            say(f"three brokers and every service are up after {time.monotonic() - began_s:.0f} s")
            try:
                held = await _hold(cluster, books, options, say)
            except ExceptionGroup as group:
                raise _first(group, cluster) from group
            records = await log.read(cluster)
    held_s = time.monotonic() - began_s
    say(f"all has ended after {held_s:.0f} s; the log is judged and counted again")
    truth = truth_of(books, records.cast, records.judged)
    seen = [standing for viewer in held.viewers for standing in viewer.seen]
    check_standings(truth, seen, records.cast, say)
    faults = [*held.faults, *_wrong_ends(held, records)]
    facts = {
        **asdict(options),
        "minutes": None if options.minutes == inf else options.minutes,
        "seconds": round(held_s),
        "disks": "tmpfs" if can_mount() else "left out: mounting one needs root",
        **_facts(held),
    }
    return Report(facts, truth, held.monkey.log, faults)


async def _hold(cluster: Cluster, books: Books, options: Options, say: Callable[[str], None]) -> Run:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=HTTP_TIMEOUT_S, trust_env=False))
        ends = await stack.enter_async_context(log.ends_of(cluster))
        officer = Officer(KeyRing.of(OFFICER, ROOT), "chaos", "chaos")
        operator = OperatorClient(client, cluster.url("operator"), cluster.token, officer, PATIENCE)
        await operator.configure(books.election)
        await operator.open(ELECTION, books.life.whole_roll())
        viewers = [Viewer(cluster.url("results"), contest.id) for contest in CONTESTS]
        gate = Gate()
        shown = lambda: min(viewer.sequence for viewer in viewers)  # noqa: E731
        monkey = Monkey(cluster, ends.length, shown, asyncio.get_running_loop().time())
        held = Run(cluster, books, operator, viewers, monkey, ends, gate, say, options.minutes * 60)
        load = Load(client, cluster.url("intake"), books, gate)
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(viewer.watch()) for viewer in viewers]
            casting = tasks.create_task(load.run())
            await held.conduct(_plan(options))
            await casting
            await held.end()
            for watch in watching:
                watch.cancel()
    return held


def _plan(options: Options) -> list[list[Act]]:
    """Return the salvos, without full disks where none can be had."""
    plan = salvos(options.counts, options.seed)
    if not can_mount():
        plan = [[act for act in acts if act.kind is not Kind.DISK] for acts in plan]
    return [acts for acts in plan if acts]


def _wrong_ends(held: Run, records: log.Records) -> list[str]:
    """Return what the viewers saw that cannot be, and where the final standing is not what the books give."""
    found = [fault for viewer in held.viewers for fault in viewer.faults]
    expected = expected_hashes(held.books, records.cast)
    for viewer in held.viewers:
        last = viewer.seen[-1]
        if last.result_hash != expected[viewer.contest]:
            found.append(f"{viewer.contest}: the final standing is not what the clients' books give")
        if last.sequence != sum(map(len, records.cast)):
            found.append(f"{viewer.contest}: the final standing covers {last.sequence} records")
    return found


def _facts(held: Run) -> dict[str, Any]:
    books, net = held.books, held.cluster.net
    return {
        "requests": len(books.order),
        "recorded": books.recorded,
        "refused": books.refused,
        "refused_late": books.late,
        "requests_sent_again": books.retries,
        "orders": held.operator.orders,
        "orders_given_again": held.operator.repeats,
        "proposals_lost": held.lost_proposals,
        "answers_cut_off": sum(way.lost for way in held.cluster.ways.values()),
        "packets_on_bad_wires": 0 if net is None else net.packets,
        "packets_lost_on_purpose": 0 if net is None else net.packets_lost,
        "feed_interruptions": sum(viewer.returns for viewer in held.viewers),
    }


def _first(group: ExceptionGroup[Exception], cluster: Cluster) -> Exception:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    expected = isinstance(first, ChaosFailed | OperatorError | CastingFailed)
    return ChaosFailed(f"{first}\n{cluster.tails()}") if expected else group
