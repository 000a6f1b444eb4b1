"""The newest value of each key, whatever is read twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from shared.contract.codec import encode
from shared.contract.elections import Phase, config_hash
from shared.runtime.log import Keyed, LogAway
from shared.runtime.projection import Projection, announcements
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election

pytestmark = pytest.mark.asyncio

HISTORY = [Keyed(0, "picnic", b"open", 0), Keyed(1, "picnic", b"closed", 0), Keyed(2, "fair", b"open", 0)]


class Interrupted:
    """A reader of HISTORY that fails once it has been read, and is opened again."""

    def __init__(self) -> None:
        self._place = 0

    async def read(self, wait_ms: int) -> Sequence[Keyed]:  # noqa: ARG002  the port asks for it
        """Return one record after the other."""
        await asyncio.sleep(0)
        if self._place == len(HISTORY):
            raise LogAway("the broker has gone")
        self._place += 1
        return HISTORY[self._place - 1 : self._place]

    async def caught_up(self) -> bool:
        """Whether all was read."""
        return self._place == len(HISTORY)

    async def stop(self) -> None:
        """Nothing is held."""


async def test_no_value_goes_back_when_a_topic_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An election that was closed is not open again for a moment because the broker was away."""
    monkeypatch.setattr("shared.runtime.projection.RETRY_S", 0.001)
    seen: list[tuple[str, bytes]] = []
    opened = 0

    async def open_reader(_: str) -> Interrupted:
        nonlocal opened
        opened += 1
        return Interrupted()

    projection: Projection[bytes] = Projection(
        open_reader, "elections", lambda value: value, lambda key, value, _: seen.append((key, value))
    )
    await projection.start()
    await projection.wait_caught_up(5)
    while opened < 3:
        await asyncio.sleep(0.001)
    await projection.stop()

    assert seen == [("picnic", b"open"), ("picnic", b"closed"), ("fair", b"open")]
    assert projection.newest == {"picnic": b"closed", "fair": b"open"}


class Topic:
    """A topic that each new reader reads from its start; `interrupt` makes the present one fail."""

    def __init__(self, *records: Keyed) -> None:
        self.records = list(records)
        self.opened = 0
        self._interrupted = False

    async def open(self, _: str) -> "Reading":
        """Return a reader."""
        self.opened += 1
        return Reading(self)

    async def interrupt(self) -> None:
        """Let the log be away, until it has been reached anew."""
        self._interrupted, opened = True, self.opened
        while self.opened == opened:
            await asyncio.sleep(0.001)

    def news(self, place: int) -> list[Keyed]:
        """Return the records from a place on. Raises LogAway once after `interrupt`."""
        if self._interrupted:
            self._interrupted = False
            raise LogAway("the broker has gone")
        return self.records[place:]


