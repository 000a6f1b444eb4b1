"""`python -m services.audit ELECTION`: recount the log independently, as JSON. Exit 0: a report; 2: why there is none.

A certificate rests on it. It reads nothing but cast records; `livecount verify` reads everything. With `--ballot` it reports
one ballot's path instead, as `livecount trace` does.
"""

import asyncio
from typing import Annotated

import typer
from pydantic import BaseModel

from services.audit.app import recount, trace
from services.audit.settings import AuditSettings
from shared.contract.codec import UnknownVersion


def main(
    election: Annotated[str, typer.Argument(help="Election id, such as labour-2015")],
    watermark: Annotated[
        str | None, typer.Option(help="Records to read of each shard, such as 100,98,97,99; default: all")
    ] = None,
    ballot: Annotated[str | None, typer.Option(help="Report this ballot's path instead, by its id")] = None,
) -> None:
    """Count an election again from the first record of the log, with nothing of the counting service.

    Example: python -m services.audit labour-2015 --watermark 105551,105549,105550,105548
    """
    try:
        report: BaseModel
        if ballot is None:
            report = asyncio.run(recount(AuditSettings(), election, _watermark(watermark)))
        else:
            report = asyncio.run(trace(AuditSettings(), election, bytes.fromhex(ballot)))
    except (RuntimeError, UnknownVersion, ValueError) as fault:
        typer.echo(f"recount of {election}: {fault}", err=True)
        raise typer.Exit(2) from fault
    typer.echo(report.model_dump_json())


def _watermark(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise ValueError(f"--watermark: expected numbers such as 100,98,97,99, found {text!r}")
    return [int(part) for part in parts]


if __name__ == "__main__":
    typer.run(main)
