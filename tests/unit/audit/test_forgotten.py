"""Where the last ballot counts and superseded rankings are forgotten, the two counts of a log are still the same."""

import random

import pytest

from services.audit.ledger import ShardLedger
from services.audit.recount import recount_of
from shared.contract.agreement import disagreements
from tests.support.evidence import IDENTITY
from tests.support.machines import published
from tests.unit.validation.test_forgetting import log, revoting


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rankings are looked through as soon as there are some to forget."""
    monkeypatch.setattr("services.validation.box.UNUSED_BYTES", 0)
    monkeypatch.setattr("services.validation.judge.LOOK_EVERY", 4)


@pytest.mark.parametrize("seed", range(4))
def test_the_count_is_the_recount_s(seed: int, often: None) -> None:
    """Through tally and rounds with crashes: the rankings of superseded ballots are out of every count."""
    rng = random.Random(seed)
    records = log(revoting(), rng, 150)
    ledger = ShardLedger(0, 1, IDENTITY)
    for record in records:
        ledger.judge(record)
    recount = recount_of("picnic", [ledger.count_of("picnic")])
    last = {standing.contest.id: standing for standing in published([records], rng)}
    assert not any(standing.withheld for standing in last.values())
    assert [disagreements(standing, recount) for standing in last.values()] == [[], []]
