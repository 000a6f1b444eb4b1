"""Honest readiness: a process is ready when every part of it has said so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Health:
    """What each part of a process last said of itself."""

    parts: dict[str, tuple[bool, str]] = field(default_factory=dict)

    def set(self, part: str, *, ready: bool, detail: str = "") -> None:
        """Record what a part says."""
        self.parts[part] = (ready, detail)

    def forget(self, part: str) -> None:
        """Drop a part that has moved elsewhere."""
        self.parts.pop(part, None)

    @property
    def ready(self) -> bool:
        """Whether there are parts and all are ready."""
        return bool(self.parts) and all(ready for ready, _ in self.parts.values())

    def as_json(self) -> Mapping[str, object]:
        """Return readiness, every part's word, and by which launch of a deployment this process was started."""
        parts = {name: {"ready": ready, "detail": detail} for name, (ready, detail) in self.parts.items()}
        return {"ready": self.ready, "launch": os.environ.get("LIVECOUNT_LAUNCH", ""), "parts": parts}


def health_routes(health: Health) -> list[Route]:
    """Return /live, /ready (200 or 503) and /metrics."""

    def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    def ready(_: Request) -> Response:
        return JSONResponse(health.as_json(), status_code=200 if health.ready else 503)

    def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/live", live), Route("/ready", ready), Route("/metrics", metrics)]
