"""Keeps one part of a stack alive: says when it starts, when it is ready, and when it dies, and starts it again.

The pause before a new start doubles while a part keeps dying, to a limit; the part is never given up. Each part has one
worker thread, where its starts and stops queue: a stop cannot overtake a start.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from infra.local.jars import JarError
from infra.local.process import Child, ChildFailedError

LOOK_S: Final = 0.1
FIRST_PAUSE_S: Final = 0.1
LAST_PAUSE_S: Final = 5.0
STEADY_S: Final = 30.0


class Part(Protocol):
    """Something that starts and stops by blocking calls, and is one process or more."""

    @property
    def children(self) -> Sequence[Child]:
        """Its processes."""

    def start(self) -> None:
        """Start what does not run of it, and wait until it is ready."""

    def stop(self) -> None:
        """Stop it, within a bound."""


def next_pause(pause_s: float, lived_s: float) -> float:
    """Return the pause after the next death, given this death's pause and how long the part had been ready."""
    return FIRST_PAUSE_S if lived_s >= STEADY_S else min(2 * pause_s, LAST_PAUSE_S)


class Kept:
    """A part under supervision; `say` takes news of it."""

    def __init__(self, name: str, part: Part, say: Callable[[str], None]) -> None:
        self._part = part
        self._say = say
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def start(self) -> None:
        """Start it, wait until it is ready, and say how long that took. Raises what the part raises."""
        self._say("starting")
        began = time.monotonic()
        await self._work(self._part.start)
        self._say(f"ready after {time.monotonic() - began:.1f} s")

    async def stop(self) -> None:
        """Stop it for good, whatever it was doing."""
        for child in self._part.children:
            child.send(signal.SIGTERM)  # ends a start that still waits
        await self._work(self._part.stop)
        self._worker.shutdown()
        self._say("stopped")

    async def keep(self) -> None:
        """Start it again whenever it dies, until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            ready_at = time.monotonic()
            while all(child.running for child in self._part.children):  # noqa: ASYNC110 - a process raises no event
                await asyncio.sleep(LOOK_S)
            dead = [child for child in self._part.children if not child.running]
            endings = ", ".join(f"{child.name} died of {child.ending}" for child in dead)
            self._say(f"{endings}; it starts again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = next_pause(pause_s, time.monotonic() - ready_at)
            try:
                await self.start()
            except (ChildFailedError, JarError, OSError) as error:
                self._say(str(error))

    async def _work(self, action: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._worker, action)
