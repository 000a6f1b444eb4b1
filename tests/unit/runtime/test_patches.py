"""Private parts of aiokafka and uvicorn that are gone around: they are what was read, and all works without them."""

import asyncio
import gc
import inspect
import socket
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import pytest
import uvicorn
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, Fetcher, FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.runtime.kafka.patches import bare_records, dropped_records, fetch_wait
from shared.runtime.kafka.patches.bare_records import read_bare_records
from shared.runtime.kafka.patches.dropped_records import free_dropped_records
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.http import problem
from shared.runtime.process.overload import Overload, OverloadLimit
from shared.runtime.process.patches import overload_protocol as overloading
from shared.runtime.process.server import server_config

SOURCES: dict[Callable[..., Any], str] = {
    PartitionRecords._consumer_record: "e668541600b047ab",
    Fetcher._get_actions_per_node: "1dab2cf937d165d0",
    Fetcher._fetch_requests_routine: "2a8ec5932644c9b0",
    PartitionRecords._unpack_records: "b803e6d46480732c",
    FetchResult.check_assignment: "b5340df67e3f330f",
    PartitionRecords.__next__: "63ac34a08c309098",
    Fetcher.seek_to: "f0ba6aba6c22ef83",
    uvicorn.Server._serve: "4575b7a50adfede8",
    uvicorn.Server.main_loop: "afccb353a119333f",
    uvicorn.Server.on_tick: "60ea49b06ccf68c1",
    HttpToolsProtocol.__init__: "4f08999410347141",
    HttpToolsProtocol.on_message_begin: "96d377fdc7c2baef",
    HttpToolsProtocol.on_url: "37be44e962b04ca8",
    HttpToolsProtocol.on_headers_complete: "1ea8589acfad92d8",
    HttpToolsProtocol.on_body: "dba9c32aeba35b6a",
    HttpToolsProtocol.on_message_complete: "1fbad42dc31fc01f",
    HttpToolsProtocol.on_response_complete: "64e254f28e389e76",
    HttpToolsProtocol._start_asgi_task: "9c08c2571ae9b038",
    ProxyHeadersMiddleware.__init__: "7aa920bbc1fa565f",
    ProxyHeadersMiddleware.__call__: "b601df964c02a3bb",
}
"""SHA-256 of each private part's source as it was read. Where one has changed, read it again, then write the new one."""

BOUND_S = 20.0


@pytest.mark.parametrize("part", SOURCES, ids=lambda part: part.__qualname__)
def test_a_private_part_is_what_was_read(part: Callable[..., Any]) -> None:
    """What is patched, and what calls it, is the same to the character."""
    assert sha256(inspect.getsource(part).encode()).hexdigest()[:16] == SOURCES[part]


def test_the_versions_at_hand_are_those_that_were_read() -> None:
    """Otherwise the slower way is in use, and nobody has noticed."""
    assert version("aiokafka").startswith(bare_records.READ_IN)
    assert version("aiokafka").startswith(fetch_wait.READ_IN)
    assert version("aiokafka").startswith(dropped_records.READ_IN)
    assert version("uvicorn").startswith(overloading.READ_IN)
    assert overloading.overload_protocol() is not None


def _records(records: list[tuple[bytes | None, bytes]]) -> PartitionRecords:
    builder = DefaultRecordBatchBuilder(2, 0, False, 1, 0, 0, 1_000)
    for offset, (key, value) in enumerate(records):
        builder.append(offset, 1_000, key, value, [])
    batch = MemoryRecords(bytes(builder.build()))
    return PartitionRecords(TopicPartition("t", 0), batch, None, 0, None, None, True, READ_UNCOMMITTED)


def _read(records: list[tuple[bytes | None, bytes]]) -> list[ConsumerRecord]:
    return list(_records(records))


