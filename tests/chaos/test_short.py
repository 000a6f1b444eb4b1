"""Chaos in its short form: three brokers, every service, everything broken, nothing lost."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.plan import Counts, Kind
from tests.chaos.report import write
from tests.chaos.run import Options, run

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(900)]

SHORT = Options(ballots=20_000, counts=Counts(kills=15, pauses=4, broker_kills=2), seed=2026)


def test_nothing_is_lost_doubled_or_shown_wrongly_while_everything_is_broken(tmp_path: Path) -> None:
    """Every acknowledged ballot has one verdict, every standing seen equals a recount, the close is a barrier."""
    report = asyncio.run(run(SHORT, tmp_path, print))
    write(report, tmp_path / "report.json")
    truth = report.truth

    assert report.good, report.verdict
    assert truth.acknowledged >= SHORT.ballots
    assert truth.standings > 20
    assert {"accepted", "same-ballot", "already-voted", "bad-code", "malformed"} <= set(truth.reasons)
    assert (
        truth.reasons["closed"] >= 2 * SHORT.ballots // 100
    )  # the absent, whose ballots are written after the close
    assert sum(act.kind is Kind.KILL for act in report.acts) == SHORT.counts.kills
    assert sum(act.kind is Kind.BROKER for act in report.acts) == SHORT.counts.broker_kills
