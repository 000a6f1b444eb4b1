"""An event loop whose time is virtual and whose order a seed decides: the same seed, the same run.

Rule 1: callbacks of one process run in the order asyncio promises; which process runs next is drawn.
Rule 2: time passes only when nobody can run. Nothing waits for a real clock.
Rule 3: a process can be paused, or killed at any await: then its tasks are cancelled, and its ports are dead.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context
from random import Random
from typing import Any

from tests.simulation.process import PROCESS, Dead, Process, current

MAX_STEPS = 400_000
"""Callbacks in one run; more mean that something spins."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """As much of an event loop as asyncio's tasks, futures, locks and timeouts need."""

    def __init__(self, random: Random) -> None:
        self.world = Process("world")
        self.faults: list[BaseException] = []
        self.steps = 0
        self._draw = random.random
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = 0
        self._ready: list[Process] = []
        self.on_death: Callable[[Process], None] = self.kill

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run until `main`, of the world, is done; return or raise what it does."""
        asyncio._set_running_loop(self)
        try:
            done = self.spawn(self.world, main)
            while not done.done():
                self._step()
                if self.faults:
                    raise self.faults[0]
            return done.result()
        finally:
            asyncio._set_running_loop(None)

    def spawn(self, process: Process, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start a task of a process."""
        return self.create_task(coroutine, context=process.context)

    def call(self, process: Process, function: Callable[..., Any], *arguments: Any) -> None:
        """Let a process call a function, when its turn comes."""
        self.call_soon(function, *arguments, context=process.context)

    def close(self) -> None:
        """Let nothing be left that could still run."""
        asyncio._set_running_loop(self)
        try:
            while self._ready:
                self._step()
        finally:
            asyncio._set_running_loop(None)

    def kill(self, process: Process) -> None:
        """End a process as `kill -9` would: no code of it reaches the outside any more."""
        process.alive, process.paused, process.dies_at_step = False, False, -1
        if process.waiting and process not in self._ready:
            self._ready.append(process)
        for task in list(process.tasks):
            task.cancel()

    def pause(self, process: Process, *, paused: bool) -> None:
        """Stop a process where it is, or let it go on."""
        process.paused = paused
        if paused and process in self._ready:
            self._ready.remove(process)
        elif not paused and process.waiting and process not in self._ready:
            self._ready.append(process)

    def _step(self) -> None:
        ready = self._ready
        if not ready:
            self._pass_time()
            return
        place = int(self._draw() * len(ready))
        process = ready[place]
        handle = process.waiting.popleft()
        if not process.waiting:
            ready[place] = ready[-1]
            ready.pop()
        self.steps += 1
        process.steps += 1
        if process.steps == process.dies_at_step and process.alive:
            self.on_death(process)
        if not handle._cancelled:
            handle._run()
        assert self.steps < MAX_STEPS, f"{MAX_STEPS} steps and no end"

    def _pass_time(self) -> None:
        timers = self._timers
        assert timers, "nobody can ever run again"
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            handle = heapq.heappop(timers)[2]
            if not handle._cancelled:
                self._queue(handle)

    def _queue(self, handle: asyncio.Handle) -> None:
        process: Process = handle._context[PROCESS]  # type: ignore[attr-defined]
        process.waiting.append(handle)
        if len(process.waiting) == 1 and not process.paused:
            self._ready.append(process)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Queue a callback."""
        handle = asyncio.Handle(callback, args, self, context)
        self._queue(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Queue a callback after so many seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Queue a callback at a time."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is passed over when its time comes."""

    def run_in_executor(  # type: ignore[override]
        self, executor: None, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Call a function of a thread: some time later, in one piece, and not at all if its process is killed."""
        assert executor is None, "a process has one executor"
        future = self.create_future()
        self.call_later(self._draw() ** 4, self._call_in_thread, future, func, args)
        return future

    def _call_in_thread(
        self, future: "asyncio.Future[Any]", func: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        try:
            result = func(*args)
        except BaseException as fault:  # noqa: BLE001  whatever it is, it is for who waits
            if not future.cancelled():
                future.set_exception(fault)
        else:
            if not future.cancelled():
                future.set_result(result)

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """Start a task; it belongs to the process that starts it."""
        self._number += 1
        task: asyncio.Task[Any] = asyncio.Task(
            coro, loop=self, name=name or f"task {self._number:06}", context=context
        )
        tasks = (context[PROCESS] if context is not None else current()).tasks
        tasks[task] = None
        task.add_done_callback(lambda done: self._reap(done, tasks), context=context)
        return task

    def _reap(self, task: "asyncio.Task[Any]", tasks: "dict[asyncio.Task[Any], None]") -> None:
        tasks.pop(task, None)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, Dead):
            self.faults.append(fault)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught: the run fails by it."""
        fault = context.get("exception")
        if not isinstance(fault, Dead):
            self.faults.append(fault or RuntimeError(context.get("message")))

    def get_debug(self) -> bool:
        """Debugging is off."""
        return False

    def is_running(self) -> bool:
        """Whether it runs: asked by asyncio only while it does."""
        return True

    def is_closed(self) -> bool:
        """It is never closed."""
        return False
