"""The signer signs what it can put into words, on a form of its own, for its owner; for nobody else and nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import Officer, OperatorClient
from services.cli.signer.pages import Signer
from shared.contract.events import LogFounded, VersionAdmitted
from shared.contract.signing import is_signed
from tests.support.elections import LOG_ID, OFFICER, OFFICER_KEY, Life, election

PORT = 8765
OWN = {"Origin": f"http://127.0.0.1:{PORT}", "Host": f"127.0.0.1:{PORT}"}
CONSOLE = "http://operator.example"


class Operator:
    """An operator that may lie: it answers with whatever payload it is given, and keeps the signatures it gets."""

    def __init__(self, payload: str, control_id: str) -> None:
        self.signed: list[dict[str, Any]] = []
        self.payload = payload
        self.proposal = {
            "control_id": control_id,
            "election": "picnic",
            "type": "election-paused/2",
            "payload": payload,
            "keys": {OFFICER_KEY: "ada"},
            "needed": 1,
            "signed": [],
        }

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer the signer's client."""
        if request.method == "POST":
            self.signed.append(json.loads(request.content))
            return httpx.Response(200, json={"effect": "applied"})
        return httpx.Response(200, json=self.proposal)


class Tried:
    """A signer at such an operator, and a browser at the signer."""

    def __init__(self, payload: str, control_id: str) -> None:
        self.operator = Operator(payload, control_id)
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.operator))
        client = OperatorClient(http, CONSOLE, "", Officer(KeyRing.of(OFFICER)))
        self.signer = Signer(client, CONSOLE, PORT, Path("/nowhere"))
        self.path = f"/{self.signer.word}/proposals/{control_id}"
        self.browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.signer.site()), base_url=f"http://127.0.0.1:{PORT}"
        )

    async def sign(self, headers: Mapping[str, str] = OWN, path: str = "", typed: str = "") -> httpx.Response:
        """Send the form."""
        return await self.browser.post(path or self.path, data={"typed": typed}, headers=headers)


def proposed(kind: str) -> Tried:
    """An order of Ada's picnic that waits."""
    life = Life(election())
    record = json.loads(getattr(life, kind)())
    return Tried(record["payload"], json.loads(record["payload"])["control_id"])


@pytest.mark.asyncio
async def test_it_signs_the_very_bytes_that_it_shows() -> None:
    """Once its own form is sent; reading the page signs nothing."""
    tried = proposed("paused")
    page = await tried.browser.get(tried.path)
    assert "Ballots in picnic are refused until it is resumed." in page.text
    assert tried.operator.signed == []
    answer = await tried.sign()
    assert (answer.status_code, answer.headers["location"].startswith(f"{CONSOLE}/proposals/")) == (303, True)
    signature = tried.operator.signed[0]["signature"]
    assert is_signed(OFFICER_KEY, signature, tried.operator.payload.encode())


@pytest.mark.asyncio
async def test_what_nothing_takes_back_is_typed() -> None:
    """The election's id, and no other's."""
    tried = proposed("closed")
    for typed in ("", "fair", "Picnic"):
        assert (await tried.sign(typed=typed)).status_code == 422
    assert tried.operator.signed == []
    assert (await tried.sign(typed="picnic")).status_code == 303
    assert len(tried.operator.signed) == 1


@pytest.mark.asyncio
async def test_no_other_page_host_or_path_makes_it_sign() -> None:
    """A form of another origin, a name that leads to this machine, a guessed path."""
    tried = proposed("paused")
    for headers in (
        {**OWN, "Origin": CONSOLE},
        {**OWN, "Origin": "null"},
        {"Host": OWN["Host"]},
        {"Origin": "http://evil.example", "Host": "evil.example"},
    ):
        assert (await tried.sign(headers)).status_code == 403
    guessed = tried.path.replace(tried.signer.word, "x" * len(tried.signer.word))
    assert (await tried.sign(path=guessed)).status_code == 404
    assert (await tried.browser.get(guessed)).status_code == 404
    assert (await tried.browser.get(tried.path, headers={"Host": "evil.example"})).status_code == 403
    assert tried.operator.signed == []
    policy = (await tried.browser.get(tried.path)).headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy


OTHER = Life(election())
PAYLOADS = [
    "livecount sign-in/1 " + LOG_ID + " " + "0" * 32,
    "{}",
    LogFounded(log=LOG_ID, shard=0, shards=1, admitted=()).model_dump_json(),
    VersionAdmitted(log=LOG_ID, version="evil/1").model_dump_json(),
    json.loads(OTHER.roll())["payload"],
    json.loads(OTHER.closed())["payload"],
]


@pytest.mark.asyncio
@pytest.mark.parametrize("payload", PAYLOADS)
async def test_what_is_no_order_of_that_id_is_not_signed(payload: str) -> None:
    """Whatever the operator sends: another order, a chunk of a roll, a record about the log, a challenge."""
    tried = Tried(payload, "f" * 32)
    assert (await tried.browser.get(tried.path)).status_code == 409
    assert (await tried.sign(typed="picnic")).status_code == 409
    assert tried.operator.signed == []
