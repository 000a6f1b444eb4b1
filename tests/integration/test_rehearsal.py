"""Elections out of files, cast through a real Kafka and every service, are reported as they are counted cold."""

import asyncio
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.local.kafka import EmbeddedKafka
from infra.local.valkey import EmbeddedValkey
from services.cli.rehearsal.check import differences
from services.cli.rehearsal.deployment import VICTIMS, Deployment, deployed
from services.cli.rehearsal.every import Row, every
from services.cli.rehearsal.run import PATIENCE, Outcome, Rehearsal, rehearse
from services.cli.rehearsal.script import Disturbances, script
from services.cli.rehearsal.subject import Subject, plain
from shared.contract.lifecycle import Command
from shared.rcv.contests import CountOptions
from tests.support.configurations import configured
from tests.support.reference import data
from tests.unit.cli.front import livecount, ward

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

FOLDERS = (
    "minneapolis_multi_seat_threshold",  # a transferable vote by precinct
    "multi_seat_bottoms_up_with_static_threshold",
    "sequential_with_batch",  # a report for each seat
    "skip_to_next_test",  # overvotes whose candidates no record names
    "aliases_ess_xlsx",  # overvotes that are read anew in each round, undeclared write-ins
    "test_set_8_multi_cdf",  # cast vote records of two sources
    "clear_ballot_with_inline_comma",  # a tie that somebody must be asked about
    "max_ranking_enforcement",  # a ballot that `tabulate` refuses too
)
WILD = Disturbances(seed=2026, double_votes=0.5, voids=0.5, withdrawals=2)


class Came(NamedTuple):
    """What came of all that is rehearsed on one deployment."""

    rows: list[Row]
    chaos: Outcome
    """A ward, while every service is killed once."""
    meddled: list[str]
    """How another rehearsal of the ward differs, in which somebody else voids the first elector."""


async def rehearsals(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, work: Path, configs: Iterable[Path], blt: Path
) -> Came:
    """Rehearse everything."""
    subject = plain(blt, CountOptions("scottish-stv"))
    killing = WILD._replace(victims=VICTIMS)
    async with deployed(work / "stack", kafka.bootstrap, valkey.url, f"rehearsal-{os.getpid()}") as where:
        rows = [row async for row in every(where, configs, WILD, work)]
        meddled = await meddled_with(where, subject)
        chaos = await rehearse(where, subject, "chaos", killing, work / "ward", lambda *_: None)
        return Came(rows, chaos, meddled)


async def meddled_with(where: Deployment, subject: Subject) -> list[str]:
    """Return how a rehearsal differs in which somebody meddles."""
    steps = script(subject.contest, subject.ballots, WILD)
    rehearsal = Rehearsal(where, subject, "meddled", lambda *_: None)
    await rehearsal.open()
    await rehearsal.cast(steps)
    await where.operator(by="meddler", patience=PATIENCE).order("meddled", Command.VOID, elector=0)
    standing = await rehearsal.close()
    judged = await rehearsal.read_back(standing.watermark)
    return list(differences(subject, [ballot for step in steps for ballot in step.ballots], judged, standing))


def test_a_rehearsal_is_reported_as_a_cold_count_is(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """Every report byte for byte, with double votes, voids and withdrawals, and with kill -9 of every service.

    A ballot that is taken out by somebody else is found.
    """
    configs = [next(data("rctab", folder).glob("*_config.json")) for folder in FOLDERS]
    blt = ward(tmp_path)
    came = asyncio.run(rehearsals(kafka, valkey, tmp_path, configs, blt))
    assert {row.config.parent.name: row.verdict for row in came.rows} == {
        **dict.fromkeys(FOLDERS, "equal"),
        "clear_ballot_with_inline_comma": "not live",
        "max_ranking_enforcement": "refused",
    }, came.rows

    assert came.chaos.differences == []
    assert sorted(came.chaos.killed) == sorted(VICTIMS)
    assert came.chaos.balance.reasons["already-voted"] >= 12
    assert came.chaos.balance.reasons["void-elector"] >= 6
    cold = livecount("count", blt, "--method", "scottish-stv", "--json").stdout
    assert [path.read_text() for path in came.chaos.written] == [cold]

    assert came.meddled == ["elector 0 (ballot 1): cast '0>1' in section 0, counted none"]


def test_the_command_brings_up_a_deployment_of_its_own(tmp_path: Path) -> None:
    """From a configuration to its reports and an account; exit code 0, and nothing is left behind."""
    config, out = configured(tmp_path), tmp_path / "out"
    answer = livecount("rehearse", config, "--out", out, "--seed", "1")
    assert answer.exit_code == 0, answer.stderr
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert ["records", "5"] in lines
    assert ["already-voted", "1"] in lines
    assert [*["equal", "to", "the", "cold", "count", "yes"]] in lines
    assert answer.stdout.endswith(f"5 files in {out}\n")
    report = json.loads((out / "tea_detailed_report.json").read_text())
    assert report["results"][0]["tally"] == {"Ada": "2", "Basil": "2", "Clara": "1"}
