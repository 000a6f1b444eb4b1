"""`python -m services.results`: run results until it is told to stop."""

import uvicorn

from services.results.app import create_app
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from shared.runtime.telemetry import configure_logging

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
    Server(config, hub).run()
