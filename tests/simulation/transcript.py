"""The transcript of a run, for those who want to see why a seed fails; and the harness kept quiet for the rest."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.audit import ledger
from services.intake import ends
from services.operator import service
from services.results import hub
from shared.runtime import follower, projection, shards, snapshots, supervision
from tests.simulation.broker import Record
from tests.simulation.loop import VirtualLoop
from tests.simulation.memory import decode_cast_once
from tests.simulation.process import current

MAX_SHOWN_BYTES = 160
POLL_MS = 2_000
LOOK_EVERY_S = 0.2
"""A projection at the end of its topic is woken by news; only the clock is spared."""
LOGGING = (follower, shards, snapshots, projection, supervision, hub, ends, service)
_SHOWN = re.compile(
    rb'"(?:type|effect|why|phase|watermark|since|upto|elector|candidate|control_id)":'
    rb'(?:"[^"]*"|\[[0-9,]*\]|[0-9]+)'
)


class Transcript:
    """Every record appended and every line logged in a run, with virtual time and process."""

    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None
        self.lines: list[str] = []

    def record(self, topic: str, partition: int, record: Record) -> None:
        """Write down an appended record."""
        noun = ".".join(topic.split(".")[2:4])
        shown = b" ".join(_SHOWN.findall(record.value)) if record.value[:1] == b"{" else record.value
        self._write(
            f"{noun}[{partition}] {record.offset}: {shown[:MAX_SHOWN_BYTES].decode(errors='replace')}"
        )

    def log(self, event: str, **fields: Any) -> None:
        """Write down a line that was logged."""
        shown = " ".join(f"{name}={value}" for name, value in fields.items())
        self._write(f"{current().name}: {event} {shown}")

    def _write(self, line: str) -> None:
        now_s = 0.0 if self.loop is None else self.loop.time()
        self.lines.append(f"{now_s:9.3f} {line}")


class _Logger:
    def __init__(self, transcript: Transcript | None) -> None:
        write = _nothing if transcript is None else transcript.log
        self.debug = self.info = self.warning = self.error = self.exception = write


def _nothing(event: str, **fields: Any) -> None:
    """Write nothing."""


@contextmanager
def prepared(transcript: Transcript | None) -> Iterator[None]:
    """Put a logger of our own in the place of the harness's for as long as a run lasts, and let nobody read twice."""
    logger: Any = _Logger(transcript)
    changes: list[tuple[Any, str, Any]] = [(module, "log", logger) for module in LOGGING]
    changes += [(ledger, "decode_cast", decode_cast_once), (projection, "POLL_MS", POLL_MS)]
    changes += [(projection, "AT_REST_MS", POLL_MS), (hub, "LOOK_EVERY_S", LOOK_EVERY_S)]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    try:
        for module, name, value in changes:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
