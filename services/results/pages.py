"""Pages, made on the server: complete without a script, kept fresh with one.

A contest's page is made once for each standing, a page of many contests once a second, however many read it.
"""

import math
import operator
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from services.results.course import Moment, Place, moment
from services.results.feed import OPEN, Frame
from services.results.history import History
from services.results.hub import Hub
from services.results.views.cards import Card, contest_card
from services.results.views.contest import ContestPage, contest_page
from services.results.views.declaration import declaration
from services.results.views.earlier import earlier
from services.results.views.election import election_page
from services.results.views.guide import MissingPage
from services.results.views.index import ListPage, index_page
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.runtime.log import LogAway
from shared.runtime.process.http import problem
from shared.runtime.projection import Projection

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""Nobody may frame a page: what others may show of it are embeds. The one form asks for a past page."""
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
}


class Static(StaticFiles):
    """Style sheets and scripts. Scripts of any site may load them: modules are not loaded from elsewhere without leave."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file, open to every site."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(OPEN)
        return response


def environment() -> Environment:
    """Return the templates. Each is given one `view`, or one `view` and its main part ready made."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


EARLIER_AT_MOST: Final = 24
LIST_EVERY_S: Final = 1.0
PAST: Final = "@"
PAST_KEPT: Final = 32
"""Pages of past standings that are kept once made."""
RETRY_AFTER_S: Final = 2
MAX_DIGITS: Final = 18


@dataclass
class Pages:
    """The handlers and what they need."""

    announced: Projection[ElectionAnnounced]
    hub: Hub
    history: History
    templates: Environment
    base: Callable[[Request], str]
    """Where the public finds this service."""

    def __post_init__(self) -> None:
        self._contest_cards: dict[str, tuple[Frame, Card]] = {}
        self._lists: dict[str, tuple[tuple[object, ...], float, ListPage | None, str]] = {}
        self._made: dict[str, tuple[tuple[object, ...], dict[int | None, tuple[ContestPage, str]]]] = {}

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.index),
            Route("/elections/{election}", self.election),
            Route("/elections/{election}/contests/{contest}", self.contest),
            Route("/elections/{election}/contests/{contest}/declaration", self.declaration),
        ]

    def index(self, request: Request) -> Response:
        """All elections."""
        found = tuple(self.announced.newest.values())
        frames = {
            (of.definition.id, contest.id): self.hub.frames.get(contest_key(of.definition.id, contest.id))
            for of in found
            for contest in of.definition.contests
        }
        return self._cards(
            request,
            (*found, *frames.values()),
            lambda: index_page(found, lambda *contest: self._card(frames[contest])),
        )

    def election(self, request: Request) -> Response:
        """The contests of one election."""
        election = request.path_params["election"]
        announced = self.announced.newest.get(election)
        if announced is None:
            return self._missing(request)
        frames = {
            contest.id: self.hub.frames.get(contest_key(election, contest.id))
            for contest in announced.definition.contests
        }
        return self._cards(
            request,
            (announced, *frames.values()),
            lambda: election_page(announced, lambda contest: self._card(frames[contest])),
        )

    def _card(self, frame: Frame | None) -> Card | None:
        """Return the card of a contest, made once for each standing."""
        if frame is None:
            return None
        of, card = self._contest_cards.get(frame.key, (None, None))
        if of is not frame or card is None:
            card = contest_card(frame.standing)
            self._contest_cards[frame.key] = frame, card
        return card

    async def contest(self, request: Request) -> Response:
        """One contest; `?round=2` shows that round large, `?as_of=1200` a past standing, `?fragment=1` gives only what changes."""
        key = contest_key(request.path_params["election"], request.path_params["contest"])
        newest = self.hub.frames.get(key)
        if newest is None:
            return self._missing(request)
        past = _whole(request.query_params.get("as_of", ""))
        try:
            frame = newest if past in {None, newest.sequence} else await self.history.at(key, past or 0)
        except (LogAway, TimeoutError):
            return problem(503, "The past is away", "The log cannot be read now", retry_after_s=RETRY_AFTER_S)
        if frame is None:
            return self._missing(request)
        round_ = _whole(request.query_params.get("round", ""))
        view, main = await run_in_threadpool(self._main, key, frame, round_, self._course(frame))
        if request.query_params.get("fragment"):
            stale = {"Livecount-Stale": "true"} if self.hub.stale else {}
            return HTMLResponse(main, headers=HEADERS | stale)
        # Of what is withheld there are no earlier figures to look at, and nobody needs to know when it was published.
        spread = [] if newest.standing.withheld else self.history.spread(key, EARLIER_AT_MOST)
        places = [(place.sequence, place.as_of_ms) for place in spread]
        return self._page(
            "contest.html",
            view,
            main=main,
            earlier=earlier(places),
            past=frame is not newest,
            stale=self.hub.stale,
            base=self.base(request),
            sequence=frame.sequence,
        )

    def declaration(self, request: Request) -> Response:
        """A contest's result, to be printed and signed."""
        frame = self.hub.frames.get(
            contest_key(request.path_params["election"], request.path_params["contest"])
        )
        if frame is None:
            return self._missing(request)
        return self._page("declaration.html", declaration(frame.standing, frame.as_of_ms))

    def _cards(self, request: Request, of: tuple[object, ...], make: Callable[[], ListPage]) -> Response:
        """Answer with a page of cards: made again where what it is made `of` has changed, at most once a second."""
        before, made_at, view, main = self._lists.get(request.url.path, ((), -math.inf, None, ""))
        same = len(of) == len(before) and all(map(operator.is_, of, before))
        now_s = time.monotonic()
        if view is None or (not same and now_s - made_at >= LIST_EVERY_S):
            view = make()
            main = self.templates.get_template("cards.html").render(view=view)
            self._lists[request.url.path] = of, now_s, view, main
        if request.query_params.get("fragment"):
            return HTMLResponse(main, headers=HEADERS)
        return self._page("list.html", view, main=main)

    def _course(self, frame: Frame) -> list[Moment]:
        """Return the way to a standing, itself included."""
        place = Place(frame.sequence, frame.as_of_ms, 0, 0)
        before = self.history.course.of(frame.key, upto=frame.sequence - 1)
        return [*before, moment(frame.body, place)]

    def _main(
        self, key: str, frame: Frame, round_: int | None, course: list[Moment]
    ) -> tuple[ContestPage, str]:
        """Return the view and main part of a page: made once for each standing, round, way to it, and list of notices."""
        place = key if frame is self.hub.frames[key] else f"{key}{PAST}{frame.sequence}"
        announced = self.announced.newest.get(frame.standing.election)
        notices = () if announced is None else announced.notices
        before, made = self._made.get(place, ((), {}))
        if before != (frame, len(course), notices):
            made = {}
            self._made[place] = (frame, len(course), notices), made
            for old in [old for old in self._made if PAST in old][:-PAST_KEPT]:
                del self._made[old]
        if round_ not in {each.number for each in frame.standing.rounds}:
            round_ = None
        if round_ not in made:
            view = contest_page(
                frame.standing,
                frame.as_of_ms,
                round_,
                past=PAST in place,
                course=course,
                notices=notices,
            )
            made[round_] = view, self.templates.get_template("standing.html").render(view=view)
        return made[round_]

    def _missing(self, request: Request) -> Response:
        return self._page("missing.html", MissingPage(request.url.path), status=404)

    def _page(self, template: str, view: object, status: int = 200, **values: Any) -> Response:
        html = self.templates.get_template(template).render(view=view, **values)
        return HTMLResponse(html, status, headers=HEADERS)


def _whole(text: str) -> int | None:
    """Return a number that was asked for, None if it is none."""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None
