"""What is kept of ballots while their leaves are made: it does not grow with what electors mark."""

import tracemalloc

import pytest

from shared.contract.leaves import MAX_KEPT_CHARS, what_digests
from shared.contract.packs import MAX_PACK_BALLOTS, Ballot, Columns, Pack, pack_of

MIB = 1 << 20


def packs(ballots: int, chars: int) -> list[Pack]:
    """Return packs of different ballots whose marks, in two contests, have so many characters."""
    all_marks = [(f"{number:06d}".rjust(chars - 4, "0"), "0>12") for number in range(ballots)]
    return [
        pack_of(
            "e1",
            [Ballot(bytes(16), 0, 0, bytes(10), marks) for marks in all_marks[at : at + MAX_PACK_BALLOTS]],
            bytes(16),
        )
        for at in range(0, ballots, MAX_PACK_BALLOTS)
    ]


@pytest.mark.parametrize(
    ("ballots", "chars", "most_mib"), [(70_000, MAX_KEPT_CHARS, 64), (4_000, 4_000, 1)], ids=["short", "long"]
)
def test_ballots_that_differ_without_end_hold_the_stated_memory(
    ballots: int, chars: int, most_mib: int
) -> None:
    """As many short ones as are kept, and long ones: without a bound 65,536 ballots of 16 kB would be a gigabyte."""
    sent = packs(ballots, chars)
    tracemalloc.start()
    for pack in sent:
        what_digests([pack], Columns([pack]))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < most_mib * MIB, kept
