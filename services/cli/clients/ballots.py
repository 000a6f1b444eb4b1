"""A client that casts ballots through intake's API, and a casting at a pace that is made of it.

A ballot without a clear answer is sent again, the same bytes with the same ballot id: a service that is killed in the middle
costs time and no ballot, and no ballot counts twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from services.cli.clients.operator import retry_after_s

ONE_BY_ONE: Final = 500  # a request of its own costs the client some 500 times a line of a stream
SINGLES_AT_ONCE: Final = 16  # the client looks through all its connections at every request
STREAMS: Final = 4
CHUNK_LINES: Final = 2_000
TRIES: Final = 60
RETRY_S: Final = 0.5
LATER: Final = frozenset({429, 503})
NOT_OPEN_YET: Final = frozenset({404, 409})
"""How the first ballots may be answered: intake hears of an opening a moment after the operator has announced it."""


class CastingFailed(RuntimeError):
    """A ballot was refused, or was not recorded within the tries."""


class Answer(msgspec.Struct, gc=False):
    """Intake's answer to one ballot. `line` counts from 1; `problem` holds at least its `status` where it is refused."""

    line: int
    status: str
    receipt: str = ""
    problem: dict[str, Any] = {}


Settle = Callable[[int, Answer], bool]
"""Takes a ballot's place and its answer; returns whether that is clear. Raises where casting must end."""

_decode_answers = msgspec.json.Decoder(Answer).decode_lines


class _Try(NamedTuple):
    left: list[int]
    wait_s: float
    trouble: str


class BallotClient:
    """Casts ballots of one election. `url` is that of its ballots; `retries` counts the requests made again."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, *, tries: int = TRIES, retry_s: float = RETRY_S
    ) -> None:
        self._http = http
        self._url = url
        self._tries = tries
        self._retry_s = retry_s
        self.retries = 0

    async def cast(self, bodies: Sequence[bytes], settle: Settle, *, bulk: bool) -> None:
        """Send ballots until each is settled: in one stream, or a single one by itself.

        Waits between two tries, as long as Retry-After says if that is longer. Raises CastingFailed, and as `settle` does.
        """
        left = list(range(len(bodies)))
        if not left:
            return
        trouble = ""
        for _ in range(self._tries):
            left, wait_s, trouble = await self._send(bodies, left, settle, bulk=bulk)
            if not left:
                return
            self.retries += 1
            await asyncio.sleep(wait_s)
        many = f"{len(left)} ballots" if len(left) > 1 else "a ballot"
        raise CastingFailed(f"{many} not recorded after {self._tries} tries, the last one: {trouble}")

    async def _send(self, bodies: Sequence[bytes], places: list[int], settle: Settle, *, bulk: bool) -> _Try:
        """Send the ballots at these places once; return which of them are not settled, and why."""
        done: set[int] = set()
        wait_s, trouble = self._retry_s, ""
        url, kind = (f"{self._url}/bulk", "application/x-ndjson") if bulk else (self._url, "application/json")
        content = b"\n".join([bodies[place] for place in places])
        try:
            async with self._http.stream(
                "POST", url, content=content, headers={"Content-Type": kind}
            ) as found:
                wait_s = max(wait_s, retry_after_s(found) or 0.0)
                async for answers in _answers(found, len(places), bulk=bulk):
                    for answer in answers:
                        place = places[answer.line - 1]
                        if place not in done and settle(place, answer):
                            done.add(place)
                        elif place not in done:
                            trouble = _refusal(answer)
        except (httpx.TransportError, msgspec.DecodeError) as fault:
            trouble = repr(fault)
        return _Try([place for place in places if place not in done], wait_s, trouble)


async def _answers(found: httpx.Response, ballots: int, *, bulk: bool) -> AsyncIterator[list[Answer]]:
    """Yield the answers to a request, as they arrive. Raises httpx.TransportError, msgspec.DecodeError."""
    if bulk and found.status_code == httpx.codes.OK:
        rest = b""
        async for chunk in found.aiter_bytes():
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            yield _decode_answers(whole)
        return
    body = await found.aread()
    if found.status_code == httpx.codes.ACCEPTED:
        yield [Answer(line=1, status="recorded", receipt=msgspec.json.decode(body)["receipt"])]
        return
    try:
        problem = {**msgspec.json.decode(body, type=dict[str, Any]), "status": found.status_code}
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = {"status": found.status_code, "detail": body[:200].decode(errors="replace")}
    yield [Answer(line=line, status="refused", problem=problem) for line in range(1, ballots + 1)]


def _refusal(answer: Answer) -> str:
    return f"intake answered {answer.problem.get('status')}: {answer.problem}"


@dataclass
class Casting:
    """Casts all of `bodies` at `rate` ballots a second: the first `one_by_one` by themselves, the others in streams.

    `recorded` grows as answers come in: a ballot counts as cast only when its answer says "recorded".
    """

    client: httpx.AsyncClient
    url: str
    bodies: Sequence[bytes]
    rate: float
    retry_s: float = RETRY_S
    one_by_one: int = ONE_BY_ONE
    recorded: int = 0
    _ballots: BallotClient = field(init=False)
    _taken: int = field(default=0, init=False)
    _began_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._ballots = BallotClient(self.client, self.url, retry_s=self.retry_s)

    @property
    def retries(self) -> int:
        """How many requests had to be made again."""
        return self._ballots.retries

    async def run(self) -> None:
        """Cast all ballots. Raises CastingFailed in intake's words where a refusal is not healed by time."""
        self._began_s = _now_s()
        singles, rest = self.bodies[: self.one_by_one], self.bodies[self.one_by_one :]
        chunks = [rest[start : start + CHUNK_LINES] for start in range(0, len(rest), CHUNK_LINES)]
        try:
            await self._cast_all([[body] for body in singles], SINGLES_AT_ONCE, bulk=False)
            await self._cast_all(chunks, STREAMS, bulk=True)
        except ExceptionGroup as group:
            failed = group.subgroup(CastingFailed)
            if failed is None:
                raise
            raise CastingFailed(str(failed.exceptions[0])) from group

    async def _cast_all(self, chunks: Sequence[Sequence[bytes]], at_once: int, *, bulk: bool) -> None:
        left: Iterator[Sequence[bytes]] = iter(chunks)
        later = LATER if bulk else LATER | NOT_OPEN_YET

        def settle(_place: int, answer: Answer) -> bool:
            if answer.status == "recorded":
                self.recorded += 1
                return True
            if answer.problem.get("status") not in later:
                raise CastingFailed(_refusal(answer))
            return False

        async def work() -> None:
            for chunk in left:
                due_s = self._began_s + self._taken / self.rate
                self._taken += len(chunk)
                await asyncio.sleep(max(0.0, due_s - _now_s()))
                await self._ballots.cast(chunk, settle, bulk=bulk)

        async with asyncio.TaskGroup() as workers:
            for _ in range(at_once):
                workers.create_task(work())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
