"""A rehearsal from its subject to its reports, and what there is to say of it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.cli.rehearsal.check import differences
from services.cli.rehearsal.deployment import Deployment
from services.cli.rehearsal.run import Rehearsal, Seen
from services.cli.rehearsal.script import Mischief, Scene, script
from services.cli.rehearsal.subject import Subject
from services.cli.rehearsal.verdicts import Incoherent
from shared.contract.standings import Balance, Standing
from shared.rcv.reports.disk import write_files
from shared.runtime.watermark import Gap


@dataclass(frozen=True)
class Outcome:
    """What came of a rehearsal."""

    records: int
    balance: Balance
    retries: int
    """Requests that had to be sent again."""
    seconds: Mapping[str, float]
    """By step."""
    differences: Sequence[str]
    """None, if all is well."""
    killed: Sequence[str]
    written: Sequence[Path]


class Steps:
    """How long each step took."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.seconds: dict[str, float] = {}

    def done(self, step: str) -> None:
        """Note that a step is over, and the next one begins."""
        now = time.monotonic()
        self.seconds[step], self._began = now - self._began, now


async def rehearse(
    where: Deployment, subject: Subject, election: str, mischief: Mischief, out: Path, seen: Seen
) -> Outcome:
    """Rehearse a subject as the election of this id, and write its reports below `out`.

    Raises RehearsalFailed; OSError; ValueError if nothing can be reported of what came out.
    """
    scenes, steps = script(subject.contest, subject.papers, mischief), Steps()
    rehearsal = Rehearsal(where, subject, election, seen)
    await rehearsal.open()
    steps.done("open")
    await rehearsal.cast(scenes)
    steps.done("cast")
    standing = await rehearsal.close()
    steps.done("close")
    found, written = await _tell(rehearsal, subject, scenes, standing, out)
    steps.done("check and report")
    killed = [victim for scene in scenes for victim in scene.kills]
    return Outcome(
        len(subject.papers), standing.balance, rehearsal.retries, steps.seconds, found, killed, written
    )


async def _tell(
    rehearsal: Rehearsal, subject: Subject, scenes: Sequence[Scene], standing: Standing, out: Path
) -> tuple[Sequence[str], Sequence[Path]]:
    """Return what differs and the reports written: none where the logs cannot be followed."""
    try:
        box = await rehearsal.read_back(standing.watermark)
    except (Gap, Incoherent) as fault:
        return [str(fault)], []
    ballots = [ballot for scene in scenes for ballot in scene.ballots]
    found = await asyncio.to_thread(lambda: list(differences(subject, ballots, box, standing)))
    return found, await asyncio.to_thread(lambda: write_files(out, subject.reports(box.papers)))
