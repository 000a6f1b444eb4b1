"""The newest value of each key, whatever is read twice."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.runtime.log import Keyed, LogAway
from shared.runtime.projection import Projection

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


async def test_a_value_that_cannot_be_read_stops_it_and_says_where() -> None:
    """Nothing after it is taken."""

    async def open_reader(_: str) -> Interrupted:
        return Interrupted()

    def decode(value: bytes) -> bytes:
        if value == b"closed":
            raise ValueError("of another version")
        return value

    projection: Projection[bytes] = Projection(open_reader, "elections", decode)
    await projection.start()
    with pytest.raises(RuntimeError, match="elections key picnic: of another version"):
        await projection.wait_caught_up(5)
    await projection.stop()

    assert projection.newest == {"picnic": b"open"}
