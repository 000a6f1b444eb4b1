"""Honest readiness: a process is ready when every part of it has said so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Readiness = tuple[bool, str]
"""Whether a part is ready, and what it has to say."""


@dataclass
class Health:
    """What each part of a process last said of itself, and whom to ask."""

    parts: dict[str, Readiness] = field(default_factory=dict)
    watched: dict[str, Callable[[], Readiness]] = field(default_factory=dict)

    def set(self, part: str, *, ready: bool, detail: str = "") -> None:
        """Record what a part says."""
        self.parts[part] = (ready, detail)

    def watch(self, part: str, ask: Callable[[], Readiness]) -> None:
        """Ask a part each time that readiness is asked for."""
        self.watched[part] = ask

    def current(self) -> dict[str, Readiness]:
        """Return every part's word."""
        return {**self.parts, **{part: ask() for part, ask in self.watched.items()}}

    @property
    def ready(self) -> bool:
        """Whether there are parts and all are ready."""
        current = self.current()
        return bool(current) and all(ready for ready, _ in current.values())

    def as_json(self) -> Mapping[str, object]:
        """Return readiness and every part's word."""
        parts = {name: {"ready": ready, "detail": detail} for name, (ready, detail) in self.current().items()}
        return {"ready": self.ready, "parts": parts}
