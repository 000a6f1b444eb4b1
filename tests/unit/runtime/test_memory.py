"""The stated ceilings of memory (SECURITY.md, "Memory"): what grows each process is filled to its bound, and weighed.

Weighed is what Python and numpy took, by tracemalloc; intake's own are in `tests/unit/intake/test_bounds.py`, those of
connections in `tests/unit/runtime/test_connections.py`, of the proofs' spelt ballots in `tests/unit/contract/test_leaves.py`.
"""

import asyncio
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, permutations
from typing import Any

import numpy as np
import pytest

from services.counting.tally import Ledger
from services.operator.proposals import MAX_PROPOSAL_BYTES, MAX_PROPOSALS, Proposals
from services.proofs.rows import ROW_BYTES, SEGMENT, Segment, codes_of, places_of
from services.proofs.tiles import TiledTree
from services.results.feed import Publisher, frame
from services.results.history import FRAMES_KEPT, MAX_PLACES, Places
from services.results.hub import Hub, Slots
from services.results.settings import ResultsSettings
from services.results.stream import Events, LiveFeed
from services.validation.box import BallotBox
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.events import NO_CONTROL, ElectionConfigured
from shared.contract.leaves import DIGEST_BYTES
from shared.contract.verdicts import Reason
from shared.rcv.count.live import open_method
from shared.rcv.trial import MAX_STANDING_BYTES
from shared.runtime.log import Keyed
from tests.support.elections import AT, LOG_ID, ROOT_KEY, contest, election
from tests.support.standings import standing

MIB = 1 << 20
ELECTORS = 100_000
RANKINGS = 10_000
CLIENTS = 500
NOTED = 5_000
CANDIDATES = tuple(f"c{number}" for number in range(8))


class Weighed:
    """What has been taken since the weighing began."""

    bytes = 0


@contextmanager
def weighed() -> Iterator[Weighed]:
    """Weigh what is kept at the end of a block."""
    found = Weighed()
    tracemalloc.start()
    try:
        yield found
        found.bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def all_marks(count: int) -> list[str]:
    """Return different rankings of eight candidates, as long as such are."""
    return [">".join(map(str, order)) for order in islice(permutations(range(len(CANDIDATES))), count)]


def test_validation_an_elector_who_has_voted() -> None:
    """At most 40 bytes in three contests, whoever they vote for."""
    with weighed() as found:
        box = BallotBox(ELECTORS, 3)
        for number in range(3):
            box.number(number, "0>1")
        places = np.arange(ELECTORS)
        box.put(
            places,
            np.ones((ELECTORS, 16), np.uint8),
            np.zeros(ELECTORS, np.uint16),
            [np.zeros(ELECTORS, np.int32)] * 3,
        )
        del places
    assert box.touched(np.arange(10)).all()
    assert found.bytes / ELECTORS <= 40.5


def test_validation_a_ranking_that_nobody_else_has() -> None:
    """At most 200 bytes beside its spelling."""
    marks = all_marks(RANKINGS)
    with weighed() as found:
        box = BallotBox(0, 1)
        for of in marks:
            box.number(0, of)
    assert found.bytes / RANKINGS <= 200


def test_validation_a_ballot_that_a_later_one_supersedes() -> None:
    """At most 150 bytes each."""
    with weighed() as found:
        box = BallotBox(10, 1)
        for number in range(RANKINGS):
            box.supersede(number % 10, number.to_bytes(16))
    assert found.bytes / RANKINGS <= 150


def test_counting_a_ranking_in_the_tally_and_in_the_rounds() -> None:
    """At most 200 bytes beside its spelling in a shard's tally, 400 in the rounds."""
    marks = all_marks(RANKINGS)
    with weighed() as tally:
        ledger = Ledger.opened_for(election())
        for of in marks:
            ledger.pending[0][0, of] += 1
        ledger.settle()
    with weighed() as rounds:
        method = open_method(contest(candidates=CANDIDATES), 1)
        method.apply([(0, of, 1) for of in marks])
        counts = Counter({(0, of): 1 for of in marks})
        method.count()
    assert counts.total() == RANKINGS
    assert tally.bytes / RANKINGS <= 200
    assert rounds.bytes / RANKINGS <= 400


