"""Orders to an operator that falters: carried out in the end, or the client says why not."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest

from services.cli.clients import operator
from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import (
    Officer,
    OperatorClient,
    OperatorError,
    OperatorRefused,
    OrderLost,
    Outcome,
    Patience,
)
from shared.contract.lifecycle import Command
from shared.contract.signing import is_signed
from tests.support.elections import OFFICER, OFFICER_KEY

T = TypeVar("T")

KEYS = KeyRing.of(OFFICER)
OFFICIAL = Officer(KEYS, "rehearsal", "rehearsal")
PROPOSAL = {
    "control_id": "5" * 32,
    "election": "picnic",
    "type": "elector-voided/2",
    "payload": "what is signed",
    "keys": {OFFICER_KEY: "ada"},
    "needed": 1,
    "signed": [],
}
APPLIED = {
    "control_id": "5" * 32,
    "election": "picnic",
    "type": "elector-voided/2",
    "effect": "applied",
    "verdicts": {},
}


class Scripted(httpx.AsyncBaseTransport):
    """Answers with these responses, one after another; None: no answer."""

    def __init__(self, *answers: httpx.Response | None) -> None:
        self._answers = iter(answers)
        self.asked: list[tuple[str, str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append((request.method, request.url.path, await request.aread()))
        if (answer := next(self._answers)) is None:
            raise httpx.ReadError("connection reset")
        return answer


def give(transport: Scripted, give_order: Callable[[OperatorClient], Awaitable[T]], tries: int = 9) -> T:
    """Return what an order comes to."""

    async def run() -> T:
        async with httpx.AsyncClient(transport=transport) as http:
            return await give_order(
                OperatorClient(http, "http://operator", "token", OFFICIAL, Patience(tries, 0))
            )

    return asyncio.run(run())


def void(client: OperatorClient) -> Awaitable[Outcome]:
    """Void an elector."""
    return client.order("picnic", Command.VOID, elector=3)


def answer(status: int, content: object = None) -> httpx.Response:
    """Return an answer."""
    return (
        httpx.Response(status, json=content)
        if content is not None
        else httpx.Response(status, text="because")
    )


BUSY = answer(503, {"title": "Not ready yet", "detail": "reading"})
CONFLICT = answer(409, {"title": "Order refused", "detail": "cannot"})
PROPOSED = answer(200, PROPOSAL)
DONE = answer(200, APPLIED)


def test_an_order_is_proposed_and_signed() -> None:
    """The signature is over the payload's bytes."""
    transport = Scripted(PROPOSED, DONE)
    outcome = give(transport, void)

    assert (outcome.pending, outcome.effect) == (False, "applied")
    asking, signing = transport.asked
    assert asking == (
        "POST",
        "/v1/elections/picnic/void",
        b'{"by":"rehearsal","reason":"rehearsal","elector":3}',
    )
    assert signing[1] == f"/v1/proposals/{'5' * 32}/signatures"
    form = json.loads(signing[2])
    assert is_signed(form["key"], form["signature"], b"what is signed")


@pytest.mark.parametrize("between", [(), (BUSY,), (None,), (BUSY, None, BUSY)])
def test_each_request_is_made_until_it_is_answered(between: tuple[httpx.Response | None, ...]) -> None:
    """The same each time: an order that was signed has its effect once."""
    transport = Scripted(*between, PROPOSED, *between, DONE)

    assert give(transport, void).effect == "applied"
    assert len(set(transport.asked)) == 2


def test_a_signature_whose_answer_was_lost_is_looked_up_in_the_list_of_controls() -> None:
    """The operator forgets a proposal that was carried out; the log does not."""
    gone = answer(422, {"title": "No such entry", "detail": "no proposal"})
    control = {"control_id": "5" * 32, "verdicts": {"0": "not-here", "1": "applied"}}

    assert give(Scripted(PROPOSED, None, gone, answer(200, [control])), void).effect == "applied"


