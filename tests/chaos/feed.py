"""A viewer of the live feed, who checks every standing that is sent.

It comes back after every interruption with the id of the last event, as browsers do. No component of a watermark may go back,
and every balance must hold; anything else is a fault.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httpx

from shared.contract.codec import decode_as
from shared.contract.standings import Balance, Standing, Status
from tests.chaos.books import ELECTION

COME_BACK_S: Final = 0.2
SILENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of a standing."""

    contest: str
    sequence: int
    watermark: tuple[int, ...]
    balance: Balance
    status: Status
    result_hash: str
    heads: tuple[str, ...]


@dataclass
class Viewer:
    """Watches one contest."""

    url: str
    contest: str
    seen: list[Seen] = field(default_factory=list)
    newest: Standing | None = None
    returns: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sequence(self) -> int:
        """How many records of the log the newest standing covers."""
        return self.seen[-1].sequence if self.seen else 0

    async def watch(self) -> None:
        """Watch until cancelled."""
        path = f"{self.url}/v1/elections/{ELECTION}/contests/{self.contest}/stream"
        async with httpx.AsyncClient(timeout=SILENCE_S, trust_env=False) as client:
            while True:
                with suppress(httpx.TransportError):
                    await self._connect(client, path)
                self.returns += 1
                await asyncio.sleep(COME_BACK_S)

    async def _connect(self, client: httpx.AsyncClient, path: str) -> None:
        headers = {"Last-Event-ID": str(self.sequence)} if self.seen else {}
        async with client.stream("GET", path, headers=headers) as answer:
            if answer.status_code != 200:
                return
            event = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data" and event == "standing":
                    self._take(decode_as(Standing, value.encode()))

    def _take(self, standing: Standing) -> None:
        if self.seen:
            before = self.seen[-1]
            pairs = zip(before.watermark, standing.watermark, strict=True)
            if standing.sequence <= before.sequence or any(a > b for a, b in pairs):
                self._fault(standing, f"comes after {before.watermark}")
        if not standing.balance.holds:
            self._fault(standing, f"does not balance: {standing.balance}")
        self.newest = standing
        self.seen.append(
            Seen(
                self.contest,
                standing.sequence,
                standing.watermark,
                standing.balance,
                standing.status,
                standing.result_hash,
                standing.heads,
            )
        )

    def _fault(self, standing: Standing, what: str) -> None:
        self.faults.append(f"{self.contest} at {standing.watermark}: {what}")
