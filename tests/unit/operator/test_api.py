"""The operator's API reads as strictly as intake, and says nothing to whoever has no token."""

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.operator.access import Sessions
from services.operator.api.app import create_api
from services.operator.api.guards import TokenCheck
from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.refusals import UnknownElection
from services.operator.service import OperatorService
from shared.runtime.process.health import Health
from tests.support.elections import election

pytestmark = pytest.mark.asyncio

TOKEN = "a-token-only-for-tests"
JSON = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
DEFINITION = json.loads(election().model_dump_json())


class NoElections(OperatorService):
    """An API that knows no election: what reaches it has been read, and is answered 404."""

    def __init__(self) -> None:
        pass

    async def order(self, name: str, *_: Any, **__: Any) -> Any:
        """Raise UnknownElection."""
        raise UnknownElection(name)

    async def configure(self, definition: Any, *_: Any) -> Any:
        """Raise UnknownElection."""
        raise UnknownElection(definition.id)


def client(site: Any = None) -> httpx.AsyncClient:
    """Return a client of the API."""
    order = Order(by="", reason="", at="", control_id="")
    sessions = Sessions(NoElections(), TOKEN, lambda: 0.0)
    api = create_api(NoElections(), lambda: MonitorFigures(shards=[]), Health(), sessions, lambda *_: order)
    return httpx.AsyncClient(transport=httpx.ASGITransport(site or api), base_url="http://test")


VOID = "/v1/elections/picnic/void"
LOOSE: list[tuple[str, bytes, int]] = [
    (VOID, b'{"by":"x","elector":5}', 404),
    (VOID, b'{"by":"x","elector":true}', 422),
    (VOID, b'{"by":"x","elector":"3"}', 422),
    (VOID, b'{"by":"x","elector":4.0}', 422),
    (VOID, b'{"by":"x","elector":5,"elector":6}', 400),
    (VOID, b'{"by":"x","elector":NaN}', 400),
    (VOID, b'{"by":"a\\nlevel=error forged","elector":7}', 422),
    (VOID, b'{"by":"\\u202eada","elector":7}', 422),
    (VOID, b'{"\\ud800":1}', 400),
    (VOID, b'{"by":"\\ud800","elector":7}', 400),
    (VOID, b'\xef\xbb\xbf{"by":"x","elector":7}', 400),
    (VOID, b"[" * 16_000, 400),
    (VOID, b'{"by":' + b"1" * 16_000 + b"}", 400),
    (VOID, b"", 400),
    (VOID, b"[]", 422),
    ("/v1/elections", json.dumps({"by": "x", "definition": DEFINITION}).encode(), 404),
    (
        "/v1/elections",
        json.dumps({"by": "x", "definition": DEFINITION | {"live_tallies": "yes"}}).encode(),
        422,
    ),
    ("/v1/elections", json.dumps({"by": "x", "definition": DEFINITION | {"approvals": "1"}}).encode(), 422),
    (
        "/v1/elections",
        json.dumps({"by": "x", "definition": DEFINITION}).encode()[:-2] + b',"epoch":"live"}}',
        400,
    ),
    ("/v1/elections/picnic/open", b'{"by":"x","roll":[{"count":"40","digest":"00"}]}', 422),
]


@pytest.mark.parametrize(("path", "body", "status"), LOOSE)
async def test_a_body_has_one_reading_and_its_own_types(path: str, body: bytes, status: int) -> None:
    """404 is what a well-read order about an unknown election gets."""
    async with client() as asking:
        answer = await asking.post(path, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["status"]) == (status, status), answer.text


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/v1/elections", "/v1/monitor", "/nowhere"]
)
async def test_everything_but_health_is_behind_the_token(path: str) -> None:
    """Also what does not exist, and with half a token."""
    async with client() as asking:
        for given in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Basic eDp5"}):
            answer = await asking.get(path, headers=given)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert (await asking.get("/live")).status_code == 200
        assert (await asking.get("/docs", headers=JSON)).status_code == 200
    async with client(TokenCheck(Starlette(), Sessions(NoElections(), TOKEN, lambda: 0.0))) as monitor:
        assert (await monitor.get("/monitor")).status_code == 401
        assert (await monitor.get("/monitor", headers=JSON)).status_code == 404
