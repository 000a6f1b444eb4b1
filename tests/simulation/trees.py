"""The follower of proofs on the simulated log, disk and clock: killed at any await, at any call of its disk, and with its power.

It runs apart from the deployment of run.py: verdicts come from a log that was judged before, some of them twice.

Rule 1: whoever reads the checkpoint sees one root for each size, that of the log, and none that takes an earlier one back.
Rule 2: every tile that a shown checkpoint needs is there, also after a loss of power.
Rule 3: left alone, it comes to the end of the log.
"""

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from services.proofs.files import TreeFiles
from services.proofs.notes import read_checkpoint
from services.proofs.pairs import PairedSource
from services.proofs.shard import ShardTree
from services.proofs.tiles import TiledTree, check_tiles
from services.proofs.tree import root_hash
from shared.runtime.follower import Limits
from shared.runtime.log import Outgoing
from shared.runtime.process.health import Health
from shared.runtime.shards import Shards, Work
from shared.runtime.snapshots import Snapshots
from tests.simulation.broker import Broker, Rates
from tests.simulation.disk import Machine, SimDisk
from tests.simulation.invariants import CAST, JUDGED, Violation, hold
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import SimLog
from tests.simulation.process import Process
from tests.simulation.transcript import prepared
from tests.support.elections import LOG_ID, ROOT
from tests.support.evidence import judged, picnic
from tests.support.proofs import FOLDER, FilesInMemory, pairs, signer

HARM_S: Final = 20.0
SETTLE_S: Final = 120.0
LOOK_S: Final = 0.1


