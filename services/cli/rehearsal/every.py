"""Many configurations on one deployment, each held against what `tabulate` writes of it, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from services.cli.rehearsal.deployment import Deployment
from services.cli.rehearsal.run import rehearse
from services.cli.rehearsal.script import Disturbances
from services.cli.rehearsal.subject import NotLive, Subject, configured
from shared.rcv.formats import rctab
from shared.rcv.formats.records import FormatError
from shared.rcv.reports.tabulated import Stamp
from shared.rcv.tabulation import tabulate_configuration

STAMP = Stamp("Livecount", "rehearsal", "2026-01-01T00:00:00Z")


class Row(NamedTuple):
    """What became of one configuration."""

    config: Path
    verdict: Literal["equal", "differs", "not live", "refused"]
    """`refused`: by `tabulate` too."""
    detail: str


async def every(
    where: Deployment, configs: Iterable[Path], how: Disturbances, work: Path
) -> AsyncIterator[Row]:
    """Yield what becomes of each configuration; all that is written is in folders below `work`."""
    for number, config in enumerate(configs, 1):
        try:
            subject = configured(config, STAMP)
        except NotLive as fault:
            yield Row(config, "not live", str(fault))
        except FormatError as fault:
            yield Row(config, "refused", str(fault).splitlines()[0])
        else:
            yield await _row(where, config, subject, how, work / f"{subject.name}-{number}")


async def _row(where: Deployment, config: Path, subject: Subject, how: Disturbances, work: Path) -> Row:
    outcome = await rehearse(where, subject, work.name, how, work / "live", lambda *_: None)
    await asyncio.to_thread(tabulate_configuration, rctab.load(config), work / "cold", STAMP)
    found = [*outcome.differences, *different_files(work / "live", work / "cold")]
    if found:
        return Row(config, "differs", found[0])
    ballots = f"{outcome.records} records, {outcome.balance.cast} ballots, {outcome.retries} requests again"
    return Row(
        config, "equal", f"{len(outcome.written)} files, {ballots}, {sum(outcome.seconds.values()):.1f} s"
    )


def different_files(live: Path, cold: Path) -> Iterator[str]:
    """Yield what is not the same in two folders of reports."""
    files = {path.relative_to(of) for of in (live, cold) for path in of.rglob("*") if path.is_file()}
    for file in sorted(files):
        if not ((live / file).exists() and (cold / file).exists()):
            yield f"{file} is written by one of the two only"
        elif (live / file).read_bytes() != (cold / file).read_bytes():
            yield f"{file} differs"
