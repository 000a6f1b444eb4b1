"""The tile "Are all accepted ballots counted?", held to the truth by the very function that the console and the API show.

A monitor hears each shard's report every second: late, in another order, or not at all. Whenever the tile says yes, every
ballot that was accepted among those that the log held at the time it speaks of is in a standing of each contest.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from random import Random

from services.operator.counted import SILENT_S, Tile, all_counted
from services.operator.monitor import MonitorFigures, figures_of
from services.operator.service import OperatorService
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.standings import Standing
from shared.runtime.process.telemetry import ShardReport
from tests.simulation.auditor import Auditor
from tests.simulation.invariants import hold
from tests.simulation.loop import VirtualLoop
from tests.simulation.nodes import Node

REPORT_EVERY_S = 1.0
LATE_S = (0.0, 0.0, 0.05, 0.5, 3.0)
"""How late a report may come to the monitor, at most."""
LOST = 0.05
DEAF = 0.1
"""The part of the runs in which the monitor hears nothing any more from a time on."""
DEAF_AFTER_S = 6.0
ROUNDS = "counting.rounds"


class TileWatch:
    """A monitor, and what the log held when."""

    def __init__(self, loop: VirtualLoop, random: Random, auditor: Auditor) -> None:
        self._loop = loop
        self._random = random
        self._auditor = auditor
        self._appended_s: list[list[float]] = [[] for _ in range(auditor.shards)]
        self._newest: dict[tuple[str, int], tuple[ShardReport, float]] = {}
        self._rounds: dict[str, list[int]] = {}
        """By contest key, the furthest that rounds have reported, shard by shard."""
        self._deaf_from_s = random.random() * DEAF_AFTER_S if random.random() < DEAF else float("inf")

    def appended(self, shard: int) -> None:
        """Note when a shard's next cast record came to the log."""
        self._appended_s[shard].append(self._loop.time())

    def hear(self, nodes: Iterable[Node]) -> None:
        """Take a report of every shard of the processes that run; each comes when it comes, or never."""
        if self._loop.time() >= self._deaf_from_s:
            return
        for node in nodes:
            if not node.alive or node.process.paused:
                continue
            late_s = self._random.random() * self._random.choice(LATE_S)
            for member in node.members.values():
                for report in member.reports():
                    if self._random.random() >= LOST:
                        self._loop.call_later(
                            late_s, self._take, report, self._loop.time(), context=self._loop.world.context
                        )

    def look(self, service: OperatorService) -> None:
        """Ask the tile of every election that an operator knows, and hold it to the truth."""
        if self._auditor.blind:
            return
        figures = self._figures()
        for announced in service.log.elections.newest.values():
            standings = service.standings_of(announced)
            tile = all_counted(announced, standings, figures)
            self._auditor.occurred[f"the tile said {tile.answer}"] += 1
            if tile.answer == "Yes":
                self._check(announced, standings, tile)
                is_deaf = self._loop.time() > self._deaf_from_s + SILENT_S + max(LATE_S)
                hold(not is_deaf, "the tile: a monitor that hears nothing knows nothing", announced.phase)

    def _take(self, report: ShardReport, at_s: float) -> None:
        self._newest[report.service, report.shard] = report, at_s
        if report.service == ROUNDS:
            for key, covered in report.covered.items():
                before = self._rounds.get(key, [])
                self._rounds[key] = [max(pair) for pair in zip_longest(before, covered, fillvalue=0)]

    def _figures(self) -> MonitorFigures:
        now_s = self._loop.time()
        return MonitorFigures(
            shards=[
                figures_of(report, now_s - at_s, per_second=0.0, so_far=0)
                for report, at_s in self._newest.values()
            ]
        )

    def _check(self, announced: ElectionAnnounced, standings: dict[str, Standing], tile: Tile) -> None:
        truth = self._auditor.truths[announced.definition.id]
        spoken_of_s = self._loop.time() - tile.as_of_s
        due = [
            truth.accepted_upto(shard, bisect_left(times, spoken_of_s))
            for shard, times in enumerate(self._appended_s)
        ]
        trails = announced.definition.live_tallies and announced.phase is not Phase.CLOSED
        for contest in announced.definition.contests:
            standing = standings[contest.id]
            counted: Sequence[int] = self._rounds.get(standing.key, ()) if trails else ()
            covered = [max(pair) for pair in zip_longest(standing.watermark, counted, fillvalue=0)]
            hold(
                all(upto >= needed for upto, needed in zip(covered, due, strict=True)),
                "the tile says yes, and all that was accepted is counted",
                f"{standing.key} as of {spoken_of_s:.2f} s: counted {covered}, accepted up to {due}",
            )