class Reading:
    """One reader of a Topic."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._place = 0

    async def read(self, wait_ms: int) -> Sequence[Keyed]:  # noqa: ARG002  the port asks for it
        """Return what is new."""
        await asyncio.sleep(0.001)
        news = self._topic.news(self._place)
        self._place += len(news)
        return news

    async def caught_up(self) -> bool:
        """Whether all was read."""
        return self._place >= len(self._topic.records)

    async def stop(self) -> None:
        """Nothing is held."""


def readable(value: bytes) -> bytes:
    """Return a value unless it is garbage."""
    if value in {b"garbage", b""}:
        raise ValueError("of another version")
    return value


@pytest_asyncio.fixture
async def follow(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Callable[[Topic], Awaitable[Projection[bytes]]]]:
    """Return what gives a projection that has caught up with a topic."""
    monkeypatch.setattr("shared.runtime.projection.RETRY_S", 0.001)
    monkeypatch.setattr("shared.runtime.projection.CHANGED_RETRY_S", 0.02)
    started: list[Projection[bytes]] = []

    async def begin(topic: Topic) -> Projection[bytes]:
        projection: Projection[bytes] = Projection(topic.open, "elections", readable)
        started.append(projection)
        await projection.start()
        await projection.wait_caught_up(5)
        return projection

    yield begin
    for projection in started:
        await projection.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


Follow = Callable[[Topic], Awaitable[Projection[bytes]]]


@pytest.mark.parametrize("bad", [b"garbage", b""])
async def test_a_value_that_cannot_be_read_concerns_its_key_alone(follow: Follow, bad: bytes) -> None:
    """What the key had stays, readiness and a metric name it, other keys go on, and its next value heals it."""
    topic = Topic(HISTORY[0], Keyed(1, "picnic", bad, 0), HISTORY[2])
    projection = await follow(topic)

    assert projection.newest == {"picnic": b"open", "fair": b"open"}
    assert projection.readiness() == (True, "passed over: picnic: of another version")
    assert REGISTRY.get_sample_value("livecount_unreadable_keys", {"topic": "elections"}) == 1

    topic.records.append(Keyed(3, "picnic", b"closed", 0))
    await until(lambda: projection.newest["picnic"] == b"closed")
    assert projection.readiness() == (True, "")
    assert REGISTRY.get_sample_value("livecount_unreadable_keys", {"topic": "elections"}) == 0


async def test_a_process_that_can_read_nothing_at_all_is_not_ready(follow: Follow) -> None:
    """Nobody is sent to a gateway that knows no election only because it cannot read any."""
    projection = await follow(Topic(Keyed(0, "picnic", b"garbage", 0)))

    assert projection.readiness() == (False, "passed over: picnic: of another version")


async def test_a_value_that_its_reader_raises_at_is_passed_over_too() -> None:
    """A part of a roll that belongs to no shard is no reason to read nothing more."""
    topic = Topic(*HISTORY)

    def refuse(_key: str, value: bytes, _at_ms: int) -> None:
        if value == b"closed":
            raise IndexError("no such shard")

    projection: Projection[bytes] = Projection(topic.open, "elections", readable, refuse)
    await projection.start()
    await projection.wait_caught_up(5)
    await projection.stop()

    assert projection.newest == {"picnic": b"open", "fair": b"open"}
    assert projection.readiness() == (True, "passed over: picnic: no such shard")


@pytest.mark.parametrize(
    ("replaced_by", "why"),
    [
        ([], "what was read of fair, picnic is gone"),
        ([HISTORY[0]], "what was read of fair, picnic is gone"),
        (
            [HISTORY[0], Keyed(1, "picnic", b"paused", 0), HISTORY[2]],
            "the record at 1 is not the one that was read",
        ),
        ([HISTORY[0], HISTORY[1]], "what was read of fair is gone"),
    ],
    ids=["empty", "cut", "written on", "its tail lost"],
)
async def test_a_topic_that_was_cut_or_replaced_is_noticed_and_nothing_of_it_is_taken(
    follow: Follow, replaced_by: list[Keyed], why: str
) -> None:
    """It is not read again silently; once what was lost is back, it goes on by itself."""
    topic = Topic(*HISTORY)
    projection = await follow(topic)
    topic.records = [*replaced_by, Keyed(9, "other", b"open", 0)]
    await topic.interrupt()
    await until(lambda: projection.alarm is not None)

    ready, said = projection.readiness()
    assert not ready
    assert why in said
    assert projection.newest == {"picnic": b"closed", "fair": b"open"}

    topic.records = [*HISTORY, Keyed(3, "fair", b"closed", 0)]
    await until(lambda: projection.newest["fair"] == b"closed")
    assert projection.readiness() == (True, "")


async def test_what_was_compacted_away_meanwhile_is_not_taken_for_lost(follow: Follow) -> None:
    """An older value of a key may be gone once there is a newer one."""
    topic = Topic(*HISTORY)
    projection = await follow(topic)
    topic.records = [HISTORY[2], Keyed(3, "picnic", b"paused", 0)]
    await topic.interrupt()
    await until(lambda: projection.newest["picnic"] == b"paused")

    assert projection.readiness() == (True, "")


async def test_an_announcement_for_another_log_is_passed_over() -> None:
    """Intake takes no ballot for an election of a log that its settings do not name."""
    life = Life(election())
    value = encode(life.announced(1, Phase.OPEN))
    topic = Topic(Keyed(0, "picnic", value, 0))
    for log_id, known in ((LOG_ID, ["picnic"]), ("", ["picnic"]), ("cd" * 16, [])):
        projection = announcements(topic.open, "test", log_id=log_id)
        await projection.start()
        await projection.wait_caught_up(5)
        await projection.stop()
        assert list(projection.newest) == known
    assert "announced for log" in projection.readiness()[1]


async def test_a_ballot_shows_the_definition_that_the_root_key_signed_and_no_other() -> None:
    """Whoever holds the operator could let electors rank candidates who stand in each other's place: what was known before stays."""
    honest = Life(election()).announced(1, Phase.OPEN)
    first, *others = honest.definition.contests
    candidates = first.candidates[1::-1] + first.candidates[2:]
    contests = (first.model_copy(update={"candidates": candidates}), *others)
    definition = honest.definition.model_copy(update={"contests": contests})
    forged = honest.model_copy(update={"definition": definition, "config_hash": config_hash(definition)})
    records = [Keyed(n, "picnic", encode(of), 0) for n, of in enumerate((honest, forged))]
    for root_key, shown in ((ROOT_KEY, honest), ("", forged)):
        projection = announcements(Topic(*records).open, "test", log_id=LOG_ID, root_key=root_key)
        await projection.start()
        await projection.wait_caught_up(5)
        await projection.stop()
        assert projection.newest["picnic"] == shown
        assert ("not signed by the root key" in projection.readiness()[1]) == bool(root_key)