def test_an_order_that_went_with_its_process_is_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in no log after a while; a person who asks once is answered so."""
    monkeypatch.setattr(operator, "LOST_S", 0.0)
    gone = answer(422, {"title": "No such entry", "detail": "no proposal"})
    lost = (PROPOSED, None, gone, answer(200, []))

    assert give(Scripted(*lost, PROPOSED, DONE), void).effect == "applied"
    with pytest.raises(OrderLost, match="give it again"):
        give(Scripted(*lost, *lost, *lost), void, 3)


@pytest.mark.parametrize("answers", [(CONFLICT,), (BUSY, CONFLICT), (None, CONFLICT)])
def test_a_refusal_ends_it(answers: tuple[httpx.Response | None, ...]) -> None:
    """In the operator's words."""
    with pytest.raises(OperatorRefused, match="Order refused: cannot"):
        give(Scripted(*answers), void)


def test_it_is_given_up_in_the_end() -> None:
    """With the last trouble."""
    with pytest.raises(OperatorError, match=r"after 480 tries, the last one: ReadError\('connection"):
        give(Scripted(*[None] * 480), void, 480)


def test_an_order_that_needs_more_signatures_is_pending() -> None:
    """Nothing has become of it yet."""
    half = answer(200, {**PROPOSAL, "needed": 2, "signed": ["ada"]})
    outcome = give(Scripted(answer(200, {**PROPOSAL, "needed": 2}), half), void)

    assert (outcome.pending, outcome.needed, outcome.signed) == (True, 2, ["ada"])


def test_whoever_holds_none_of_the_keys_learns_whose_are_needed() -> None:
    """Before anything is sent."""
    proposal = answer(200, {**PROPOSAL, "keys": {"00" * 32: "bob"}})
    with pytest.raises(OperatorError, match="expected the key of bob"):
        give(Scripted(proposal), void)


def test_an_operator_says_how_long_to_wait() -> None:
    """Retry-After is kept to where it is longer than the client's own pause."""
    busy = httpx.Response(
        503, headers={"Retry-After": "1"}, json={"title": "Not ready yet", "detail": "reading"}
    )
    began_s = time.monotonic()
    give(Scripted(busy, PROPOSED, DONE), void)
    assert time.monotonic() - began_s >= 1.0


def test_a_certificate_waits_for_a_count_that_is_not_final_yet_and_for_nothing_else() -> None:
    """The operator says so by Retry-After; a recount that disagrees is final."""
    early = httpx.Response(
        409, headers={"Retry-After": "0"}, json={"title": "Order refused", "detail": "not final yet: fruit"}
    )
    found = give(
        Scripted(early, early, PROPOSED, DONE), lambda client: client.certify("picnic", until_final_s=60.0)
    )
    assert found.effect == "applied"
    with pytest.raises(OperatorRefused, match="not final yet"):
        give(Scripted(early), lambda client: client.certify("picnic"))
    with pytest.raises(OperatorRefused, match="cannot"):
        give(Scripted(CONFLICT), lambda client: client.certify("picnic", until_final_s=60.0))


def test_an_order_without_an_answer_is_looked_for_though_it_is_tried_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At a command line: "not known yet" is said at once, then what became of it."""
    monkeypatch.setattr(operator, "LOST_S", 0.0)
    said: list[str] = []
    listed = {**PROPOSAL, "verdicts": {"0": "applied"}}

    async def run(*answers: httpx.Response | None) -> Outcome:
        async with httpx.AsyncClient(
            transport=Scripted(httpx.Response(200, json=PROPOSAL), *answers)
        ) as http:
            officer = OFFICIAL._replace(say=said.append)
            return await void(OperatorClient(http, "http://operator", "token", officer))

    for lost in (None, httpx.Response(503, json={"title": "Not known yet", "detail": "no verdict"})):
        assert asyncio.run(run(lost, httpx.Response(200, json=[listed]))).effect == "applied"
        assert [words.partition(" ")[0] for words in said] == ["not", "it"]
        said.clear()
    with pytest.raises(OrderLost, match="give it again"):
        asyncio.run(run(None, httpx.Response(200, json=[])))
    with pytest.raises(
        OperatorError, match=r"not known yet what became of 5+: .* Later: livecount controls picnic"
    ):
        asyncio.run(run(None, None))
