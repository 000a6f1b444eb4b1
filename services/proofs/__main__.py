"""`python -m services.proofs`: grow the trees of the log and serve proofs until SIGTERM or SIGINT."""

from services.proofs.app import create_app
from services.proofs.settings import ProofsSettings
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import run_server

if __name__ == "__main__":
    settings = ProofsSettings()
    run_server("proofs", create_app(settings), settings, ServerLimits())
