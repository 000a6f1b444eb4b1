"""The public API of results. Everything is readable from anywhere, and nothing can be written.

A standing has two addresses: `standings/latest`, which may be kept a second, and `standings/SEQUENCE`, whose bytes never change.
A correction is a new standing with a higher sequence; the one before keeps its address. Of a certified result it says so itself:
the header `Livecount-Corrects` names the sequence of the standing that was certified first.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.results.course import Moment
from services.results.exports import rctab_json, rcvis_json, rounds_csv, wide_csv
from services.results.feed import FRESH, IMMUTABLE, OPEN, Frame, Publisher, as_of
from services.results.history import BadCursor, Change, History
from services.results.hub import Hub
from services.results.parties import InContest, seats_by_party, seats_csv
from services.results.settings import ResultsSettings
from services.results.stream import live
from services.results.views.cards import in_contest
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.contract.standings import Standing
from shared.runtime.log import LogAway
from shared.runtime.process.http import problem
from shared.runtime.projection import Projection

CONTEST = "/v1/elections/{election}/contests/{contest}"
MAX_CHANGES = 500
MAX_MOMENTS = 2_000
"""Of a contest's history in one answer: more than a day of minutes."""
MAX_SEQUENCE_DIGITS = 18
RETRY_AFTER_S = 2
NO_ROUNDS = "A budget is spent in equal shares and has no rounds, so RCTab's report has no form for it"
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, Last-Event-ID, Cache-Control",
    "Access-Control-Max-Age": "86400",
    **OPEN,
}


