"""`python -m services.intake`: run intake until it is told to stop."""

from typing import Any, Final

import uvicorn

from services.intake.settings import IntakeSettings
from shared.runtime.process.overload import overload_protocol

SERVER: Final[dict[str, Any]] = {
    "access_log": False,
    "log_level": "warning",
    "timeout_graceful_shutdown": 10,
}

if __name__ == "__main__":
    settings = IntakeSettings()
    uvicorn.run(
        "services.intake.app:from_environment",
        factory=True,
        http=overload_protocol() or "httptools",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        **SERVER,
    )
