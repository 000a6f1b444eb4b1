"""Readiness: a process is ready when there are parts and every one of them is ready."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.runtime.supervision import unwell

Readiness = tuple[bool, str]
"""Whether a part is ready, and details."""


@dataclass
class Health:
    """The readiness of each part of a process: as last set, or as asked for when it is needed."""

    parts: dict[str, Readiness] = field(default_factory=dict)
    watched: dict[str, Callable[[], Readiness]] = field(default_factory=dict)

    def set(self, part: str, *, ready: bool, detail: str = "") -> None:
        """Record a part's readiness."""
        self.parts[part] = (ready, detail)

    def watch(self, part: str, ask: Callable[[], Readiness]) -> None:
        """Call `ask` each time that readiness is asked for."""
        self.watched[part] = ask

    def current(self) -> dict[str, Readiness]:
        """Return every part's readiness, and the tasks that ended by itself."""
        tasks = {name: (False, why) for name, why in unwell().items()}
        return {**self.parts, **{part: ask() for part, ask in self.watched.items()}, **tasks}

    @property
    def ready(self) -> bool:
        """Whether there are parts, and all are ready."""
        current = self.current()
        return bool(current) and all(ready for ready, _ in current.values())

    def as_json(self) -> Mapping[str, object]:
        """Return the process's readiness, every part's, and by which launch of a deployment it was started."""
        parts = {name: {"ready": ready, "detail": detail} for name, (ready, detail) in self.current().items()}
        return {"ready": self.ready, "launch": os.environ.get("LIVECOUNT_LAUNCH", ""), "parts": parts}
