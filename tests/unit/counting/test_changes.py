"""What rounds make of a shard's changes: only a range that joins on is taken, the very first one too."""

import pytest

from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge
from shared.runtime.watermark import Gap
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS


def changes(*logs: list[bytes]) -> list[list[bytes]]:
    """Return what a tally publishes after each part of a log."""
    judge, tally = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS), Tally(0, 1, "t", PartitionOf(1))
    published: list[list[bytes]] = []
    for log in logs:
        judge.apply(log)
        tally.apply([out.value for out in judge.drain() if out.topic == OUTPUTS.judged])
        published.append([outgoing.value for outgoing in tally.drain()])
    return published


def test_a_contest_whose_first_change_is_missing_is_a_gap() -> None:
    """It is no contest that nobody configured: something was lost, and the run begins again."""
    life = Life(election())
    founded, configured, *rest = life.begin()[0]
    _, second = changes([founded, configured], rest)

    with pytest.raises(Gap, match="expected 0, found 2; 2 missing"):
        Rounds(0, "counts").apply(second)
