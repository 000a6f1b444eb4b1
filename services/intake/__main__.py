"""`python -m services.intake`: run intake until it is told to stop."""

import uvicorn

from services.intake.app import create_app
from services.intake.door import Door
from services.intake.settings import IntakeSettings
from shared.runtime.telemetry import configure_logging

DRAIN_S = 10

if __name__ == "__main__":
    settings = IntakeSettings()
    configure_logging("intake", settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=Door,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_S,
    )
