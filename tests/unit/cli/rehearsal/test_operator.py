"""Orders to an operator that falters: carried out in the end, or the rehearsal says why not."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from services.cli.rehearsal.operator import TRIES, Operator, RehearsalFailed

GONE = 0


class Faltering(httpx.AsyncBaseTransport):
    """Answers requests as told, one after another: a status, or GONE for no answer."""

    def __init__(self, answers: Iterator[int]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append((request.url.path, await request.aread()))
        status = next(self._answers)
        if status == GONE:
            raise httpx.ReadError("connection reset")
        return httpx.Response(status, text="because")


def ordered(*answers: int) -> list[tuple[str, bytes]]:
    """Void an elector; return what was asked for."""
    transport = Faltering(iter(answers))

    async def order() -> None:
        async with httpx.AsyncClient(transport=transport) as client:
            operator = Operator(client, "http://operator", "token", retry_s=0)
            await operator.order("picnic", "void", {"elector": 3})

    asyncio.run(order())
    return transport.asked


@pytest.mark.parametrize("answers", [(200,), (503, 200), (GONE, 200), (503, 502, GONE, 200), (GONE, 409)])
def test_an_order_is_given_until_it_is_carried_out(answers: tuple[int, ...]) -> None:
    """The same each time; a refusal after a lost answer means that the lost one was a yes."""
    asked = ordered(*answers)
    assert len(asked) == len(answers)
    assert set(asked) == {
        ("/v1/elections/picnic/void", b'{"by":"rehearsal","reason":"rehearsal","elector":3}')
    }


@pytest.mark.parametrize("answers", [(409,), (422,), (503, 409), (GONE, 422)])
def test_a_refusal_ends_it(answers: tuple[int, ...]) -> None:
    """In the operator's words."""
    with pytest.raises(RehearsalFailed, match="refused /v1/elections/picnic/void: because"):
        ordered(*answers)


def test_it_is_given_up_in_the_end() -> None:
    """With the last trouble."""
    with pytest.raises(RehearsalFailed, match=rf"after {TRIES} tries, the last one: ReadError\('connection"):
        ordered(*[GONE] * TRIES)
