"""The bounds at the edge: what hostile connections get, and that whoever comes with an honest request is answered meanwhile."""

import asyncio
import re
import socket
import statistics
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.runtime.process.connections import ENDED, ServerLimits, address_key
from shared.runtime.process.http import client_left, problem
from shared.runtime.process.overload import Asked, DirectRoute, Overload, as_sent
from shared.runtime.process.server import Server, listen, server_config

pytestmark = pytest.mark.asyncio

BOUND_S = 20.0
QUICK = ServerLimits(drain_s=1, head_s=0.4, body_s=0.4, idle_s=1, send_timeout_s=0.5)
"""The server's own limits, but for the time they take."""
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /ballots HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n"
PIECE = b"x" * 65_536
LARGE_BYTES = 16 << 20


async def page(request: Request) -> Response:
    """Answer with who asks."""
    return PlainTextResponse(request.client.host if request.client else "")


async def ballot(request: Request) -> Response:
    """Answer with the length of the body."""
    return PlainTextResponse(str(len(await request.body())))


class Gathered:
    """Answers while the body is still being read, and to the end, as intake does with a stream of ballots."""

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive()).get("more_body", False):
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"done", "more_body": False})


async def endless(_: Request) -> Response:
    """Answer with more than any buffer holds."""

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield PIECE
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


async def large(_: Request) -> Response:
    """Answer with far more than the kernel keeps for a client."""
    return Response(bytes(LARGE_BYTES))


async def ballot_directly(asked: Asked) -> bytes:
    """Answer as `ballot` does, and say who asks. A body that begins with "fail" is answered by a fault, one with "wait" later."""
    if asked.body.startswith(b"wait"):
        await asyncio.sleep(0.2)
    if asked.body.startswith(b"fail"):
        raise ZeroDivisionError
    return as_sent(PlainTextResponse(str(len(asked.body)), headers={"X-Direct": asked.client}))


