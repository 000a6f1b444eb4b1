"""Casts papers through the public API: some one by one, most in bulk, at a pace.

Rule 1: a ballot counts as cast only when its answer says "recorded". One without an answer is sent again with the
        same ballot id, so that a service killed in the middle costs time and nothing else.
Rule 2: a refusal that time does not heal ends the casting at once, in intake's own words.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

import httpx
import msgspec

ONE_BY_ONE = 500  # a request of its own costs the client some 500 times a line of a stream
SINGLES_AT_ONCE = 16  # the client looks through all its connections at every request
STREAMS = 4
CHUNK_LINES = 2_000
TRIES = 60
RETRY_S = 0.5
LATER = (429, 503)
UNHEARD = (404, 409)
"""What the first ballots may meet: intake hears of an opening a moment after the operator has announced it."""


class CastingFailed(Exception):
    """A ballot was refused, or could not be recorded within the tries."""


class Answer(msgspec.Struct, gc=False):
    """What intake says of one line."""

    line: int
    status: str
    receipt: str = ""
    problem: dict[str, object] = {}


_decode_answers = msgspec.json.Decoder(Answer).decode_lines


@dataclass
class Casting:
    """The papers on their way. `recorded` grows as answers come in."""

    client: httpx.AsyncClient
    url: str
    bodies: Sequence[bytes]
    rate: float
    retry_s: float = RETRY_S
    one_by_one: int = ONE_BY_ONE
    recorded: int = 0
    retries: int = 0
    _taken: int = field(default=0, init=False)
    _began_s: float = field(default=0.0, init=False)
    _trouble: str = field(default="", init=False)

    async def run(self) -> None:
        """Cast all papers. Raises CastingFailed."""
        try:
            await self._cast_all()
        except ExceptionGroup as group:
            failed = group.subgroup(CastingFailed)
            if failed is None:
                raise
            raise CastingFailed(str(failed.exceptions[0])) from group

    async def _cast_all(self) -> None:
        self._began_s = _now_s()
        await self._one_by_one(self.bodies[: self.one_by_one])
        rest = self.bodies[self.one_by_one :]
        chunks = iter([rest[start : start + CHUNK_LINES] for start in range(0, len(rest), CHUNK_LINES)])
        async with asyncio.TaskGroup() as streams:
            for _ in range(STREAMS):
                streams.create_task(self._stream(chunks))

    async def _one_by_one(self, bodies: Sequence[bytes]) -> None:
        waiting = iter(bodies)

        async def voter() -> None:
            for body in waiting:
                await self._pace(1)
                await self._cast_one(body)

        async with asyncio.TaskGroup() as voters:
            for _ in range(SINGLES_AT_ONCE):
                voters.create_task(voter())

    async def _stream(self, chunks: Iterator[Sequence[bytes]]) -> None:
        for chunk in chunks:
            await self._pace(len(chunk))
            await self._cast_many(chunk)

    async def _cast_one(self, body: bytes) -> None:
        for _ in range(TRIES):
            if await self._send_one(body):
                self.recorded += 1
                return
            await self._wait()
        raise CastingFailed(f"a ballot not recorded after {TRIES} tries, the last one: {self._trouble}")

    async def _cast_many(self, lines: Sequence[bytes]) -> None:
        left = list(lines)
        for _ in range(TRIES):
            left = await self._send_many(left)
            if not left:
                return
            await self._wait()
        raise CastingFailed(
            f"{len(left)} ballots not recorded after {TRIES} tries, the last one: {self._trouble}"
        )

    async def _send_one(self, body: bytes) -> bool:
        """Send a ballot; return whether it is recorded."""
        headers = {"Content-Type": "application/json"}
        try:
            answer = await self.client.post(self.url, content=body, headers=headers)
        except httpx.TransportError as fault:
            self._trouble = repr(fault)
            return False
        if answer.status_code != 202:
            self._put_off(answer.status_code, answer.text, (*LATER, *UNHEARD))
        return answer.status_code == 202

    async def _send_many(self, lines: Sequence[bytes]) -> list[bytes]:
        """Send a chunk; return what has to be sent again."""
        done: set[int] = set()
        headers = {"Content-Type": "application/x-ndjson"}
        try:
            async with self.client.stream(
                "POST", f"{self.url}/bulk", content=b"\n".join(lines), headers=headers
            ) as found:
                if found.status_code != 200:
                    self._put_off(found.status_code, (await found.aread()).decode(), LATER)
                else:
                    async for answers in read_answers(found):
                        for answer in answers:
                            self._note(answer, done)
        except (httpx.TransportError, msgspec.DecodeError) as fault:
            self._trouble = repr(fault)
        return [line for place, line in enumerate(lines, 1) if place not in done]

    def _note(self, answer: Answer, done: set[int]) -> None:
        if answer.status != "recorded":
            status = answer.problem.get("status")
            self._put_off(status if isinstance(status, int) else 0, str(answer.problem), LATER)
        elif answer.line not in done:
            done.add(answer.line)
            self.recorded += 1

    def _put_off(self, status: int, words: str, later: tuple[int, ...]) -> None:
        """Remember why a ballot has to wait. Raises CastingFailed if waiting does not help."""
        self._trouble = f"intake answered {status}: {words}"
        if status not in later:
            raise CastingFailed(self._trouble)

    async def _wait(self) -> None:
        self.retries += 1
        await asyncio.sleep(self.retry_s)

    async def _pace(self, ballots: int) -> None:
        due_s = self._began_s + self._taken / self.rate
        self._taken += ballots
        await asyncio.sleep(max(0.0, due_s - _now_s()))


async def read_answers(found: httpx.Response) -> AsyncIterator[list[Answer]]:
    """Yield the answers whose lines are whole, as they arrive. Raises httpx.TransportError, msgspec.DecodeError."""
    rest = b""
    async for chunk in found.aiter_bytes():
        whole, _, rest = (rest + chunk).rpartition(b"\n")
        yield _decode_answers(whole)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
