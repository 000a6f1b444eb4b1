"""How a service is served: it ends when it is asked to, and says the time."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest
from starlette.applications import Starlette

from infra.local import ports
from infra.local.process import wait_until
from shared.runtime.process import server as serving
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import Server, listen, server_config

BOUND_S = 20.0
FOR_LONG_S = 600.0


@asynccontextmanager
async def served(server: Server) -> AsyncIterator[tuple[int, "asyncio.Task[None]"]]:
    """Serve; give the port, and what is done once the server has ended."""
    with listen("127.0.0.1", 0, ServerLimits()) as listening:
        ended = asyncio.create_task(server.serve([listening]))
        async with asyncio.timeout(BOUND_S):
            while not server.started:
                await asyncio.sleep(0.01)
        yield listening.getsockname()[1], ended
        server.should_exit = True
        await asyncio.wait_for(ended, BOUND_S)


@pytest.mark.asyncio
async def test_who_is_to_end_is_woken_and_streams_are_closed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another thread asks."""
    monkeypatch.setattr(serving, "DATE_EVERY_S", FOR_LONG_S)
    left = list[bool]()
    server = Server(server_config(Starlette(), ServerLimits()), lambda: left.append(True))
    async with served(server) as (_, ended):
        assert not left
        threading.Thread(target=setattr, args=(server, "should_exit", True)).start()
        await asyncio.wait_for(ended, BOUND_S)
        assert left == [True]


@pytest.mark.asyncio
async def test_answers_say_the_time_to_the_second() -> None:
    """It is set once a second, not for each answer."""
    server = Server(server_config(Starlette(), ServerLimits()))
    async with served(server) as (port, _), asyncio.timeout(BOUND_S):
        first = await _date(port)
        while (await _date(port) - first).total_seconds() < 2:
            await asyncio.sleep(0.1)


async def _date(port: int) -> datetime:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    return parsedate_to_datetime(
        dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])["date"]
    )


SERVER = """
import sys
from shared.runtime.process import server
from shared.runtime.process.connections import ServerLimits
from shared.runtime.settings import Settings
from starlette.applications import Starlette
server.DATE_EVERY_S = 600.0
server.run_server("test", Starlette(), Settings(port=int(sys.argv[1])), ServerLimits(), leaving=lambda: print("leaving"))
"""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_wakes_a_server_that_nobody_asks_anything(asked: signal.Signals) -> None:
    """It would otherwise end with the next second, or when somebody connects."""
    (port,) = ports.free_ports(1)
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], stdout=subprocess.PIPE)
    try:
        ask = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        assert wait_until(lambda: ports.answers(port, ask), BOUND_S)
        process.send_signal(asked)
        assert process.communicate(timeout=BOUND_S)[0] == b"leaving\n"
    finally:
        process.kill()
