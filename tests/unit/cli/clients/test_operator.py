"""Orders to an operator that falters: carried out in the end, or the client says why not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import httpx
import pytest

from services.cli.clients.operator import OperatorClient, OperatorError, OperatorRefused, Patience
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.lifecycle import Command
from tests.support.elections import Life, election

T = TypeVar("T")

GONE = 0
TRIES = 480


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
            operator = OperatorClient(
                client,
                "http://operator",
                "token",
                by="rehearsal",
                reason="rehearsal",
                patience=Patience(TRIES, retry_s=0),
            )
            await operator.order("picnic", Command.VOID, elector=3)

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
    with pytest.raises(OperatorError, match="refused /v1/elections/picnic/void: because"):
        ordered(*answers)


def test_it_is_given_up_in_the_end() -> None:
    """With the last trouble."""
    with pytest.raises(OperatorError, match=rf"after {TRIES} tries, the last one: ReadError\('connection"):
        ordered(*[GONE] * TRIES)


class Scripted(httpx.AsyncBaseTransport):
    """Answers with these responses, one after another; None: no answer."""

    def __init__(self, *answers: httpx.Response | None) -> None:
        self._answers = iter(answers)
        self.asked: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append((request.method, request.url.path))
        if (answer := next(self._answers)) is None:
            raise httpx.ReadError("connection reset")
        return answer


def give(transport: Scripted, give_order: Callable[[OperatorClient], Awaitable[T]]) -> T:
    """Return what an order comes to."""

    async def run() -> T:
        async with httpx.AsyncClient(transport=transport) as http:
            return await give_order(OperatorClient(http, "http://operator", "token", patience=Patience(9, 0)))

    return asyncio.run(run())


def announced(phase: Phase, *withdrawn: tuple[str, str]) -> httpx.Response:
    """Return an election as the operator answers with it."""
    found = Life(election()).announced(2, phase).with_withdrawn(withdrawn)
    return httpx.Response(200, content=encode(found))


CONFLICT = httpx.Response(409, json={"title": "Order refused", "detail": "cannot"})
BUSY = httpx.Response(503, json={"title": "Not ready yet", "detail": "reading"})


@pytest.mark.parametrize("unclear", [None, BUSY])
def test_a_repeated_order_that_is_refused_was_carried_out_if_the_announcement_says_so(
    unclear: httpx.Response | None,
) -> None:
    """The control stood in the log, and the answer was lost or said only that not every shard had acknowledged."""
    closing = Scripted(unclear, CONFLICT, announced(Phase.CLOSED))
    assert give(closing, lambda client: client.order("picnic", Command.CLOSE)) is None
    assert closing.asked[-1] == ("GET", "/v1/elections/picnic")

    leaving = Scripted(unclear, CONFLICT, announced(Phase.OPEN, ("fruit", "apple")))
    about = {"contest": "fruit", "candidate": "apple"}
    assert give(leaving, lambda client: client.order("picnic", Command.WITHDRAW, **about)) is None


@pytest.mark.parametrize(
    "answers",
    [
        (CONFLICT,),
        (None, CONFLICT, announced(Phase.OPEN)),
        (BUSY, CONFLICT, announced(Phase.OPEN)),
    ],
)
def test_an_order_that_was_not_carried_out_is_refused(answers: tuple[httpx.Response | None, ...]) -> None:
    """In the operator's words, whatever became of the tries before."""
    with pytest.raises(OperatorRefused, match="Order refused: cannot"):
        give(Scripted(*answers), lambda client: client.order("picnic", Command.CLOSE))


def test_an_operator_says_how_long_to_wait() -> None:
    """Retry-After is kept to where it is longer than the client's own pause."""
    busy = httpx.Response(
        503, headers={"Retry-After": "1"}, json={"title": "Not ready yet", "detail": "reading"}
    )
    began_s = time.monotonic()
    give(Scripted(busy, announced(Phase.CLOSED)), lambda client: client.order("picnic", Command.CLOSE))
    assert time.monotonic() - began_s >= 1.0


def test_a_certificate_waits_for_a_count_that_is_not_final_yet_and_for_nothing_else() -> None:
    """The operator says so by Retry-After; a recount that disagrees is final."""
    early = httpx.Response(
        409, headers={"Retry-After": "0"}, json={"title": "Order refused", "detail": "not final yet: fruit"}
    )
    certificate = httpx.Response(
        200,
        json={
            "watermark": [1],
            "heads": ["0" * 64],
            "balance": dict.fromkeys(("cast", "accepted", "duplicate", "late", "voided", "rejected"), 0)
            | {"reasons": {}},
            "contests": {},
        },
    )
    found = give(
        Scripted(early, early, certificate), lambda client: client.certify("picnic", until_final_s=60.0)
    )
    assert found is not None
    assert found.watermark == (1,)
    with pytest.raises(OperatorRefused, match="not final yet"):
        give(Scripted(early), lambda client: client.certify("picnic"))
    with pytest.raises(OperatorRefused, match="cannot"):
        give(Scripted(CONFLICT), lambda client: client.certify("picnic", until_final_s=60.0))