def test_results_the_past_standings_of_a_contest() -> None:
    """An hour of twenty a second and more is kept as places, the oldest go; past standings themselves are 32."""
    places, value = Places(), encode(standing(3, Phase.OPEN))
    start = frame(value, 0).sequence
    with weighed() as found:
        for number in range(NOTED):
            newer = value.replace(b'"sequence":%d' % start, b'"sequence":%d' % (start + number))
            places.note(Keyed(number, "picnic/fruit", newer, number))
    assert places.by_contest["picnic/fruit"].maxlen == MAX_PLACES
    assert found.bytes / NOTED * MAX_PLACES <= 16 * MIB
    assert FRAMES_KEPT * MAX_STANDING_BYTES <= 32 * MIB


@pytest.mark.asyncio
async def test_results_a_client_of_the_feed() -> None:
    """At most 10 kB of this process's own; so 20,000 of them take 200 MB. At the bound there is room for nobody."""
    settings = ResultsSettings()
    hub = Hub(Slots(CLIENTS, CLIENTS))
    newest = frame(encode(standing(3, Phase.OPEN)), 0)
    hub.offer(newest)
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        await asyncio.sleep(0)

    with weighed() as found:
        events = Events(Publisher())
        stays = [
            asyncio.create_task(LiveFeed(hub, newest.key, -1, 10.0, events)({}, receive, send))
            for _ in range(CLIENTS)
        ]
        while hub.clients < CLIENTS:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    assert not hub.slots.room
    left.set()
    await asyncio.gather(*stays)
    assert found.bytes / CLIENTS <= 10_000
    assert settings.max_clients * 10_000 <= 200 * MIB


def test_operator_proposals_that_nobody_signs() -> None:
    """A thousand, and 32 MiB of them: the oldest make room for the newest."""
    proposals = Proposals()
    large = election().model_copy(update={"source": "x" * 400_000})
    for definition, most in ((large, MAX_PROPOSAL_BYTES // 300_000), (election(), MAX_PROPOSALS + 10)):
        with weighed() as found:
            for number in range(most):
                control = ElectionConfigured(
                    log=LOG_ID,
                    election="picnic",
                    control_id=f"{number:032x}",
                    follows=NO_CONTROL,
                    by="ada",
                    at=AT,
                    definition=definition,
                )
                proposals.add(control, {ROOT_KEY: "root"}, 1)
        assert 0 < len(proposals) <= MAX_PROPOSALS
        assert proposals.find(f"{most - 1:032x}") is not None
        assert found.bytes <= 2 * MAX_PROPOSAL_BYTES


def test_proofs_what_is_not_in_a_file_yet() -> None:
    """A segment of rows and a row of tiles, however large the tree has grown."""

    class Nowhere:
        def read(self, _: str) -> bytes | None:
            return None

        def write(self, _: str, __: bytes) -> None:
            """As a file is written, and not kept."""

    whos = np.zeros((SEGMENT, DIGEST_BYTES), np.uint8)
    reasons = codes_of([(Reason.ACCEPTED, SEGMENT)])
    places = places_of(0, [SEGMENT // 32] * 32)
    with weighed() as found:
        tree, rows = TiledTree(Nowhere()), Segment()
        for _ in range(3):
            tree.extend([b"leaf"] * SEGMENT)
            rows = Segment(rows.first + SEGMENT)
            rows.add(whos, whos, reasons, places)
    assert tree.size == 3 * SEGMENT
    assert not rows.room
    assert found.bytes <= 2 * ROW_BYTES * SEGMENT
