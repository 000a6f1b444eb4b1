"""`python -m services.validation`: run validation until SIGTERM or SIGINT."""

from services.validation.app import create_app
from services.validation.settings import ValidationSettings
from shared.runtime.process.worker import run_worker

if __name__ == "__main__":
    settings = ValidationSettings()
    run_worker(create_app(settings), "validation", settings)
