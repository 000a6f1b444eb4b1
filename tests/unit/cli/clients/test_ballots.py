"""Casting through an intake that falters: every ballot is recorded in the end, or the run says why not."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from services.cli.clients import ballots as casting
from services.cli.clients.ballots import Casting, CastingFailed

BALLOTS = casting.ONE_BY_ONE + 3 * casting.CHUNK_LINES + 500
BODIES = [b'{"ballot_id":"%032x"}' % number for number in range(BALLOTS)]
BOUND_S = 20.0


class BrokenStream(httpx.AsyncByteStream):
    """Some answers, the last one torn, then a connection that is gone."""

    def __init__(self, answers: bytes) -> None:
        self._answers = answers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield in pieces that do not keep to lines."""
        for start in range(0, len(self._answers), 1_001):
            yield self._answers[start : start + 1_001]
        raise httpx.ReadError("connection reset")


class Intake(httpx.AsyncBaseTransport):
    """An intake that records, and falters on the requests that `falter` names by their number, from 0."""

    def __init__(self, falter: Callable[[int, bool], str]) -> None:
        self.recorded: set[str] = set()
        self.requests = 0
        self._falter = falter

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one ballot or a stream of them."""
        bulk = request.url.path.endswith("/bulk")
        how = self._falter(self.requests, bulk)
        self.requests += 1
        lines = (await request.aread()).split(b"\n")
        if how == "gone":
            raise httpx.ConnectError("refused")
        if how == "turned-away":
            return httpx.Response(503, headers={"Retry-After": "1"}, json={"status": 503, "detail": "busy"})
        if how.isdecimal():
            return httpx.Response(int(how), json={"status": int(how), "detail": "not now"})
        if how == "killed":
            half = lines[: len(lines) // 2]
            return httpx.Response(200, stream=BrokenStream(self._record(half)[:-7]))
        answers = self._refuse(lines, how) if how else self._record(lines)
        return httpx.Response(200 if bulk else 202, content=answers)

    def _record(self, lines: list[bytes], first: int = 1) -> bytes:
        ids = [json.loads(line)["ballot_id"] for line in lines]
        self.recorded |= set(ids)
        answers = [
            {"line": n, "ballot_id": i, "status": "recorded", "receipt": "r"}
            for n, i in enumerate(ids, first)
        ]
        return b"".join(json.dumps(answer).encode() + b"\n" for answer in answers)

    def _refuse(self, lines: list[bytes], how: str) -> bytes:
        status = int(how.removeprefix("line-"))
        refused = {"line": 1, "status": "refused", "problem": {"status": status, "title": "planted"}}
        return json.dumps(refused).encode() + b"\n" + self._record(lines[1:], first=2)


def cast(intake: Intake) -> Casting:
    """Cast all bodies through an intake, without waiting between tries."""

    async def run() -> Casting:
        async with asyncio.timeout(BOUND_S), httpx.AsyncClient(transport=intake) as client:
            run = Casting(client, "http://intake/v1/elections/e/ballots", BODIES, rate=1e9, retry_s=0.0)
            await run.run()
            return run

    return asyncio.run(run())


def test_every_ballot_is_recorded_once_when_all_goes_well() -> None:
    """And nothing is sent twice: the first part one by one, the rest in chunks."""
    intake = Intake(lambda _number, _bulk: "")

    run = cast(intake)

    assert run.recorded == len(intake.recorded) == BALLOTS
    assert (run.retries, intake.requests) == (0, casting.ONE_BY_ONE + 4)


@pytest.mark.parametrize("how", ["gone", "503", "429", "killed", "line-503"])
def test_a_faltering_intake_costs_tries_and_no_ballot(how: str) -> None:
    """Down, busy, killed in mid-stream, or unable to write one line: the same ballots are sent again."""
    intake = Intake(lambda number, bulk: how if bulk and number % 2 else "")

    run = cast(intake)

    assert run.recorded == len(intake.recorded) == BALLOTS
    assert run.retries > 0


@pytest.mark.parametrize("how", ["gone", "404", "409", "503"])
def test_the_first_ballots_wait_for_an_intake_that_has_not_heard_of_the_opening(how: str) -> None:
    """It hears of an election a moment after the operator has announced it."""
    intake = Intake(lambda number, _bulk: how if number < 100 else "")

    run = cast(intake)

    assert (run.recorded, run.retries) == (BALLOTS, 100)


@pytest.mark.parametrize("how", ["line-403", "415"])
def test_a_refusal_that_time_does_not_heal_ends_the_casting_in_its_own_words(how: str) -> None:
    """One clear error, not a group of them and not sixty tries."""
    intake = Intake(lambda _number, bulk: how if bulk else "")

    with pytest.raises(CastingFailed, match=how.removeprefix("line-")):
        cast(intake)

    assert intake.requests <= casting.ONE_BY_ONE + casting.STREAMS


def test_an_intake_that_stays_away_is_given_up_with_what_stood_in_the_way() -> None:
    """Tries are bounded."""
    intake = Intake(lambda _number, bulk: "gone" if bulk else "")

    with pytest.raises(CastingFailed, match=r"not recorded after 60 tries.*refused"):
        cast(intake)


def test_an_intake_says_how_long_to_wait() -> None:
    """Retry-After is kept to where it is longer than the client's own pause; then the same ballot is recorded."""
    intake = Intake(lambda number, _bulk: "" if number else "turned-away")
    began_s = time.monotonic()

    async def run() -> Casting:
        async with asyncio.timeout(BOUND_S), httpx.AsyncClient(transport=intake) as client:
            run = Casting(client, "http://intake/v1/elections/e/ballots", BODIES[:1], rate=1e9, retry_s=0.0)
            await run.run()
            return run

    assert asyncio.run(run()).retries == 1
    assert time.monotonic() - began_s >= 1.0
