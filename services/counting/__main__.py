"""`python -m services.counting`: run counting until SIGTERM or SIGINT."""

from services.counting.app import create_app
from services.counting.settings import CountingSettings
from shared.runtime.process.worker import run_worker

if __name__ == "__main__":
    settings = CountingSettings()
    run_worker(create_app(settings), "counting", settings)
