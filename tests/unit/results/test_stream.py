"""The live feed, spoken to as a server would: what a client is sent, and when it is let go."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from zlib import MAX_WBITS, decompressobj

import pytest
from starlette.requests import Request
from starlette.responses import Response

from services.results import stream
from services.results.feed import Publisher, frame
from services.results.hub import Hub, Slots
from services.results.stream import BEAT, BYE, HEARTBEAT, Events, LiveFeed, live
from shared.contract.codec import encode
from shared.contract.elections import Phase
from tests.support.standings import standing

FIRST = standing(1, Phase.OPEN)
KEY = FIRST.key
BOUND_S = 5.0


class Client:
    """One connection: keeps what it is sent, leaves when told to, and may take nothing for a while."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.left = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()

    async def receive(self) -> dict[str, Any]:
        """Say that the client has left, once it has."""
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take what is sent."""
        await self.takes.wait()
        if message["type"] == "http.response.body":
            self.sent.append(message["body"])


def offered(hub: Hub, times: int) -> bytes:
    """Offer a standing; return its event."""
    newest = frame(encode(standing(times, Phase.OPEN)), 0)
    hub.offer(newest)
    return Publisher().event(newest, pack=False)


async def until(said: Callable[[], bool]) -> None:
    """Wait until something is so, within a bound."""
    async with asyncio.timeout(BOUND_S):
        while not said():
            await asyncio.sleep(0.001)


def listening(
    hub: Hub,
    client: Client,
    seen: int = -1,
    timeout_s: float = BOUND_S,
    *,
    pack: bool = False,
    light: bool = False,
) -> Coroutine[Any, Any, None]:
    """Return a client's stay."""
    feed = LiveFeed(hub, KEY, seen, timeout_s, Events(Publisher(), pack, light))
    return feed({}, client.receive, client.send)


@pytest.mark.asyncio
async def test_a_client_is_sent_the_newest_and_then_each_newer_one() -> None:
    """As server-sent events; when it leaves nothing of it is left."""
    hub, client = Hub(), Client()
    first = offered(hub, 1)
    stay = asyncio.create_task(listening(hub, client))
    await until(lambda: client.sent == [first])
    second = offered(hub, 2)
    await until(lambda: client.sent == [first, second])
    client.left.set()
    await asyncio.wait_for(stay, BOUND_S)

    assert first.startswith(b"id: %d\nevent: standing\n" % FIRST.sequence)
    assert first.endswith(b"}\n\n")
    assert hub.clients == 0


@pytest.mark.asyncio
async def test_a_light_stream_says_the_sequence_alone() -> None:
    """Pages ask for their main part again, so they need no more; the client beside it is sent all."""
    hub, light, whole = Hub(), Client(), Client()
    event = offered(hub, 1)
    stays = [asyncio.create_task(listening(hub, client, light=client is light)) for client in (light, whole)]
    await until(lambda: bool(light.sent and whole.sent))
    hub.close()
    await asyncio.gather(*stays)

    number = FIRST.sequence
    assert light.sent[0] == b"id: %d\nevent: standing\nretry: 2000\ndata: %d\n\n" % (number, number)
    assert whole.sent[0] == event


@pytest.mark.asyncio
async def test_a_packed_stream_is_one_gzip_stream_whenever_a_client_came() -> None:
    """Its parts are made once, so whoever comes later is sent the same bytes, and zlib reads them without the earlier ones."""
    hub, early, late = Hub(), Client(), Client()
    events = [offered(hub, 1)]
    stays = [asyncio.create_task(listening(hub, early, pack=True))]
    await until(lambda: len(early.sent) == 2)
    events.append(offered(hub, 2))
    await until(lambda: len(early.sent) == 3)
    stays.append(asyncio.create_task(listening(hub, late, pack=True)))
    await until(lambda: len(late.sent) == 2)
    hub.close()
    await asyncio.gather(*stays)

    for client, shown in ((early, events), (late, events[1:])):
        assert decompressobj(MAX_WBITS | 16).decompress(b"".join(client.sent)) == b"".join([*shown, BYE])
    assert late.sent[1] == early.sent[2]


@pytest.mark.asyncio
async def test_a_slow_client_misses_what_is_between_and_never_the_newest() -> None:
    """It has one slot; others do not wait for it."""
    hub, slow, quick = Hub(), Client(), Client()
    events = [offered(hub, 1)]
    stays = [asyncio.create_task(listening(hub, client)) for client in (slow, quick)]
    await until(lambda: slow.sent == quick.sent == events)
    slow.takes.clear()
    for times in (2, 3, 4):
        events.append(offered(hub, times))
        await until(lambda: quick.sent == events)
    slow.takes.set()
    await until(lambda: slow.sent[-1] == events[-1])

    assert slow.sent == [events[0], events[1], events[3]]
    for client in (slow, quick):
        client.left.set()
    await asyncio.gather(*stays)


