"""What every service answers over HTTP in the same way, and when it says that it is ready."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.runtime.log import Keyed, LogChanged
from shared.runtime.process.health import Health
from shared.runtime.process.http import BodyLimit, Part, create_site
from shared.runtime.projection import Projection

pytestmark = pytest.mark.asyncio

BOUND_S = 5.0


def client(site: Starlette) -> httpx.AsyncClient:
    """Return a client of a site that nobody serves."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://test")


class Topic:
    """A reader of a topic to which values can be added."""

    def __init__(self) -> None:
        self.values: list[bytes] = [b"open"]
        self.fault: LogChanged | None = None
        self._place = 0

    async def read(self, wait_ms: int) -> Sequence[Keyed]:  # noqa: ARG002  the port asks for it
        """Return what is new."""
        await asyncio.sleep(0.001)
        if self.fault is not None:
            raise self.fault
        news = self.values[self._place :]
        self._place += len(news)
        return [Keyed(self._place, "picnic", value, 0) for value in news]

    async def caught_up(self) -> bool:
        """Whether all was read."""
        return self._place == len(self.values)

    async def stop(self) -> None:
        """Nothing is held."""


class Noting:
    """A part that notes when it is started and stopped."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def start(self) -> None:
        """Begin."""
        self._notes.append(f"start {self._name}")

    async def stop(self) -> None:
        """End."""
        self._notes.append(f"stop {self._name}")


def projection(topic: Topic) -> Projection[bytes]:
    """Return a projection of a topic, which stops where it finds that the topic was replaced."""

    async def open_reader(_: str) -> Topic:
        return topic

    return Projection(open_reader, "elections", lambda value: value)


async def test_a_site_is_ready_once_its_topics_are_read_and_no_longer_when_one_of_them_cannot_be() -> None:
    """503 before, 200 while all is well, 503 with the reason after; parts stop in the opposite order."""
    topic, notes = Topic(), list[str]()
    parts: list[Part] = [Noting("first", notes), projection(topic), Noting("last", notes)]
    site = create_site("results", [], Health(), parts)
    async with client(site) as asking:
        assert (await asking.get("/ready")).status_code == 503
        async with site.router.lifespan_context(site):
            assert (await asking.get("/ready")).json()["ready"] is True
            topic.fault = LogChanged("not an election")
            async with asyncio.timeout(BOUND_S):
                while (answer := await asking.get("/ready")).status_code == 200:
                    await asyncio.sleep(0.001)
            assert "not an election" in answer.json()["parts"]["elections"]["detail"]
            assert (await asking.get("/live")).json() == {"live": True}
            assert "python_info" in (await asking.get("/metrics")).text
    assert notes == ["start first", "start last", "stop last", "stop first"]


async def test_a_site_whose_topic_cannot_be_read_does_not_start_and_stops_what_it_had_started() -> None:
    """The fault ends the process; nothing that was started is left running."""
    topic, notes = Topic(), list[str]()
    topic.fault = LogChanged("not an election")
    site = create_site("results", [], Health(), [Noting("first", notes), projection(topic)])

    with pytest.raises(RuntimeError, match="not an election"):
        async with site.router.lifespan_context(site):
            pass

    assert notes == ["start first", "stop first"]


async def test_what_a_site_does_not_have_is_a_problem_document() -> None:
    """404 and 405 as any other refusal, with the headers that belong to it."""

    def page(_: Request) -> Response:
        return PlainTextResponse("page")

    async with client(create_site("results", [Route("/page", page)], Health())) as asking:
        for answer, status in (
            (await asking.get("/nowhere"), 404),
            (await asking.post("/page"), 405),
        ):
            assert answer.status_code == answer.json()["status"] == status
            assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_a_body_is_refused_before_it_is_read_unless_it_says_how_long_it_is_and_that_is_not_too_long() -> (
    None
):
    """413, whatever the route does with bodies."""

    async def echo(request: Request) -> Response:
        return Response(await request.body())

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"

    site = Starlette(
        routes=[Route("/", echo, methods=["POST"])], middleware=[Middleware(BodyLimit, max_bytes=3)]
    )
    async with client(site) as asking:
        assert (await asking.post("/", content=b"abc")).content == b"abc"
        for content in (b"abcd", pieces()):
            answer = await asking.post("/", content=content)
            assert (answer.status_code, answer.json()["title"]) == (413, "Body too large")
        for length in ("3x", "9" * 5_000, "-1", "+3"):
            odd = await asking.post("/", content=b"abc", headers={"Content-Length": length})
            assert odd.status_code == 413
