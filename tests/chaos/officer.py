"""The returning officer: gives orders over HTTP, and gives them again until it is clear that they were carried out.

Rule 1: no answer, 502 and 503 leave an order unclear: the announcement says whether it was carried out.
Rule 2: repeating an order is harmless; the log takes it once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.operator.lifecycle import NEXT, Command
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from tests.chaos.books import ELECTION
from tests.chaos.load import ChaosFailed

RETRY_S: Final = 0.5
GIVE_UP_S: Final = 300.0
CERTIFY_BOUND_S: Final = 600.0
UNCLEAR: Final = (502, 503)

Announced = ElectionAnnounced


@dataclass
class Officer:
    """Speaks to one operator. `orders` counts the orders carried out, `repeats` how often one was given again."""

    client: httpx.AsyncClient
    url: str
    token: str
    orders: int = 0
    repeats: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}"}

    async def configure(self, definition: bytes) -> None:
        """Freeze a definition."""
        await self._until("/v1/elections", definition, lambda _: True)

    async def move(self, command: Command) -> None:
        """Open, pause, resume or close."""
        after = {phase for moves in NEXT.values() if (phase := moves.get(command)) is not None}
        await self._order(command, lambda announced: announced.phase in after)

    async def change_elector(self, command: Command, elector: int) -> None:
        """Void or restore an elector."""
        await self._order(command, lambda _: False, elector=elector)

    async def change_candidate(self, command: Command, contest: str, candidate: str) -> None:
        """Withdraw or reinstate a candidate."""
        out = command is Command.WITHDRAW
        await self._order(
            command,
            lambda announced: ((contest, candidate) in announced.withdrawn) is out,
            contest=contest,
            candidate=candidate,
        )

    async def certify(self) -> None:
        """Have the recount run and the result certified."""
        await self._order(Command.CERTIFY, lambda announced: announced.phase is Phase.CERTIFIED)

    async def is_refused(self, command: Command) -> bool:
        """Return whether an order is refused as impossible in the present phase."""
        async with asyncio.timeout(GIVE_UP_S):
            while (answer := await self._post(self._path(command), _form())) is None:
                await asyncio.sleep(RETRY_S)
        return answer.status_code == 409

    async def _order(self, command: Command, done: Callable[[Announced], bool], **more: object) -> None:
        await self._until(self._path(command), _form(**more), done)

    async def _until(self, path: str, body: object, done: Callable[[Announced], bool]) -> None:
        tried, deadline_s = 0, _now_s() + GIVE_UP_S
        while (answer := await self._post(path, body)) is None or answer.is_error:
            tried += 1
            if answer is not None and answer.status_code == 409:
                if done(await self._announced()):
                    break
                if not path.endswith(Command.CERTIFY):  # a standing that is not final yet comes to be
                    raise ChaosFailed(f"the operator refused {path}: {answer.text}")
            if _now_s() > deadline_s:
                raise ChaosFailed(
                    f"{path} not carried out in {GIVE_UP_S:g} s: {answer and answer.text}; {tried} tries"
                )
            await asyncio.sleep(RETRY_S)
        self.orders += 1
        self.repeats += tried

    async def _post(self, path: str, body: object) -> httpx.Response | None:
        """Return the operator's answer, None where it is unclear."""
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = {**self.headers, "Content-Type": "application/json"}
        try:
            answer = await self.client.post(
                self.url + path, headers=headers, timeout=CERTIFY_BOUND_S if "certify" in path else 20, **sent
            )
        except httpx.TransportError:
            return None
        return None if answer.status_code in UNCLEAR else answer

    async def _announced(self) -> Announced:
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                try:
                    found = await self.client.get(f"{self.url}/v1/elections/{ELECTION}", headers=self.headers)
                except httpx.TransportError:
                    await asyncio.sleep(RETRY_S)
                    continue
                if found.status_code == 200:
                    return Announced.model_validate_json(found.content)
                await asyncio.sleep(RETRY_S)

    def _path(self, command: Command) -> str:
        return f"/v1/elections/{ELECTION}/{command}"


def _form(**more: object) -> dict[str, object]:
    return {"by": "chaos", "reason": "chaos", **more}


def _now_s() -> float:
    return asyncio.get_running_loop().time()