class TreeWorld:
    """One run: a log that comes bit by bit, one process that follows it, and what goes wrong; all drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._loop = VirtualLoop(self._random)  # type: ignore[abstract]  # as much of a loop as is needed
        self._broker = Broker(self._loop, self._random, lambda *_: None)
        for topic in (CAST, JUDGED):
            self._broker.create(topic, 1)
        self._machine = Machine(self._random, self._broker.occurs)
        self._process = Process("proofs")
        self._process.alive = False
        self._files: TreeFiles | None = None
        self._cast, self._judged, self._roots = _log(seed % 3, self._random.choice((1, 3, 20)))
        self._shown = 0
        self._healed = False
        self._loop.on_death = self._die

    def violation(self) -> str | None:
        """Run to the end; return what did not hold."""
        try:
            with prepared(None):
                self._loop.run(self._live())
        except Violation as found:
            return str(found)
        finally:
            self._loop.kill(self._process)
            self._loop.kill(self._loop.world)
            self._loop.close()
        return None

    async def _live(self) -> None:
        self._broker.rates = Rates(away=self._random.choice((0.0, 0.02)), slow_s=0.05)
        self._start()
        tasks = [self._loop.spawn(self._loop.world, of) for of in (self._feed(), self._harm(), self._look())]
        await tasks[0]
        await tasks[1]
        self._healed = True
        self._broker.rates = Rates(slow_s=0.005)
        self._machine.full_rate = 0.0
        self._process.dies_at_step = -1
        if not self._process.alive:
            self._start()
        self._disk.dies_at_call = -1
        deadline = self._loop.time() + SETTLE_S
        while self._shown < max(self._roots):
            hold(self._loop.time() < deadline, "proofs come to the end of the log", f"{self._shown} leaves")
            await asyncio.sleep(LOOK_S)
        tasks[2].cancel()

    def _start(self) -> None:
        if self._process.alive:
            return
        process = self._process = Process("proofs")
        self._disk = disk = SimDisk(self._machine, process)
        disk.die = lambda: self._die(process)
        files = TreeFiles(FOLDER, signer(0), ROOT, disk)
        log = _Pairs(self._broker, process, files)
        limits = Limits(
            batch_records=self._random.choice((1, 4, 50)),
            wait_ms=200,
            tick_ms=self._random.choice((0, 100, 1_000)),
            snapshot_every_s=self._random.choice((0.0, 0.5, 3.0)),
        )

        def tree(shard: int) -> ShardTree:
            made = ShardTree(LOG_ID, shard, files, files.load())
            self._files = files
            return made

        snapshots = Snapshots(Path("/snapshots"), "tree/1", disk, "1")
        shards = Shards(Work("proofs", JUDGED, tree, snapshots, limits), log, "1", Health())

        async def run() -> None:
            shards.begin([0])

        self._loop.spawn(process, run())

    async def _feed(self) -> None:
        """Append cast records, then their verdicts; some verdicts again, as a restart of validation does."""
        broker, random = self._broker, self._random
        records = [Outgoing(CAST, 0, None, value) for value in self._cast]
        broker.append(CAST, 0, records)
        for place, value in enumerate(self._judged):
            await asyncio.sleep(random.random() * HARM_S / len(self._judged))
            broker.append(JUDGED, 0, [Outgoing(JUDGED, 0, None, value)])
            if random.random() < 0.05:
                again = self._judged[max(0, place - 2) : place + 1]
                broker.append(JUDGED, 0, [Outgoing(JUDGED, 0, None, of) for of in again])

    async def _harm(self) -> None:
        random = self._random
        self._machine.full_rate = random.choice((0.0, 0.0, 0.05))
        until = self._loop.time() + HARM_S / 2
        while self._loop.time() < until:
            await asyncio.sleep(random.random() * 2)
            if not self._process.alive:
                continue
            act = random.choice(("kill", "step", "disk", "disk", "power"))
            if act == "step":
                self._process.dies_at_step = self._process.steps + random.randint(1, 40)
            elif act == "disk":
                self._disk.dies_at_call = self._disk.calls + random.randint(1, 25)
            else:
                self._die(self._process)
                if act == "power":
                    self._machine.lose_power()

    def _die(self, process: Process) -> None:
        self._loop.kill(process)
        if not self._healed:
            context = self._loop.world.context
            self._loop.call_later(self._random.random(), self._start, context=context)

    async def _look(self) -> None:
        """Read the checkpoint now and then, as anybody can, and every tile that it needs."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._files is None or not self._process.alive or not self._files.note:
                continue
            found = read_checkpoint(self._files.note, signer(0))
            hold(self._roots.get(found.size) == found.root, "one root for each size", found.size)
            hold(found.size >= self._shown, "no checkpoint is taken back", f"{self._shown} {found.size}")
            if found.size > self._shown:
                self._shown = found.size
                try:
                    check_tiles(_Disk(self._machine), found.size, found.root)
                except (ValueError, LookupError) as fault:
                    raise Violation(f"a shown checkpoint has its tiles: {fault}") from fault


class _Pairs:
    """The log as the follower reaches it, and files in the place of a producer."""

    def __init__(self, broker: Broker, process: Process, files: TreeFiles) -> None:
        self._logs = [SimLog(broker, process, topic) for topic in (JUDGED, CAST)]
        self._files = files

    def source(self, shard: int) -> PairedSource:
        """Return a shard to follow."""
        return PairedSource(*[log.source(shard) for log in self._logs])

    async def open_sink(self) -> TreeFiles:
        """Return where files go."""
        return self._files

    async def newest(self, topic: str, shard: int, records: int) -> Sequence[bytes]:
        """Return the last records of a shard."""
        return await self._logs[0].newest(topic, shard, records)


class _Disk:
    """Files as anybody sees them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self, path: str) -> bytes | None:
        """Return a file."""
        file = self._machine.names.get(FOLDER / path)
        return None if file is None else file.content


@cache
def _log(seed: int, together: int) -> tuple[list[bytes], list[bytes], dict[int, bytes]]:
    """Return a shard's cast records, their verdicts, and the root of the log at each size that a verdict's record ends at."""
    cast = picnic(seed, shards=1, steps=150).cast[0]
    verdicts = judged(0, cast, 1, together)
    tree = ShardTree(LOG_ID, 0, FilesInMemory(), None)
    roots = {}
    for value in pairs(cast, verdicts):
        tree.apply([value])
        grown: TiledTree = tree.tree
        roots[grown.size] = root_hash(grown.size, grown.node)
    return cast, verdicts, roots
