"""A client of the operator's API.

An order without an answer, or one answered 502 or 503, may have been carried out or not. It can be given again: in the log it
has its effect once. Where such a repeated order is refused, the announcement shows whether the first try was carried out; of
an elector it shows nothing, so there a refusal after a lost answer means that the lost answer was a yes.
"""

import asyncio
import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from shared.contract.elections import Election
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command, leads_to
from shared.contract.recounts import Certificate

TIMEOUT_S: Final = 30.0
RECOUNT_TIMEOUT_S: Final = 900.0
LATER: Final = frozenset({429, 502, 503})
"""What an operator may answer that has just been started again: it is still reading which elections there are."""
CONFLICT: Final = 409


class Patience(NamedTuple):
    """How often a request is made that may succeed later, and how long it waits between two tries."""

    tries: int
    retry_s: float = 0.5


ONCE: Final = Patience(tries=1)


class OperatorError(RuntimeError):
    """The operator refused, or did not answer; one sentence, in the API's own words where it gave any."""


class OperatorRefused(OperatorError):
    """The operator refused. `lost`: a try before had no answer; `unclear`: it had none, or one that leaves it open."""

    def __init__(self, sentence: str, answer: httpx.Response, *, lost: bool, unclear: bool) -> None:
        super().__init__(sentence)
        self.status = answer.status_code
        self.retry_after_s = retry_after_s(answer)
        self.lost = lost
        self.unclear = unclear


class OperatorClient:
    """One operator's API, with its token. A request that may succeed later is made again as `patience` says.

    Every method raises OperatorError; OperatorRefused where the operator gave a reason.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: str,
        *,
        by: str = "operator",
        reason: str = "",
        patience: Patience = ONCE,
    ) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._who = {"by": by, "reason": reason}
        self._patience = patience
        self.orders = 0
        """Orders carried out."""
        self.repeats = 0
        """Requests made again."""

    async def configure(self, definition: Election) -> ElectionAnnounced:
        """Freeze an election's definition."""
        answer = await self._request("POST", "/v1/elections", definition.model_dump_json().encode())
        self.orders += 1
        return ElectionAnnounced.model_validate_json(answer.content)

    async def elections(self) -> list[ElectionAnnounced]:
        """Return every election as last announced."""
        answer = await self._request("GET", "/v1/elections")
        return [ElectionAnnounced.model_validate(of) for of in answer.json()]

    async def election(self, name: str) -> ElectionAnnounced:
        """Return an election as last announced."""
        answer = await self._request("GET", f"/v1/elections/{name}")
        return ElectionAnnounced.model_validate_json(answer.content)

    async def monitor(self) -> Any:
        """Return the figures of every shard of every service: JSON of /v1/monitor."""
        return (await self._request("GET", "/v1/monitor")).json()

    async def order(self, election: str, command: Command, **about: object) -> bytes | None:
        """Give an order, `about` an elector or a candidate; return the answer, JSON.

        Returns None if the order is refused because an earlier try of it was carried out, the answer of which was lost.
        """
        path = f"/v1/elections/{election}/{command}"
        timeout_s = RECOUNT_TIMEOUT_S if command is Command.CERTIFY else TIMEOUT_S
        try:
            answer = await self._request(
                "POST", path, msgspec.json.encode({**self._who, **about}), timeout_s=timeout_s
            )
        except OperatorRefused as refused:
            if not await self._was_carried_out(election, command, about, refused):
                raise
            self.orders += 1
            return None
        self.orders += 1
        return answer.content

    async def certify(self, election: str, *, until_final_s: float = 0.0) -> Certificate | None:
        """Certify an election; while its count is not final yet, ask again for so many seconds.

        Returns None as `order` does.
        """
        give_up_s = asyncio.get_running_loop().time() + until_final_s
        while True:
            try:
                answer = await self.order(election, Command.CERTIFY)
            except OperatorRefused as refused:
                if refused.retry_after_s is None or asyncio.get_running_loop().time() >= give_up_s:
                    raise
                await asyncio.sleep(refused.retry_after_s)
            else:
                return None if answer is None else Certificate.model_validate_json(answer)

    async def codes(self, election: str) -> list[str]:
        """Return the voting codes of the whole roll, by elector number."""
        content = b"".join([chunk async for chunk in self._codes(election, None)])
        rows = csv.reader(content.decode().splitlines())
        next(rows)
        return [code for _, _, code in rows]

    async def save_codes(self, election: str, file: Path, section: str | None = None) -> int:
        """Write the voting codes as CSV to a file only its owner can read, whole or not at all; return how many."""
        lines = 0
        part = file.with_name(f"{file.name}.part")
        part.touch(mode=0o600)
        part.chmod(0o600)
        try:
            with part.open("wb") as out:
                async for chunk in self._codes(election, section):
                    lines += chunk.count(b"\n")
                    out.write(chunk)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return lines - 1

    async def _codes(self, election: str, section: str | None) -> AsyncIterator[bytes]:
        path = f"/v1/elections/{election}/codes"
        query = {} if section is None else {"section": section}
        try:
            async with self._http.stream(
                "POST", self._url + path, params=query, headers=self._headers
            ) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise OperatorRefused(_reason(path, answer), answer, lost=False, unclear=False)
                async for chunk in answer.aiter_bytes():
                    yield chunk
        except httpx.TransportError as fault:
            raise OperatorError(f"the operator at {self._url} does not answer: {fault!r}") from fault

    async def _request(
        self, method: str, path: str, content: bytes | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> httpx.Response:
        """Ask until there is an answer that time does not change."""
        lost = unclear = False
        trouble = ""
        for number in range(self._patience.tries):
            self.repeats += number > 0
            wait_s = self._patience.retry_s
            try:
                answer = await self._http.request(
                    method, self._url + path, content=content, headers=self._headers, timeout=timeout_s
                )
            except httpx.TransportError as fault:
                lost = unclear = True
                trouble = repr(fault)
                if self._patience.tries == 1:
                    raise OperatorError(f"the operator at {self._url} does not answer: {fault!r}") from fault
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in LATER or self._patience.tries == 1:
                    raise OperatorRefused(_reason(path, answer), answer, lost=lost, unclear=unclear)
                unclear = True
                trouble = f"{answer.status_code}: {answer.text}"
                wait_s = max(wait_s, retry_after_s(answer) or 0.0)
            await asyncio.sleep(wait_s)
        raise OperatorError(
            f"{path} was not carried out after {self._patience.tries} tries, the last one: {trouble}"
        )

    async def _was_carried_out(
        self, election: str, command: Command, about: dict[str, object], refused: OperatorRefused
    ) -> bool:
        if refused.status != CONFLICT or not refused.unclear:
            return False
        if command in (Command.VOID, Command.RESTORE):
            return refused.lost
        announced = await self.election(election)
        if command in (Command.WITHDRAW, Command.REINSTATE):
            out = (about["contest"], about["candidate"]) in announced.withdrawn
            return out is (command is Command.WITHDRAW)
        return announced.phase in leads_to(command)


def retry_after_s(answer: httpx.Response) -> float | None:
    """Return how long an answer asks to wait before the same request is made again, in seconds; None if it does not."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _reason(path: str, answer: httpx.Response) -> str:
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"the operator refused {path}: {answer.text[:200] or answer.status_code}"
    found = [f"\n  {difference}" for difference in problem.get("differences", [])]
    return f"{problem.get('title')}: {problem.get('detail')}{''.join(found)}"
