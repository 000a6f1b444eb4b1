"""A long-lived task ends only by being asked to; a log line that cannot be written ends none."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TextIO, cast

import pytest

from shared.runtime import supervision
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import LINES_LOST, LogStream
from shared.runtime.supervision import ENDED, Supervised

pytestmark = pytest.mark.asyncio


def ends_once(end: Callable[[], Any], began: list[float]) -> Callable[[], Coroutine[Any, Any, None]]:
    """Return work whose first start ends by itself; the next goes on."""

    async def work() -> None:
        began.append(asyncio.get_running_loop().time())
        if len(began) == 1:
            end()
            return
        await asyncio.get_running_loop().create_future()

    return work


def cancel_me() -> None:
    """Cancel the task that runs."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    raise asyncio.CancelledError


def fail() -> None:
    """Raise what nobody expects."""
    raise ZeroDivisionError("nobody expects it")


@pytest.mark.parametrize("end", [fail, cancel_me, lambda: None], ids=["raises", "is cancelled", "returns"])
async def test_what_ends_by_itself_is_on_ready_in_metrics_and_starts_again(
    end: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is well again after a time."""
    monkeypatch.setattr(supervision, "RESTART_S", 0.01)
    monkeypatch.setattr(supervision, "UNWELL_S", 2.0)
    health = Health()
    health.set("service", ready=True)
    began: list[float] = []
    before = ENDED.labels("a task")._value.get()
    task = Supervised("a task", ends_once(end, began))
    task.start()
    assert health.ready
    async with asyncio.timeout(10):
        while len(began) < 2:
            await asyncio.sleep(0.01)

    assert ENDED.labels("a task")._value.get() == before + 1
    assert not health.ready
    assert "ended by itself" in health.current()["a task"][1]
    async with asyncio.timeout(10):
        while not health.ready:
            await asyncio.sleep(0.05)
    await task.stop()
    await asyncio.sleep(0.05)
    assert len(began) == 2
    assert health.ready


async def test_a_task_that_is_asked_to_end_ends_without_a_word() -> None:
    """It is neither counted nor started again."""
    before = ENDED.labels("asked")._value.get()
    task = Supervised("asked", lambda: asyncio.sleep(3600))
    task.start()
    await asyncio.sleep(0)
    await task.stop()
    assert ENDED.labels("asked")._value.get() == before
    assert supervision.unwell() == {}


async def test_a_task_whose_cancellation_is_lost_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.11's `wait_for` does where the answer comes at the same time."""
    monkeypatch.setattr(supervision, "CANCEL_AGAIN_S", 0.01)
    ends: list[str] = []

    async def work() -> None:
        for lost in (True, False):
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                ends.append("lost" if lost else "asked again")
                if not lost:
                    raise

    task = Supervised("deaf", work)
    task.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await task.stop()
    assert ends == ["lost", "asked again"]


async def test_a_line_that_finds_no_room_is_counted_and_nothing_else() -> None:
    """/dev/full is a disk that is full."""
    before = LINES_LOST._value.get()
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115  closing would write what found no room
    stream = LogStream(cast("TextIO", full))
    assert stream.write(cast("str", b"a line\n")) == len("a line\n")
    full.close()
    stream.flush()
    assert LINES_LOST._value.get() == before + 2


LOGS_AND_GOES_ON = """
import structlog
from shared.runtime.process.telemetry import LINES_LOST, configure_logging
configure_logging("tests", "info")
log = structlog.get_logger()
try:
    1 / 0
except ZeroDivisionError:
    log.exception("shard stopped", shard=1)
log.warning("run ended")
print(int(LINES_LOST._value.get()) > 0)
"""


async def test_a_process_whose_log_is_on_a_full_disk_goes_on() -> None:
    """The line inside an `except` is lost, and the task goes on: this killed counting once."""
    with Path("/dev/full").open("wb") as full:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", LOGS_AND_GOES_ON],
            stderr=full,
            stdout=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert done.stdout.strip() == b"True"


async def test_without_a_file_handle_left_a_task_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """EMFILE ends the work; once there are handles it goes on."""
    monkeypatch.setattr(supervision, "RESTART_S", 0.01)
    opened: list[str] = []

    async def work() -> None:
        with Path("/dev/null").open("rb") as file:
            opened.append(file.name)
        await asyncio.get_running_loop().create_future()

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    task = Supervised("handles", work)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        task.start()
        await asyncio.sleep(0.05)
        assert opened == []
        assert "Too many open files" in task.unwell()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await asyncio.sleep(0.05)
    assert opened == ["/dev/null"]
    await task.stop()
