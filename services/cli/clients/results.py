"""A client of the results API: the newest standings of an election's contests, and waits for what they must come to."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import httpx

from shared.contract.codec import decode_as
from shared.contract.standings import Standing

BOUND_S: Final = 120.0
LOOK_EVERY_S: Final = 0.1


class NotPublished(RuntimeError):
    """The standings that were waited for were not published in time; says what was found instead."""


class ResultsClient:
    """Reads the standings of some contests of one election. `standings` are the newest read, by contest id."""

    def __init__(self, http: httpx.AsyncClient, url: str, election: str, contests: Sequence[str]) -> None:
        self._http = http
        self._url = f"{url}/v1/elections/{election}/contests"
        self._contests = contests
        self.standings: dict[str, Standing] = {}

    async def look(self) -> None:
        """Read the newest standings. What cannot be read now, as while a service starts again, is left as it was."""
        with suppress(httpx.TransportError):
            for contest in self._contests:
                answer = await self._http.get(f"{self._url}/{contest}/standing")
                if answer.status_code == httpx.codes.OK:
                    self.standings[contest] = decode_as(Standing, answer.content)

    async def until(self, what: str, condition: Callable[[Standing], bool], bound_s: float = BOUND_S) -> None:
        """Wait until the standing of every contest meets a condition; `what` names it. Raises NotPublished."""
        try:
            async with asyncio.timeout(bound_s):
                while len(self.standings) < len(self._contests) or not all(
                    map(condition, self.standings.values())
                ):
                    await asyncio.sleep(LOOK_EVERY_S)
                    await self.look()
        except TimeoutError:
            found = ", ".join(
                f"{contest} {standing.status}, {standing.balance}"
                for contest, standing in self.standings.items()
            )
            raise NotPublished(f"waited {bound_s:g} s for {what}; found {found or 'no standing'}") from None
