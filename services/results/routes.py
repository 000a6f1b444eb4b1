"""The public API of results. Everything is readable from anywhere, and nothing can be written."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.results.exports import rounds_csv
from services.results.feed import FRESH, Frame
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from services.results.stream import live
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.runtime.process.http import problem
from shared.runtime.projection import Projection


@dataclass
class Api:
    """The handlers and what they need."""

    settings: ResultsSettings
    announced: Projection[ElectionAnnounced]
    hub: Hub

    def routes(self) -> list[Route]:
        """Return the routes."""
        contest = "/v1/elections/{election}/contests/{contest}"
        return [
            Route("/v1/elections", self.elections),
            Route("/v1/elections/{election}", self.election),
            Route(f"{contest}/standing", self.standing),
            Route(f"{contest}/stream", self.stream),
            Route(f"{contest}/rounds.csv", self.rounds),
        ]

    async def elections(self, _: Request) -> Response:
        """All elections, as announced."""
        return _json(
            [msgspec.Raw(found.model_dump_json().encode()) for found in self.announced.newest.values()]
        )

    async def election(self, request: Request) -> Response:
        """One election."""
        found = self.announced.newest.get(request.path_params["election"])
        return _json(msgspec.Raw(found.model_dump_json().encode())) if found else _unknown(request)

    async def standing(self, request: Request) -> Response:
        """A contest's newest standing, byte for byte as it was published."""
        frame = self._frame(request)
        if frame is None:
            return _unknown(request)
        headers = self._headers(frame)
        if request.headers.get("if-none-match") == frame.etag:
            return Response(status_code=304, headers=headers)
        return Response(frame.body, media_type="application/json", headers=headers)

    async def rounds(self, request: Request) -> Response:
        """The rounds as CSV."""
        frame = self._frame(request)
        if frame is None:
            return _unknown(request)
        return Response(rounds_csv(frame.standing), media_type="text/csv", headers=self._headers(frame))

    async def stream(self, request: Request) -> Response:
        """The live feed."""
        key = _key(request)
        announced = self.announced.newest.get(request.path_params["election"])
        contests = () if announced is None else announced.definition.contests
        if key not in self.hub.frames and request.path_params["contest"] not in [of.id for of in contests]:
            return _unknown(request)
        return live(request, self.hub, key, self.settings.send_timeout_s)

    def _frame(self, request: Request) -> Frame | None:
        return self.hub.frames.get(_key(request))

    def _headers(self, frame: Frame) -> dict[str, str]:
        return frame.headers | {"Livecount-Stale": "true"} if self.hub.stale else frame.headers


def _key(request: Request) -> str:
    return contest_key(request.path_params["election"], request.path_params["contest"])


def _json(value: object) -> Response:
    headers = {"Cache-Control": FRESH, "Access-Control-Allow-Origin": "*"}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


def _unknown(request: Request) -> Response:
    return problem(404, "Nothing here", f"No result at {request.url.path}; /v1/elections lists what there is")
