"""`python -m services.intake`: run intake until it is stopped."""

from typing import Final

from services.intake.settings import IntakeSettings
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import run_server

LIMITS: Final = ServerLimits(drain_s=10)

if __name__ == "__main__":
    settings = IntakeSettings()
    run_server("intake", "services.intake.app:from_environment", settings, LIMITS, workers=settings.workers)
