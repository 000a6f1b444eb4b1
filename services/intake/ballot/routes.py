"""From a voting code to a receipt, step by step.

Without a script each step is a posted form, and what the elector has typed travels in its body: nothing is kept here and
nothing of it is ever in an address. With the script only the code and, in the end, the ballot are posted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.intake.ballot.fields import MAX_FORM_BYTES, Fields, Typed, faults, rankings, read_fields
from services.intake.ballot.files import static
from services.intake.ballot.intake import Intake, Recorded, Why
from services.intake.ballot.pages import Pages, View, script_data, shown
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.receipts import receipt_link, receipt_text

BUSY_S: Final = 5
WRONG_CODES_S: Final = 60
_STATUS: Final[dict[Why, int]] = {"not a code": 422, "wrong code": 403}


@dataclass(frozen=True)
class BallotRoutes:
    """The handlers and what they need; `new_id` makes ballot ids for electors whose browser runs no script."""

    intake: Intake
    new_id: Callable[[], str]
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", lambda _: RedirectResponse("/vote", headers={"Cache-Control": "no-store"})),
            Route("/static/{name}", static),
            Route("/vote", self.index),
            Route("/vote/{election}", self.start),
            Route("/vote/{election}", self.step, methods=["POST"]),
            Route("/vote/{election}/practice", self.practice),
        ]

    async def index(self, request: Request) -> Response:
        """All elections."""
        elections = sorted(self.intake.elections.values(), key=lambda announced: announced.definition.title)
        return self.pages.page("index", self.pages.view(request), elections=elections)

    async def start(self, request: Request) -> Response:
        """Where an elector arrives: what the election is, and the way in if it is open."""
        view = self.pages.view(request)
        announced = self._announced(request)
        if announced is None:
            return self._missing(view)
        return self._start(view, announced) if announced.phase is Phase.OPEN else self._state(view, announced)

    async def practice(self, request: Request) -> Response:
        """A ballot to try out: it has no code and no way to be sent."""
        view = self.pages.view(request)
        announced = self._announced(request)
        if announced is None:
            return self._missing(view)
        return self._ballot(view, announced, Fields("", "", "", _nothing(announced)), practice=True)

    async def step(self, request: Request) -> Response:
        """One step of a vote."""
        view = self.pages.view(request)
        announced = self._announced(request)
        if announced is None:
            return self._missing(view)
        fields = None if _is_of_another_site(request) else await _fields(request, announced)
        if fields is None:
            return self.pages.page("trouble", view, 400, announced=announced, why="not a ballot")
        recalled = self._recalled(view, announced, fields)
        if recalled is not None:
            return recalled
        if announced.phase is not Phase.OPEN:
            return self._state(view, announced, fields)
        steps = {"start": self._enter, "mark": self._mark, "review": self._review, "cast": self._cast}
        return await steps[fields.step](request, announced, fields)

    async def _enter(self, request: Request, announced: ElectionAnnounced, fields: Fields) -> Response:
        fault = await self._code_fault(request, announced, fields)
        if fault is not None:
            return fault
        fields = fields._replace(ballot_id=self.new_id())
        return self._ballot(self.pages.view(request), announced, fields)

    async def _mark(self, request: Request, announced: ElectionAnnounced, fields: Fields) -> Response:
        return self._ballot(self.pages.view(request), announced, fields)

    async def _review(self, request: Request, announced: ElectionAnnounced, fields: Fields) -> Response:
        view = self.pages.view(request)
        contests = shown(announced, fields.typed, view.language)
        if any(contest.faults for contest in contests):
            return self._ballot(view, announced, fields, 422)
        return self.pages.page("review", view, announced=announced, fields=fields, contests=contests)

    async def _cast(self, request: Request, announced: ElectionAnnounced, fields: Fields) -> Response:
        view, definition = self.pages.view(request), announced.definition
        if any(map(faults, fields.typed, definition.contests)):
            return self._ballot(view, announced, fields, 422)
        fault = await self._code_fault(request, announced, fields)
        if fault is not None:
            return fault
        marks = rankings(fields.typed, definition)
        cast = await self.intake.cast(definition.id, fields.code, fields.ballot_id, marks)
        if not isinstance(cast, Recorded):
            return self._refused(view, announced, fields, cast)
        return self._receipt(view, announced, fields, cast)

    def _recalled(self, view: View, announced: ElectionAnnounced, fields: Fields) -> Response | None:
        """Return the receipt of a ballot that was cast before this step of it was sent again; None if none is remembered.

        A browser without a script does that when its elector goes back or reloads, after the close too. What is
        not remembered, by another process or since a restart, is a step like any other: cast again it counts once.
        """
        definition = announced.definition
        is_new = announced.phase is Phase.OPEN and fields.step in ("start", "cast")
        if is_new or any(map(faults, fields.typed, definition.contests)):
            return None
        marks = rankings(fields.typed, definition)
        found = self.intake.recall(definition.id, fields.code, fields.ballot_id, marks)
        if isinstance(found, Recorded):
            return self._receipt(view, announced, fields, found)
        return found and self._refused(view, announced, fields, found)

    def _receipt(self, view: View, announced: ElectionAnnounced, fields: Fields, cast: Recorded) -> Response:
        definition = announced.definition
        kept = (announced.log, definition.id, fields.ballot_id, cast.shard, cast.who)
        link = receipt_link(view.receipts(self.pages.receipts), *kept) if self.pages.receipts else ""
        receipt = receipt_text(*kept)
        return self.pages.page("receipt", view, announced=announced, who=cast.who, receipt=receipt, link=link)

    def _refused(self, view: View, announced: ElectionAnnounced, fields: Fields, why: Why) -> Response:
        if why in ("busy", "too many"):
            return self._busy(view, announced, fields, 429 if why == "too many" else 503)
        if why == "not open":
            return self._state(view, self.intake.elections[announced.definition.id], fields)
        return self.pages.page(
            "trouble", view, 409 if why == "sent before" else 422, announced=announced, why=why
        )

    async def _code_fault(
        self, request: Request, announced: ElectionAnnounced, fields: Fields
    ) -> Response | None:
        """Return the page that says what is wrong with a code, None if it is good.

        A good code is never refused because others on the same connection mistype theirs: what makes guessing
        hopeless is the length of a code.
        """
        view = self.pages.view(request)
        if not fields.code:
            return self._start(view, announced, "no code", 422)
        fault = self.intake.code_fault(announced.definition.id, fields.code)
        if fault is None:
            return None
        if fault in ("busy", "too many", "not open"):
            return self._refused(view, announced, fields, fault)
        address = request.client.host if request.client else ""
        if self.intake.service.guess(address):
            return self._start(
                view, announced, "too many", 429, code=fields.code, retry_after_s=WRONG_CODES_S
            )
        return self._start(view, announced, fault, _STATUS.get(fault, 422), code=fields.code)

    def _start(
        self, view: View, announced: ElectionAnnounced, fault: str = "", status: int = 200, **values: Any
    ) -> Response:
        values = {"code": "", "data": script_data(view.language), "announced": announced, **values}
        return self.pages.page("start", view, status, fault=fault, **values)

    def _ballot(
        self,
        view: View,
        announced: ElectionAnnounced,
        fields: Fields,
        status: int = 200,
        *,
        practice: bool = False,
    ) -> Response:
        return self.pages.page(
            "ballot",
            view,
            status,
            announced=announced,
            fields=fields,
            contests=shown(announced, fields.typed, view.language, fields.code),
            data=script_data(view.language, announced),
            practice=practice,
        )

    def _state(self, view: View, announced: ElectionAnnounced, fields: Fields | None = None) -> Response:
        """The election is not open; `fields` were meant for it."""
        status = 200 if fields is None else 409
        return self.pages.page("state", view, status, announced=announced, fields=fields)

    def _busy(self, view: View, announced: ElectionAnnounced, fields: Fields, status: int = 503) -> Response:
        return self.pages.page("busy", view, status, announced=announced, fields=fields, retry_after_s=BUSY_S)

    def _missing(self, view: View) -> Response:
        if not self.intake.caught_up():
            return self.pages.page("busy", view, 503, announced=None, fields=None, retry_after_s=BUSY_S)
        return self.pages.page("missing", view, 404)

    def _announced(self, request: Request) -> ElectionAnnounced | None:
        return self.intake.elections.get(request.path_params["election"]) if self.intake.caught_up() else None


def _nothing(announced: ElectionAnnounced) -> tuple[Typed, ...]:
    return tuple({} for _ in announced.definition.contests)


def _is_of_another_site(request: Request) -> bool:
    """Return whether a page of another site posts the form (W3C Fetch Metadata): it could say "your ballot is in" of a code of its own."""
    return request.headers.get("sec-fetch-site") == "cross-site"


async def _fields(request: Request, announced: ElectionAnnounced) -> Fields | None:
    """Return what was posted; None if it is no step of this election's ballot, or longer than a form can be."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    fields = read_fields(body, announced.definition)
    return fields if fields and fields.step in ("start", "mark", "review", "cast") else None