@pytest.mark.parametrize("known", [True, False])
def test_records_are_bare_with_the_client_that_was_read_and_the_clients_own_with_another(
    monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """What is read of them is there both ways; only the object that costs 1.5 us is not."""
    monkeypatch.setattr(PartitionRecords, "_consumer_record", PartitionRecords._consumer_record)
    if not known:
        monkeypatch.setattr(bare_records, "READ_IN", "another version")

    assert read_bare_records() is known

    first, second = _read([(b"17", b"one"), (None, b"two")])
    assert isinstance(first, ConsumerRecord) is not known
    assert (first.offset, first.key, first.value, first.timestamp) == (0, b"17", b"one", 1_000)
    assert (second.offset, second.key, second.value) == (1, None, b"two")


class Assigned:
    """A partition that was assigned, at this position."""

    active, paused = True, False

    def __init__(self, position: int) -> None:
        self.position = position

    def state_value(self, _: TopicPartition) -> "Assigned":
        """Return what is known of the partition."""
        return self

    def consumed_to(self, position: int) -> None:
        """Go on to a position."""
        self.position = position


@pytest.mark.parametrize("by", ["a seek", "another position"])
def test_what_is_dropped_unread_is_free_without_the_collector(by: str) -> None:
    """The client's records and their generator hold one another, and the collector comes seldom."""
    assert free_dropped_records()
    assigned = Assigned(0)
    records = _records([(None, b"one"), (None, b"two")])
    fetched = FetchResult(TopicPartition("t", 0), assignment=assigned, partition_records=records, backoff=0)
    held = weakref.ref(records)
    del records
    gc.disable()
    try:
        assert [record.value for record in fetched.getall(1)] == [b"one"]
        if by == "a seek":
            del fetched
        else:
            assigned.position = 7
            assert fetched.getall() == []
        assert held() is None
    finally:
        gc.enable()


class Slow:
    """A site whose ballots are answered once `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = 0
        self.turned_away = 0

    async def ballot(self, request: Request) -> Response:
        """Answer with the body, later."""
        self.begun += 1
        body = await request.body()
        await self.go.wait()
        return Response(body)

    def count(self) -> None:
        """Count a request that was turned away."""
        self.turned_away += 1


@asynccontextmanager
async def served(slow: Slow) -> AsyncIterator[tuple[str, int]]:
    """Serve the slow site, one request at once; give its address."""
    overload = Overload(1, b"/ballots", problem(503, "Too much", "again", retry_after_s=1), slow.count)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Overload]]:
        yield {"overload": overload}

    routes = [Route("/ballots", slow.ballot, methods=["POST"]), Route("/live", lambda _: Response("live"))]
    site = Starlette(routes=routes, lifespan=lifespan)
    if overloading.overload_protocol() is None:
        site.add_middleware(OverloadLimit, overload=overload)
    server = uvicorn.Server(server_config(site, ServerLimits()))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, BOUND_S)


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the next answer on a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


POST = b"POST /ballots HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n%b"


@pytest.mark.asyncio
@pytest.mark.parametrize("known", [True, False])
async def test_one_request_too_many_is_turned_away_by_the_protocol_or_without_it(
    monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """503 with Retry-After, the connection goes on; health comes in; what was let in before is answered."""
    if not known:
        monkeypatch.setattr(overloading, "READ_IN", "another version")
    assert (overloading.overload_protocol() is not None) is known
    slow = Slow()
    async with served(slow) as (host, port), asyncio.timeout(BOUND_S):
        one, to_one = await asyncio.open_connection(host, port)
        to_one.write(POST % b"one")
        while not slow.begun:
            await asyncio.sleep(0.01)
        two, to_two = await asyncio.open_connection(host, port)
        to_two.write(POST % b"two")
        status, headers, body = await answer(two)
        assert (status, headers["retry-after"]) == (503, "1")
        assert headers["content-type"] == "application/problem+json"
        assert b"Too much" in body
        to_two.write(b"GET /live HTTP/1.1\r\nHost: test\r\n\r\n")
        assert (await answer(two))[0] == 200
        slow.go.set()
        assert (await answer(one))[::2] == (200, b"one")
        to_two.write(POST % b"two")
        assert (await answer(two))[::2] == (200, b"two")
        to_one.close()
        to_two.close()
    assert slow.turned_away == 1
