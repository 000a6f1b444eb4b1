"""Long-lived tasks: each ends only by being asked to.

Whatever else ends one (an exception, a return, a cancellation that nobody asked for) is logged, counted in /metrics, shown on
/ready for UNWELL_S, and followed by another start after RESTART_S.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final
from weakref import WeakSet

import structlog
from prometheus_client import Counter

RESTART_S: Final = 1.0
UNWELL_S: Final = 10.0
CANCEL_AGAIN_S: Final = 5.0
"""A task that is to end has so long for it before it is asked again: before Python 3.12 `asyncio.wait_for`, which Kafka's client
uses, loses a cancellation that comes together with the answer it waits for."""
ENDED = Counter("livecount_task_ended_total", "Times that a long-lived task ended by itself", ["task"])

log = structlog.get_logger()

_ALL: "WeakSet[Supervised]" = WeakSet()


class Supervised:
    """One long-lived task."""

    def __init__(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._asked_to_end = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unwell_until = 0.0
        self._why = ""
        _ALL.add(self)

    def start(self) -> None:
        """Begin; returns at once."""
        self._loop = asyncio.get_running_loop()
        self._asked_to_end = False
        self._launch()

    async def stop(self) -> None:
        """End the task, and wait until it has ended."""
        self._asked_to_end = True
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CANCEL_AGAIN_S)

    def unwell(self) -> str:
        """Return why the task ended, if it did within the last seconds; else nothing."""
        is_unwell = (
            self._loop is not None and self._loop.time() < self._unwell_until and not self._asked_to_end
        )
        return self._why if is_unwell else ""

    def runs_in(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether it was started in this loop."""
        return loop is not None and self._loop is loop

    @property
    def name(self) -> str:
        """What /ready and /metrics call it."""
        return self._name

    def _launch(self) -> None:
        if not self._asked_to_end:
            self._task = asyncio.create_task(self._work(), name=self._name)
            self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        fault = None if task.cancelled() else task.exception()
        if self._asked_to_end or not isinstance(fault, Exception | None):  # the whole process ends
            return
        loop = asyncio.get_running_loop()
        self._why = f"ended by itself: {'cancelled' if task.cancelled() else repr(fault)}; starts again"
        self._unwell_until = loop.time() + UNWELL_S
        loop.call_later(RESTART_S, self._launch)
        ENDED.labels(self._name).inc()
        log.error("task ended by itself", task=self._name, exc_info=fault)


def unwell() -> dict[str, str]:
    """Return the tasks of this process that ended by itself within the last seconds, and why."""
    loop = _running_loop()
    return {task.name: why for task in list(_ALL) if task.runs_in(loop) and (why := task.unwell())}


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
