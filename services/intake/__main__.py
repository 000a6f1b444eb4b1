"""`python -m services.intake`: run intake until it is told to stop."""

from typing import Any, Final

import uvicorn

from services.intake.overload import OverloadProtocol
from services.intake.settings import IntakeSettings

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
        http=OverloadProtocol,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        **SERVER,
    )
