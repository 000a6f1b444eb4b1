"""`python -m services.results`: run results until SIGTERM or SIGINT."""

from services.results.app import create_app
from services.results.hub import Hub, Slots
from services.results.settings import ResultsSettings
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import run_server

if __name__ == "__main__":
    settings = ResultsSettings()
    hub = Hub(Slots(settings.max_clients, settings.max_clients_per_address))
    limits = ServerLimits(send_timeout_s=settings.send_timeout_s, framed=True)
    run_server("results", create_app(settings, hub), settings, limits, leaving=hub.close)
