"""`python -m services.results`: run results until it is told to stop.

Rule: a connection that takes nothing for `send_timeout_s` is ended by the kernel (TCP_USER_TIMEOUT, where it has one), for
      the server would keep it open until what it holds has been taken.
"""

import socket

import uvicorn

from services.results.app import create_app
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from shared.runtime.process.telemetry import configure_logging

DRAIN_S = 5


class Server(uvicorn.Server):
    """Says goodbye on the live feed before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """End the live connections, then the server."""
        self._hub.close()
        await super().shutdown(sockets)  # type: ignore[arg-type]


def listen(config: uvicorn.Config, send_timeout_s: float) -> socket.socket:
    """Return the socket to serve on; its connections inherit the bound."""
    listening = config.bind_socket()
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * send_timeout_s))
    return listening


if __name__ == "__main__":
    settings = ResultsSettings()
    configure_logging("results", settings.log_level)
    hub = Hub()
    config = uvicorn.Config(
        create_app(settings, hub),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_S,
    )
    Server(config, hub).run(sockets=[listen(config, settings.send_timeout_s)])
