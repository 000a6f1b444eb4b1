"""A process of the simulation: what waits in it, and whether it lives."""

import asyncio
from collections import deque
from contextvars import Context, ContextVar, copy_context
from typing import Any


class Dead(BaseException):
    """What a killed process gets from every port it still touches."""


class Process:
    """A process as the loop knows it: callbacks that wait, tasks, and whether it lives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.paused = False
        self.steps = 0
        self.dies_at_step = -1
        self.waiting: deque[asyncio.Handle] = deque()
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)

    def check(self) -> None:
        """Raise Dead if it was killed: called by every port before it does anything."""
        if not self.alive:
            raise Dead


PROCESS: ContextVar[Process] = ContextVar("process")


def current() -> Process:
    """Return the process whose code runs."""
    return PROCESS.get()
