"""A definition with mistakes is refused by the API with all of them, before anything is proposed."""

import httpx
import pytest

from services.operator.access import Sessions
from services.operator.api.app import create_api
from services.operator.book import ControlBook
from services.operator.console.preview import drawn
from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.service import OperatorService
from shared.contract.elections import Election
from shared.runtime.process.health import Health
from tests.support.budgets import town
from tests.support.elections import election

TOKEN = "a-token-only-for-tests"
ORDER = Order(by="ada", reason="", at="2026-01-01T00:00:00Z", control_id="0" * 32)


def client() -> httpx.AsyncClient:
    """An API whose service has nothing to write to: what reaches it is an error."""
    service = OperatorService.__new__(OperatorService)
    service.book = ControlBook()
    sessions = Sessions(service, TOKEN, lambda: 0.0)
    api = create_api(
        service, lambda: MonitorFigures(shards=[]), Health(), sessions, lambda _by, _reason: ORDER
    )
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://operator", headers=bearer)


@pytest.mark.asyncio
async def test_every_mistake_comes_back_at_once() -> None:
    """As `livecount election check` shows them, but for the lines."""
    broken = {**election().model_dump(mode="json"), "id": "Not A Slug", "voters": 3}
    async with client() as http:
        answer = await http.post("/v1/elections", json={"by": "ada", "definition": broken})
    assert answer.status_code == 422
    found = answer.json()["differences"]
    assert [line.partition(":")[0] for line in found] == ["id", "voters"]
    assert "Perhaps: not-a-slug" in found[0]


@pytest.mark.asyncio
async def test_seats_that_nobody_could_fill_are_refused() -> None:
    """The types allow it, the count cannot end: it must not be frozen."""
    raw = election().model_dump(mode="json")
    contest = raw["contests"][0]
    contest.update(method="meek", seats=len(contest["candidates"]) + 2)
    Election.model_validate(raw)
    async with client() as http:
        answer = await http.post("/v1/elections", json={"by": "ada", "definition": raw})
    assert answer.status_code == 422
    assert "contests[0].seats: expected at most as many seats as" in answer.json()["differences"][0]


def test_a_budget_is_drawn_as_it_will_look() -> None:
    """Projects to be ticked or ranked, and what made-up votes fund."""
    ticked, ranked = (
        drawn(election(electors=90).model_copy(update={"contests": (town(ballots),)}))[0]
        for ballots in ("approvals", "ranked")
    )
    assert (ticked.ballot, ranked.ballot) == (
        "Tick every project that is wanted.",
        "Rank up to 5, the best first.",
    )
    assert ticked.outcome == "Funded"
    assert ticked.elected != "nothing"
    assert ticked.columns == ["Cost", "Supporters"]
    assert len(ticked.rows) == 5
