"""Orders that were signed ahead of their time: kept on the disk, and written when due.

Rule 1: what is kept is signed already; when it is written is all that is decided here. Nothing is written early.
Rule 2: each is kept in a file of its own before its last signature is acknowledged, and forgotten once its verdict is there: so a
        process that starts again takes up where the last one ended, and one that ended in between writes the same bytes again.
Rule 3: an order names the one it follows. If another came first, it does not fit any more: it is not written, and the console
        says so until it is taken out and signed anew.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from pydantic import AwareDatetime

from shared.contract.elections import Frozen
from shared.contract.events import ElectionClosed, ElectionOpened, SignedRecord
from shared.runtime.disk import Disk, write_whole

MAX_KEPT: Final = 100
log = structlog.get_logger()


class Scheduled(Frozen):
    """A signed order and when it is due."""

    due: AwareDatetime
    record: SignedRecord

    @property
    def control(self) -> ElectionOpened | ElectionClosed:
        """The order itself."""
        content = self.record.content()
        assert isinstance(content, ElectionOpened | ElectionClosed), "openings and closings are kept"
        return content


class Schedule:
    """What is kept, by control id, in a folder; `now` is the clock that says when something is due."""

    def __init__(self, disk: Disk, folder: Path, now: Callable[[], datetime]) -> None:
        self.now = now
        self._disk = disk
        self._folder = folder
        self._kept: dict[str, Scheduled] = {}
        for name in disk.names(folder):
            if name.endswith(".json"):
                self._load(folder / name)

    @property
    def kept(self) -> Mapping[str, Scheduled]:
        """Everything that is kept."""
        return self._kept

    def of(self, election: str) -> list[Scheduled]:
        """Return what is kept of an election, in the order in which it is due."""
        found = [of for of in self._kept.values() if of.control.election == election]
        return sorted(found, key=lambda of: of.due)

    def due(self) -> list[Scheduled]:
        """Return what is to be written by now, in order."""
        return sorted((of for of in self._kept.values() if of.due <= self.now()), key=lambda of: of.due)

    def keep(self, scheduled: Scheduled) -> None:
        """Keep an order; it is safe on the disk when this returns. Raises OSError, ValueError if there are too many."""
        if len(self._kept) >= MAX_KEPT:
            raise ValueError(f"{MAX_KEPT} orders are scheduled already")
        path = self._path(scheduled.control.control_id)
        write_whole(self._disk, path, [scheduled.model_dump_json().encode()])
        self._disk.sync_folder(self._folder)
        self._kept[scheduled.control.control_id] = scheduled

    def forget(self, control_id: str) -> None:
        """Forget an order. Raises OSError."""
        self._disk.remove(self._path(control_id))
        self._kept.pop(control_id, None)

    def _path(self, control_id: str) -> Path:
        return self._folder / f"{control_id}.json"

    def _load(self, path: Path) -> None:
        try:
            found = Scheduled.model_validate_json(self._disk.read(path))
            self._kept[found.control.control_id] = found
        except (ValueError, AssertionError) as fault:
            log.warning("scheduled order cannot be read", file=str(path), fault=str(fault))