@dataclass
class Api:
    """The handlers and what they need."""

    settings: ResultsSettings
    announced: Projection[ElectionAnnounced]
    hub: Hub
    history: History
    publisher: Publisher

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/.well-known/livecount.json", self.keys),
            Route("/v1/elections", self.elections),
            Route("/v1/elections/{election}", self.election),
            Route("/v1/elections/{election}/changes", self.changes),
            Route("/v1/elections/{election}/seats", self.seats),
            Route("/v1/elections/{election}/seats.csv", self.seats),
            Route(f"{CONTEST}/standing", self.latest),
            Route(f"{CONTEST}/standings/latest", self.latest),
            Route(f"{CONTEST}/standings/{{sequence}}", self.past),
            Route(f"{CONTEST}/history", self.past_list),
            Route(f"{CONTEST}/stream", self.stream),
            Route(f"{CONTEST}/rounds.csv", self._export(rounds_csv, "text/csv")),
            Route(f"{CONTEST}/rounds-wide.csv", self._export(wide_csv, "text/csv")),
            Route(f"{CONTEST}/rctab.json", self._report(rctab_json)),
            Route(f"{CONTEST}/rcvis.json", self._report(rcvis_json)),
            Route("/v1/{anything:path}", _preflight, methods=["OPTIONS"]),
        ]

    async def keys(self, _: Request) -> Response:
        """The keys by which signatures of standings are checked; none if nothing is signed."""
        signs = {"algorithm": "Ed25519", "encoding": "hexadecimal", "over": "the bytes of a standing's JSON"}
        return _json({"publishing": [signs | {"key": self.publisher.key}] if self.publisher.key else []})

    async def elections(self, _: Request) -> Response:
        """All elections, as announced."""
        return _json(
            [msgspec.Raw(found.model_dump_json().encode()) for found in self.announced.newest.values()]
        )

    async def election(self, request: Request) -> Response:
        """One election."""
        found = self.announced.newest.get(request.path_params["election"])
        return _json(msgspec.Raw(found.model_dump_json().encode())) if found else _unknown(request)

    async def seats(self, request: Request) -> Response:
        """Seats by party over all contests, as JSON or CSV: in complete counts, and as the others stand now."""
        found = self.announced.newest.get(request.path_params["election"])
        seats = None if found is None else seats_by_party(found.definition.contests, self._in_contest(found))
        if found is None or seats is None:
            return _unknown(request)
        if request.url.path.endswith(".csv"):
            headers = {"Cache-Control": FRESH, **OPEN}
            return Response(seats_csv(seats), media_type="text/csv", headers=headers)
        parties = [
            {"party": of.party, "seats": of.seats, "final": of.final, "ahead": of.ahead} for of in seats.held
        ]
        return _json(
            {"election": found.definition.id, "seats": seats.seats, "open": seats.open, "parties": parties}
        )

    def _in_contest(self, announced: ElectionAnnounced) -> Callable[[str], InContest | None]:
        def known(contest: str) -> InContest | None:
            frame = self.hub.frames.get(contest_key(announced.definition.id, contest))
            return None if frame is None else in_contest(frame.standing)

        return known

    async def changes(self, request: Request) -> Response:
        """Which contests of an election have a newer standing than when the cursor was given."""
        election, cursor = request.path_params["election"], request.query_params.get("cursor", "")
        if election not in self.announced.newest:
            return _unknown(request)
        try:
            found, behind = self.history.places.changes(election, cursor, MAX_CHANGES)
        except BadCursor as fault:
            return _refused(400, "Not a cursor", str(fault), field="cursor")
        return _json({"changes": [_change(change) for change in found], "cursor": behind})

    async def past_list(self, request: Request) -> Response:
        """Which standings are kept for ever, oldest first, with a few figures of each; `?after=SEQUENCE` gives those behind it."""
        frame, after = self._frame(request), request.query_params.get("after", "")
        if frame is None:
            return _unknown(request)
        if after and not (after.isdecimal() and len(after) <= MAX_SEQUENCE_DIGITS):
            return _refused(
                400, "Not a sequence", "expected ?after= the sequence of a standing", field="after"
            )
        # Of what is withheld there are no earlier figures to look at, and nobody needs to know when it was published.
        is_withheld = frame.standing.withheld
        found = [] if is_withheld else self.history.course.of(frame.key, after=int(after or -1))
        return _json(
            {
                "election": frame.standing.election,
                "contest": frame.standing.contest.id,
                "places": frame.standing.places,
                "kept": [self._moment(request, frame.key, each) for each in found[:MAX_MOMENTS]],
                "more": len(found) > MAX_MOMENTS,
            }
        )

    async def latest(self, request: Request) -> Response:
        """A contest's newest standing, byte for byte as it was published."""
        frame = self._frame(request)
        return _unknown(request) if frame is None else self._standing(request, frame)

    async def past(self, request: Request) -> Response:
        """The standing of one sequence: the newest, one of the last hour, or one that is kept for ever."""
        asked_for = request.path_params["sequence"]
        newest = self._frame(request)
        if newest is None or not asked_for.isdecimal() or len(asked_for) > MAX_SEQUENCE_DIGITS:
            return _unknown(request)
        try:
            found = (
                newest
                if newest.sequence == int(asked_for)
                else await self.history.at(newest.key, int(asked_for))
            )
        except (LogAway, TimeoutError):
            detail = "The log cannot be read now; try again after Retry-After seconds"
            return _refused(503, "The past is away", detail, retry_after_s=RETRY_AFTER_S)
        if found is None:
            return _unknown(request)
        return self._standing(request, found, {"Cache-Control": IMMUTABLE})

    async def stream(self, request: Request) -> Response:
        """The live feed; `?light=1` gives the sequence of each standing alone."""
        key = _key(request)
        announced = self.announced.newest.get(request.path_params["election"])
        contests = () if announced is None else announced.definition.contests
        if key not in self.hub.frames and request.path_params["contest"] not in [of.id for of in contests]:
            return _unknown(request)
        light = bool(request.query_params.get("light"))
        return live(request, self.hub, key, self.settings.send_timeout_s, self.publisher, light=light)

    def _standing(self, request: Request, frame: Frame, headers: Mapping[str, str] = NO_HEADERS) -> Response:
        """Return the very bytes that were published, signed."""
        headers = {**self.publisher.headers(frame), **headers}
        return self._made(request, frame, lambda: frame.body, "application/json", headers)

    def _export(self, made: Callable[[Standing], str], media_type: str) -> Callable[[Request], Response]:
        """Return the handler of the newest standing in another form."""

        def export(request: Request) -> Response:
            frame = self._frame(request)
            if frame is None:
                return _unknown(request)
            return self._made(request, frame, lambda: made(frame.standing), media_type)

        return export

    def _moment(self, request: Request, key: str, of: Moment) -> dict[str, object]:
        path = CONTEST.format(**request.path_params)
        corrected = self.history.course.corrects(key, of.sequence, of.certificate)
        return {
            "sequence": of.sequence,
            "as_of": as_of(of.place.as_of_ms),
            "standing": f"{path}/standings/{of.sequence}",
            "status": of.status,
            "withheld": of.withheld,
            "ballots": of.balance.accepted,
            "withdrawn": of.withdrawn,
            "elected": of.elected,
            "first_round": of.rounds[0].votes if of.rounds else {},
            "last_round": of.rounds[-1].votes if of.rounds else {},
            **({} if of.spending is None else {"spending": of.spending}),
            **({} if corrected is None else {"corrects": corrected}),
        }

    def _made(
        self,
        request: Request,
        frame: Frame,
        body: Callable[[], str | bytes],
        media_type: str,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Response:
        """Return what is made of a standing, or that the reader has it: an address's tag is that of its standing."""
        stale = {"Livecount-Stale": "true"} if self.hub.stale else {}
        headers = {**frame.headers, **stale, **headers}
        if frame.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body(), media_type=media_type, headers=headers)

    def _report(self, made: Callable[[Standing, int], object]) -> Callable[[Request], Response]:
        """Return the handler of a report in JSON; `?run=2` asks for the second seat of those filled one after another."""

        def report(request: Request) -> Response:
            frame = self._frame(request)
            if frame is not None and frame.standing.contest.method == "equal-shares":
                detail = f"{NO_ROUNDS}: {CONTEST.format(**request.path_params)}/rounds.csv has a line for each project"
                return _refused(404, "No rounds", detail)
            asked_for = request.query_params.get("run", "1")
            run = int(asked_for) if asked_for.isdecimal() and len(asked_for) < 6 else 0
            return self._export(lambda standing: json.dumps(made(standing, run)), "application/json")(request)

        return report

    def _frame(self, request: Request) -> Frame | None:
        return self.hub.frames.get(_key(request))


async def _preflight(_: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


def _change(change: Change) -> dict[str, object]:
    election, contest = change.key.split("/")
    path = CONTEST.format(election=election, contest=contest)
    return {
        "contest": contest,
        "sequence": change.place.sequence,
        "as_of": as_of(change.place.as_of_ms),
        "standing": f"{path}/standings/{change.place.sequence}",
    }


def _key(request: Request) -> str:
    return contest_key(request.path_params["election"], request.path_params["contest"])


def _json(value: object) -> Response:
    headers = {"Cache-Control": FRESH, **OPEN}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


def _refused(
    status: int, title: str, detail: str, *, field: str | None = None, retry_after_s: int | None = None
) -> Response:
    """Return a problem document that scripts of any site may read, as all else."""
    refused = problem(status, title, detail, field=field, retry_after_s=retry_after_s)
    refused.headers.update(OPEN)
    return refused


def _unknown(request: Request) -> Response:
    return _refused(
        404, "Nothing here", f"No result at {request.url.path}; /v1/elections lists what there is"
    )
