"""What results says who asked for it, and how often it may be asked."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from services.results import webhooks
from services.results.feed import frame
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from services.results.webhooks import Webhooks
from shared.contract.codec import encode
from shared.contract.elections import Phase
from tests.support.gateway import gateway
from tests.support.standings import standing

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0IG9mIHdlYmhvb2tz"
LIVE, NEXT, CLOSED = standing(3, Phase.OPEN), standing(4, Phase.OPEN), standing(5, Phase.CLOSED)


@pytest.mark.asyncio
async def test_standings_are_announced_signed_and_again_until_they_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A receiver that fails once has the same id again; one between is left out; a change of status is heard at once."""
    monkeypatch.setattr(webhooks, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(webhooks, "AGAIN_AFTER_S", 0.01)
    received: list[tuple[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Check the signature as a receiver does; fail the first time."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            read = Webhook(SECRET).verify(body, dict(self.headers))
            received.append((self.headers["webhook-id"], read))
            self.send_response(500 if len(received) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    hub = Hub()
    given = {
        "kafka": "127.0.0.1:1",
        "webhook_url": f"http://127.0.0.1:{server.server_port}",
        "webhook_secret": SECRET,
    }
    posting = Webhooks(ResultsSettings.model_validate(given | {"public_url": "https://results.example"}), hub)
    try:
        await posting.start()
        for shown, so_far in ((LIVE, 2), (NEXT, 2), (CLOSED, 3)):
            hub.offer(frame(encode(shown), 1_790_000_000_000))
            async with asyncio.timeout(10):
                while len(received) < so_far:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
    finally:
        await posting.stop()
        server.shutdown()
        serving.join()
        server.server_close()

    assert [name for name, _ in received] == [f"picnic.fruit.{of.sequence}" for of in (LIVE, LIVE, CLOSED)]
    heard = received[-1][1]
    assert heard["type"] == "standing.published"
    assert heard["data"]["status"] == "unofficial-complete"
    address = f"https://results.example/v1/elections/picnic/contests/fruit/standings/{CLOSED.sequence}"
    assert heard["data"]["standing"] == address
    assert "votes" not in json.dumps(heard)


def test_an_address_learns_how_often_it_may_ask(tmp_path: Path) -> None:
    """Each answer says it; beyond it is 429 with the time to wait; pages are not counted."""
    with gateway(tmp_path, LIVE, max_requests_per_minute=5) as shown:
        asked = [httpx.get(f"{shown.url}/v1/elections") for _ in range(6)]
        page = httpx.get(f"{shown.url}/elections/picnic")

    assert [answer.status_code for answer in asked] == [200] * 5 + [429]
    assert [answer.headers["ratelimit"] for answer in asked[:5]] == [
        f'"address";r={r};t=12' for r in (4, 3, 2, 1, 0)
    ]
    assert asked[0].headers["ratelimit-policy"] == '"address";q=5;w=60'
    assert 1 <= int(asked[5].headers["retry-after"]) <= 12
    assert asked[5].headers["ratelimit"].startswith('"address";r=0;t=')
    assert asked[5].headers["access-control-allow-origin"] == "*"
    assert page.status_code == 200