@asynccontextmanager
async def served(limits: ServerLimits, max_requests: int = 128) -> AsyncIterator[int]:
    """Serve; give the port."""
    too_much = problem(503, "Too much", "again", retry_after_s=1)
    direct = DirectRoute(re.compile(b"/(ballots)"), 5_000, ballot_directly)
    overload = Overload(max_requests, b"/ballots", too_much, lambda: None, direct)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"overload": overload}

    routes = [
        Route("/", page),
        Route("/endless", endless),
        Route("/large", large),
        Route("/gathered", Gathered(), methods=["POST"]),
        Route("/ballots", ballot, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {ClientDisconnect: client_left}
    site = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    server = Server(server_config(site, limits))
    with listen("127.0.0.1", 0, limits) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            async with asyncio.timeout(BOUND_S):
                while not server.started:
                    await asyncio.sleep(0.01)
                yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, BOUND_S)


async def said(port: int, pieces: Sequence[bytes], every_s: float = 0.0) -> bytes:
    """Send pieces; return all that the server says until it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)

    sending = asyncio.create_task(send())
    found = b""
    try:
        async with asyncio.timeout(BOUND_S):
            while part := await reader.read(65_536):
                found += part
    except ConnectionError:
        pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
    return found


TRICKLE = [b"X"] * 1_000
HOSTILE: dict[str, tuple[list[bytes], int | None]] = {
    "silent": ([], None),
    "a blank line now and then": ([b"\r\n"] * 1_000, 408),
    "headers that never end, slowly": ([GET[:-2], b"X-A: ", *TRICKLE], 408),
    "headers that never end, at once": ([GET[:-2], b"X-A: ", *[PIECE] * 100], 431),
    "one large header": ([GET[:-2], b"X-A: " + b"a" * 17_000 + b"\r\n\r\n"], 431),
    "many headers": ([GET[:-2], b"X-A: b\r\n" * 3_000 + b"\r\n"], 431),
    "headers one too many, empty": ([GET[:-2] + b"a:\r\n" * 128 + b"\r\n"], 431),
    "empty headers that wait for more": ([GET[:-2] + b"a:\r\n" * 200], 431),
    "an address that never ends": ([b"GET /", *[PIECE] * 100], 431),
    "a body that never comes": ([POST % 10], 408),
    "a body by the byte": ([POST % 900, *TRICKLE], 408),
    "trailers that never end": (
        [
            b"POST /ballots HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
            *[PIECE] * 100,
        ],
        431,
    ),
    "not HTTP": ([b"\x16\x03\x01\x02\x00\x01"], 400),
    "requests without end": ([GET * 2_000, *[GET * 500] * 40], 429),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_who_keeps_a_server_waiting_or_sends_without_end_is_answered_so_and_ended(kind: str) -> None:
    """With a problem document where a request was begun; without a word where nothing came."""
    pieces, status = HOSTILE[kind]
    async with served(QUICK) as port:
        found = await said(port, pieces, every_s=0.02 if len(pieces) >= 1_000 else 0.0)
    last = found.rpartition(b"HTTP/1.1 ")[2]
    if status is None:
        assert found == b""
    else:
        assert last.startswith(b"%d " % status), found[-500:]
        assert b"application/problem+json" in last
        assert b"nosniff" in last
        assert (b"retry-after: " in last.lower()) is (status not in (400, 431))


PLAIN = b"POST /ballots HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%b"
CLOSE = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
OTHER = {
    "chunked": b"POST /ballots HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "expects to be asked to go on": PLAIN[:-4] % 1 + b"Expect: 100-continue\r\n\r\nx",
    "another spelling": PLAIN.replace(b"/ballots", b"/%62allots", 1).replace(b"%62", b"%%62") % (1, b"x"),
    "the last on its connection": PLAIN[:-4] % 1 + b"Connection: close\r\n\r\nx",
    "longer than stated for the route": PLAIN % (5_001, b"x" * 5_001),
}


async def test_a_plain_request_is_answered_without_asgi_and_the_next_on_its_connection_too() -> None:
    """In one piece or in many, each with the headers that every answer has."""
    request = PLAIN % (3, b"abc")
    async with served(QUICK) as port:
        for pieces in ([request, CLOSE], [bytes([byte]) for byte in request] + [CLOSE]):
            found = (await said(port, pieces, every_s=0.001)).lower()
            assert found.count(b"x-direct: 127.0.0.1") == 1
            assert found.startswith(b"http/1.1 200 ok\r\n")
            assert found.count(b"nosniff") == 2
            assert b"\r\n\r\n3http/1.1 200" in found


@pytest.mark.parametrize("kind", OTHER)
async def test_a_request_that_is_not_plain_is_answered_by_asgi(kind: str) -> None:
    """The same route is there; nobody gets another answer."""
    async with served(QUICK) as port:
        found = (await said(port, [OTHER[kind], CLOSE])).lower()
    assert b"x-direct" not in found
    assert re.search(rb"\r\n\r\n(1|5001)(http|$)", found)


async def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    """Also where the first is answered without ASGI and takes its time."""
    lengths = (4, 2, 7, 3)
    async with served(QUICK) as port:
        found = await said(port, [b"".join(PLAIN % (n, b"wait   "[:n]) for n in lengths) + CLOSE])
    assert re.findall(rb"\r\n\r\n(\d+)", found)[:4] == [b"%d" % n for n in lengths]


async def test_a_fault_in_a_plain_request_is_answered_500_and_ends_the_connection(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Others are answered as before."""
    async with served(QUICK, max_requests=1) as port:
        assert (await said(port, [PLAIN % (4, b"fail")])).startswith(b"HTTP/1.1 500 ")
        assert b"\r\n\r\n3" in await said(port, [PLAIN % (3, b"abc"), CLOSE], every_s=0.01)
    assert "a request failed" in capsys.readouterr().out


async def test_who_leaves_before_the_answer_holds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Not a place among the requests that are being answered either."""
    async with served(QUICK, max_requests=1) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PLAIN % (4, b"wait"))
        await writer.drain()
        await asyncio.sleep(0.05)
        assert (await said(port, [PLAIN % (3, b"abc"), CLOSE], every_s=0.01)).startswith(b"HTTP/1.1 503 ")
        writer.transport.abort()
        await asyncio.sleep(0.3)
        assert b"\r\n\r\n3" in await said(port, [PLAIN % (3, b"abc"), CLOSE], every_s=0.01)
    assert "Traceback" not in caplog.text


async def test_a_plain_request_that_is_being_answered_when_the_server_ends_is_answered() -> None:
    """As any other is."""
    async with served(QUICK) as port:
        answering = asyncio.create_task(said(port, [PLAIN % (4, b"wait")]))
        await asyncio.sleep(0.1)
    assert (await answering).endswith(b"\r\n\r\n4")


async def test_the_client_of_a_plain_request_is_the_one_that_a_trusted_proxy_names() -> None:
    """And nobody else's word is taken."""
    forwarded = PLAIN[:-4] % 1 + b"X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n\r\nx"
    for proxies, client in (("127.0.0.0/8", b"192.0.2.7"), ("", b"127.0.0.1")):
        async with served(replace(QUICK, trusted_proxies=proxies)) as port:
            assert b"x-direct: " + client in (await said(port, [forwarded, CLOSE])).lower()


async def test_an_application_that_answers_a_connection_that_was_ended_raises_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A request that turns to garbage while it is being answered, read whole or in pieces."""
    request = b"POST %b HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nrubbish"
    async with served(QUICK) as port:
        for path in (b"/ballots", b"/gathered"):
            assert b"HTTP/1.1 400 " in await said(port, [request % path])
        await asyncio.sleep(0.1)
    assert "Traceback" not in caplog.text


async def test_a_body_that_keeps_coming_is_waited_for() -> None:
    """Time is given by the bytes that arrive: a long body over a slow line is no attack."""
    limits = replace(QUICK, body_bytes_per_s=1_000)
    async with served(limits) as port:
        found = await said(port, [POST % 3_000, *[b"x" * 200] * 15, GET], every_s=0.08)
    assert b"\r\n\r\n3000" in found


async def test_a_client_that_takes_its_answer_by_the_byte_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the server, too: a kernel without such a bound, or one that hears of each byte taken, holds on to it."""
    monkeypatch.delattr("socket.TCP_USER_TIMEOUT", raising=False)
    ended = ENDED.labels("answer not taken")
    before = ended._value.get()
    async with served(QUICK) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET /endless HTTP/1.1\r\nHost: test\r\n\r\n")
        while ended._value.get() == before:
            assert await reader.read(1)
            await asyncio.sleep(0.01)
        writer.close()


async def test_idle_connections_shut_nobody_out_and_honest_ballots_take_no_longer() -> None:
    """300 hostile connections from the electors' own address, twice what it may have; each ballot is taken, 99 of 100 within a second."""
    limits = replace(ServerLimits(drain_s=1), max_per_address=150, max_connections=200)
    waits: list[float] = []
    async with served(limits, max_requests=4) as port:
        held = []
        for kind in ([], [GET[:-2]], [POST % 10]) * 100:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.writelines(kind)
            held.append(writer)
        loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as electors:
            for _ in range(100):
                began_s = loop.time()
                assert (await electors.post("/ballots", content=b"abc")).text == "3"
                waits.append(loop.time() - began_s)
        for writer in held:
            writer.close()
    assert statistics.quantiles(waits, n=100)[98] < 1.0


async def test_an_address_has_so_many_connections_and_is_answered_when_they_are_all_in_use() -> None:
    """Those that are being answered are not ended for others."""
    async with served(replace(QUICK, max_per_address=2, send_timeout_s=60.0)) as port:
        busy = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /endless HTTP/1.1\r\nHost: test\r\n\r\n")
            await reader.readexactly(10)
            busy.append(writer)
        found = await said(port, [GET])
        for writer in busy:
            writer.transport.abort()
    assert found.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 5" in found


async def test_a_proxy_that_is_trusted_is_not_bounded_as_an_address_and_its_client_is_known() -> None:
    """Others may write into X-Forwarded-For what they like."""
    forwarded = GET[:-2] + b"X-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n\r\n"
    async with served(replace(QUICK, max_per_address=1, trusted_proxies="127.0.0.0/8")) as port:
        held = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(5)]
        for writer in held:
            writer.write(b"POST /ballots HTTP/1.1\r\n")
        assert (await said(port, [forwarded])).endswith(b"192.0.2.7")
        for writer in held:
            writer.close()
    async with served(QUICK) as port:
        assert (await said(port, [forwarded])).endswith(b"127.0.0.1")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"200"),
    ],
)
async def test_a_request_names_one_host(head: bytes, status: bytes) -> None:
    """As RFC 9112 (3.2) asks: with two of them, a proxy and this server could mean different ones."""
    async with served(QUICK) as port:
        assert (await said(port, [head])).startswith(b"HTTP/1.1 %b " % status)


