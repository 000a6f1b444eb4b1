"""Results' server: what becomes of the connection of a client that takes nothing."""

import asyncio
import socket
from itertools import count

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.results.feed import Frame, frame
from services.results.hub import Hub
from services.results.stream import live
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import Server, listen, server_config
from tests.support.standings import standing

KEY = standing(1, Phase.OPEN).key
SEND_TIMEOUT_S = 0.5
BOUND_S = 20.0
LARGE = 200_000
"""Bytes: more than the kernel holds for a connection after some standings."""


def large(times: int) -> Frame:
    """Return a standing with white space after it, as JSON allows."""
    return frame(encode(standing(times, Phase.OPEN)) + b" " * LARGE, 0)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel has no such bound")
@pytest.mark.asyncio
async def test_the_connection_of_a_client_that_takes_nothing_is_ended_with_bytes_still_held_for_it() -> None:
    """Otherwise each one costs a descriptor and its buffers for as long as it likes."""
    hub = Hub()

    async def stream(request: Request) -> Response:
        return live(request, hub, KEY, SEND_TIMEOUT_S)

    limits = ServerLimits(send_timeout_s=SEND_TIMEOUT_S)
    site = Starlette(routes=[Route("/", stream)])
    server = Server(server_config(site, limits, lifespan="off"), hub.close)
    listening = listen("127.0.0.1", 0, limits)
    serving = asyncio.create_task(server.serve([listening]))
    async with asyncio.timeout(BOUND_S):
        while not server.started:
            await asyncio.sleep(0.01)
    with socket.create_connection(listening.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        async with asyncio.timeout(BOUND_S):
            while not hub.clients:
                await asyncio.sleep(0.01)
            numbers = count(1)
            while hub.clients:
                hub.offer(large(next(numbers)))
                await asyncio.sleep(0.01)
            while server.server_state.connections:
                await asyncio.sleep(0.05)
    server.should_exit = True
    await asyncio.wait_for(serving, BOUND_S)
