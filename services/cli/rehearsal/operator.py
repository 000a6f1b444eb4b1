"""The operator's orders in a rehearsal, repeated until they are carried out.

Rule 1: a service that was killed answers again in a while. An order without an answer is given again: in the log it has
        its effect once. If it is refused then, the lost answer was a yes.
Rule 2: any other refusal ends the rehearsal, in the operator's words.
"""

import asyncio
from collections.abc import Mapping

import httpx
import msgspec

TRIES = 480
"""Four minutes: on a busy machine a service may need a second start, a minute each."""
RETRY_S = 0.5
TIMEOUT_S = 30.0
LATER = frozenset({502, 503})
"""What an operator may answer that has just been started again: it is still reading which elections there are."""
REFUSED = 409
BY = {"by": "rehearsal", "reason": "rehearsal"}


class RehearsalFailed(RuntimeError):
    """The rehearsal cannot go on, and why."""


class Operator:
    """The operator's API at a URL, with its token."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str, retry_s: float = RETRY_S) -> None:
        self._client = client
        self._retry_s = retry_s
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}

    async def order(self, election: str, command: str, about: Mapping[str, object]) -> None:
        """Give an order about an election. Raises RehearsalFailed."""
        await self.post(f"/v1/elections/{election}/{command}", msgspec.json.encode({**BY, **about}))

    async def post(self, path: str, content: bytes) -> None:
        """Post until it is done. Raises RehearsalFailed."""
        unheard, trouble = False, ""
        headers = {**self.headers, "Content-Type": "application/json"}
        for _ in range(TRIES):
            try:
                answer = await self._client.post(
                    self.url + path, content=content, headers=headers, timeout=TIMEOUT_S
                )
            except httpx.TransportError as fault:
                unheard, trouble = True, repr(fault)
            else:
                if answer.is_success or (unheard and answer.status_code == REFUSED):
                    return
                trouble = f"{answer.status_code}: {answer.text}"
                if answer.status_code not in LATER:
                    raise RehearsalFailed(f"the operator refused {path}: {answer.text}")
            await asyncio.sleep(self._retry_s)
        raise RehearsalFailed(f"{path} was not carried out after {TRIES} tries, the last one: {trouble}")
