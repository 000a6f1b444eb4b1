"""What the operator asks of the audit, a recount or a ballot's path: a process of its own, bounded, off the event loop."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from services.operator.settings import OperatorSettings
from shared.contract.ids import BallotId
from shared.contract.recounts import Recount, Trace

T = TypeVar("T", Recount, Trace)


class RecountFailed(Exception):
    """The audit gave no report, and why."""


async def recount(settings: OperatorSettings, election: str, watermark: Sequence[int]) -> Recount:
    """Return the audit's report of an election's log up to a watermark. Raises RecountFailed."""
    return await _audit(settings, Recount, election, "--watermark", ",".join(map(str, watermark)))


async def trace(settings: OperatorSettings, election: str, ballot_id: BallotId) -> Trace:
    """Return a ballot's path, up to the log's present end. Raises RecountFailed."""
    return await _audit(settings, Trace, election, "--ballot", ballot_id)


async def _audit(settings: OperatorSettings, report: type[T], *arguments: str) -> T:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.audit", *arguments),
        env={**os.environ, **_environment(settings)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(settings.recount_bound_s):
            out, err = await process.communicate()
    except TimeoutError as fault:
        raise RecountFailed(f"the audit was given up after {settings.recount_bound_s:g} s") from fault
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RecountFailed(err.decode(errors="replace").strip()[-1000:] or f"exit code {process.returncode}")
    try:
        return report.model_validate_json(out)
    except ValidationError as fault:
        raise RecountFailed(f"the audit's report cannot be read: {fault}") from fault


def _environment(settings: OperatorSettings) -> dict[str, str]:
    return {
        "LIVECOUNT_KAFKA": settings.kafka,
        "LIVECOUNT_NAMESPACE": settings.namespace,
        "LIVECOUNT_SHARDS": str(settings.shards),
        "LIVECOUNT_LOG_ID": settings.log_id,
        "LIVECOUNT_ROOT_KEY": settings.root_key,
    }