@pytest.mark.asyncio
@pytest.mark.parametrize(("light", "said"), [(False, HEARTBEAT), (True, BEAT)])
async def test_who_takes_nothing_is_let_go_and_who_has_the_newest_is_not_sent_it(
    monkeypatch: pytest.MonkeyPatch, *, light: bool, said: bytes
) -> None:
    """A heartbeat finds it out, where there is nothing new; a page's script can hear it, as an event."""
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    hub, client = Hub(), Client()
    offered(hub, 1)
    stay = asyncio.create_task(listening(hub, client, seen=FIRST.sequence, timeout_s=0.05, light=light))
    await until(lambda: len(client.sent) > 1)
    client.takes.clear()
    await asyncio.wait_for(stay, BOUND_S)

    assert set(client.sent) == {said}


@pytest.mark.asyncio
@pytest.mark.parametrize("said", ["9" * 5_000, "9" * 18, "1e3", "-1", "\u0663"])
async def test_an_id_that_was_never_sent_counts_as_none(said: str) -> None:
    """Of any length: the client is sent the newest, and is not shut out until the count gets there."""
    hub, client = Hub(), Client()
    first = offered(hub, 1)
    scope = {
        "type": "http",
        "method": "GET",
        "headers": [(b"last-event-id", said.encode())],
        "client": ("::1", 1),
    }
    stay = asyncio.create_task(live(Request(scope), hub, KEY, BOUND_S)(scope, client.receive, client.send))
    await until(lambda: client.sent == [first])
    client.left.set()
    await asyncio.wait_for(stay, BOUND_S)


@pytest.mark.asyncio
async def test_a_client_that_has_a_newer_standing_from_another_gateway_is_not_sent_an_older_one() -> None:
    """It hears nothing until this gateway has caught up."""
    hub, client = Hub(), Client()
    offered(hub, 1)
    stay = asyncio.create_task(
        listening(hub, client, seen=standing(2, Phase.OPEN).sequence, timeout_s=BOUND_S)
    )
    await asyncio.sleep(0.05)
    offered(hub, 2)
    newest = offered(hub, 3)
    await until(lambda: client.sent == [newest])
    client.left.set()
    await asyncio.wait_for(stay, BOUND_S)


@pytest.mark.asyncio
async def test_streams_are_bounded_for_an_address_and_in_all_and_a_place_is_free_again() -> None:
    """429 where others still find room, 503 where nobody does; Retry-After in both."""
    hub = Hub(Slots(3, 2))

    def ask(host: str) -> Response:
        scope = {"type": "http", "method": "GET", "headers": [], "client": (host, 1)}
        return live(Request(scope), hub, KEY, BOUND_S)

    clients, stays = [], []
    for host in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        client = Client()
        clients.append(client)
        stays.append(asyncio.create_task(ask(host)({}, client.receive, client.send)))
        await until(lambda: hub.clients == len(stays))
        if len(stays) == 2:
            assert (ask("192.0.2.1").status_code, ask("192.0.2.9").status_code) == (429, 200)
    refused = ask("192.0.2.9")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    clients[0].left.set()
    await asyncio.wait_for(stays[0], BOUND_S)
    assert ask("192.0.2.1").status_code == 200
    for client in clients:
        client.left.set()
    await asyncio.gather(*stays)


@pytest.mark.asyncio
async def test_a_server_that_goes_says_so() -> None:
    """The last word of the stream."""
    hub, client = Hub(), Client()
    stay = asyncio.create_task(listening(hub, client))
    await asyncio.sleep(0.01)
    hub.close()
    await asyncio.wait_for(stay, BOUND_S)

    assert client.sent == [BYE]


@pytest.mark.asyncio
async def test_nothing_is_kept_of_a_contest_that_nobody_listens_to_any_more() -> None:
    """One that never existed too; who still listens is told."""
    hub, first, second = Hub(), Client(), Client()
    stays = [asyncio.create_task(listening(hub, client)) for client in (first, second)]
    await until(lambda: hub.clients == 2)
    first.left.set()
    await asyncio.wait_for(stays[0], BOUND_S)
    event = offered(hub, 1)
    await until(lambda: second.sent == [event])
    second.left.set()
    await asyncio.wait_for(stays[1], BOUND_S)

    assert hub.keys == 0
