"""`python -m services.results`: run results until SIGTERM or SIGINT."""

from services.results.app import create_app
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import run_server

if __name__ == "__main__":
    settings = ResultsSettings()
    hub = Hub()
    limits = ServerLimits(send_timeout_s=settings.send_timeout_s)
    run_server("results", create_app(settings, hub), settings, limits, leaving=hub.close)
