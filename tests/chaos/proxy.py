"""A TCP proxy that can lose answers: what was asked has been forwarded, and nobody hears what came of it.

It listens on loopback before the server behind it is started, and passes bytes on unchanged. While `losing`, the first byte of
an answer ends its connection on both sides: the request was carried out, and the client does not know.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from infra.local.ports import LOOPBACK, free_ports

CHUNK_BYTES: Final = 64 * 1024


class Proxy:
    """Stands before a port, and ends `tls` for it if given; an async context. `lost` counts the answers that nobody heard."""

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.port = free_ports(1)[0]
        self.target = target
        self.losing = False
        self.lost = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, asked: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._join(asked, answer)
        finally:
            answer.close()
            self._connections.discard(task)

    async def _join(self, asked: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        answered, ask = await asyncio.open_connection(LOOPBACK, self.target)
        ways = [
            asyncio.create_task(_pass(asked, ask, lambda: False)),
            asyncio.create_task(_pass(answered, answer, lambda: self.losing)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if ways[1].done() and ways[1].result():
                self.lost += 1
                answer.transport.abort()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            ask.close()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter, losing: Callable[[], bool]) -> bool:
    """Pass bytes on until the source ends; return whether some were lost."""
    with suppress(OSError):
        while chunk := await source.read(CHUNK_BYTES):
            if losing():
                return True
            sink.write(chunk)
            await sink.drain()
    return False