@pytest.mark.parametrize("path", [b"/ballots?x", b"/ballot%73", b"/%62allots", b"http://test/ballots?"])
async def test_however_a_path_is_spelt_the_bound_on_requests_holds(path: bytes) -> None:
    """One request is being answered; another is turned away, and those still being read count for nothing."""
    async with served(QUICK, max_requests=0) as port:
        request = b"POST %b HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx" % path
        assert (await said(port, [request])).startswith(b"HTTP/1.1 503 ")


async def test_a_connection_that_waits_holds_a_bounded_piece_of_memory() -> None:
    """At the limit of headers: 64 kB each at most, so that 4,096 of them are 256 MB."""
    limits = replace(ServerLimits(drain_s=1), max_per_address=1_000)
    head = GET[:-2] + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 116) for n in range(limits.max_headers - 2))
    assert limits.max_head_bytes * 0.9 < len(head) < limits.max_head_bytes
    async with served(limits) as port:
        before = resident_bytes()
        held = []
        for _ in range(500):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            await writer.drain()
            held.append(writer)
        await asyncio.sleep(0.5)
        grown = resident_bytes() - before
        for writer in held:
            writer.close()
    assert grown < 500 * 65_536 * 2, "the test's own ends of the connections are counted, too"


async def test_answers_that_nobody_takes_hold_the_stated_memory_in_all_and_others_are_answered() -> None:
    """Twenty clients ask for 16 MB each and take none of it: 64 MB are kept, and who left theirs longest is ended."""
    limits = replace(ServerLimits(drain_s=1), max_untaken_bytes=4 * LARGE_BYTES)
    ended = ENDED.labels("answers not taken")
    before = ended._value.get()
    async with served(limits) as port:
        held = []
        tracemalloc.start()
        for _ in range(20):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            held.append(sock)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            sock.send(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
            await asyncio.sleep(0.01)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (await said(port, [GET[:-2] + b"Connection: close\r\n\r\n"])).startswith(b"HTTP/1.1 200")
        for sock in held:
            sock.close()
    assert ended._value.get() - before >= 14
    assert grown < 5 * LARGE_BYTES


def resident_bytes() -> int:
    """Return this process's resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_an_address_is_what_one_subscriber_has() -> None:
    """IPv6 gives each subscriber 2^64 of them; what is no address is nobody's."""
    assert address_key("192.0.2.1") == address_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1") != address_key("2001:db8:0:1::1")
    assert address_key("unknown") == ""
