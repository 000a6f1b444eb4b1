"""New standings, announced to who asked for it as webhooks, signed as Standard Webhooks asks (standardwebhooks.com).

Each contest is announced when its status changes, and else at most once in EVERY_S seconds: always the newest standing, so a
receiver that was away misses those between. An announcement has the same id at every gateway and at every try: a receiver that has it
passes it over. It names no votes: these are at the address that it gives. Of a standing that corrects a certified one the type is
`standing.corrected`, and `corrects` is that one's sequence.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import httpx
import structlog
from standardwebhooks import Webhook

from services.results.feed import Frame, as_of
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from shared.contract.standings import Status
from shared.runtime.supervision import Supervised

LOOK_EVERY_S: Final = 0.5
EVERY_S: Final = 10.0
ANSWER_S: Final = 5.0
AGAIN_AFTER_S: Final = 5.0
"""A receiver that does not answer with success is left alone for so long."""

log = structlog.get_logger()


class Webhooks:
    """Announces what a hub shows. A part of the process; it does nothing without a URL and a secret."""

    def __init__(
        self,
        settings: ResultsSettings,
        hub: Hub,
        corrects: Callable[[str, int, str | None], int | None] = lambda *_: None,
    ) -> None:
        self._corrects = corrects
        self._url = settings.webhook_url
        self._webhook = Webhook(settings.webhook_secret) if settings.webhook_secret else None
        self._public_url = settings.public_url
        self._hub = hub
        self._announced: dict[str, tuple[int, Status, float]] = {}
        """By contest: sequence and status that were announced last, and when, in the loop's seconds."""
        self._task = Supervised("webhooks", self._keep_announcing)

    async def start(self) -> None:
        """Begin to announce; returns at once."""
        if self._url and self._webhook:
            self._task.start()

    async def stop(self) -> None:
        """Stop announcing."""
        await self._task.stop()

    async def _keep_announcing(self) -> None:
        assert self._url is not None
        async with httpx.AsyncClient(timeout=ANSWER_S) as http:
            while True:
                for frame in [frame for frame in self._hub.frames.values() if self._is_due(frame)]:
                    if not await self._is_taken(http, frame):
                        await asyncio.sleep(AGAIN_AFTER_S)
                        break
                    now_s = asyncio.get_running_loop().time()
                    self._announced[frame.key] = frame.sequence, frame.standing.status, now_s
                await asyncio.sleep(LOOK_EVERY_S)

    def _is_due(self, frame: Frame) -> bool:
        if frame.key not in self._announced:
            return True
        sequence, status, at_s = self._announced[frame.key]
        waited = asyncio.get_running_loop().time() - at_s >= EVERY_S
        return frame.sequence > sequence and (waited or frame.standing.status != status)

    async def _is_taken(self, http: httpx.AsyncClient, frame: Frame) -> bool:
        assert self._webhook is not None
        assert self._url is not None
        election, contest = frame.key.split("/")
        name, now = f"{election}.{contest}.{frame.sequence}", datetime.now(UTC)  # noqa: TID251  a signature says when it was made
        data = {
            "election": election,
            "contest": contest,
            "sequence": frame.sequence,
            "status": frame.standing.status,
            "is_test": frame.standing.epoch == "test",
            "standing": f"{self._public_url}/v1/elections/{election}/contests/{contest}/standings/{frame.sequence}",
        }
        corrected = self._corrects(frame.key, frame.sequence, frame.certificate)
        kind = "standing.published" if corrected is None else "standing.corrected"
        data |= {} if corrected is None else {"corrects": corrected}
        body = json.dumps({"type": kind, "timestamp": as_of(frame.as_of_ms), "data": data})
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(name, now, body),
        }
        try:
            taken = (await http.post(self._url, content=body, headers=headers)).is_success
        except httpx.HTTPError as fault:
            log.warning("standing not announced yet", standing=name, fault=repr(fault))
            return False
        return taken
