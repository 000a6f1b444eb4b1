"""Pages, made on the server: complete without a script, kept fresh with one.

A contest's page is made once for each standing, however many read it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.results.feed import Frame
from services.results.hub import Hub
from services.results.view import ContestPage, ListPage, MissingPage, contest_page, election_page, index_page
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.contract.standings import Standing
from shared.runtime.projection import Projection

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
POLICY: Final = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
}


def environment() -> Environment:
    """Return the templates. Each is given one `view`, or one `view` and its main part ready made."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass
class Pages:
    """The handlers and what they need."""

    announced: Projection[ElectionAnnounced]
    hub: Hub

    def __post_init__(self) -> None:
        self._templates = environment()
        self._made: dict[str, tuple[Frame, dict[int | None, tuple[ContestPage, str]]]] = {}

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.index),
            Route("/elections/{election}", self.election),
            Route("/elections/{election}/contests/{contest}", self.contest),
        ]

    def index(self, request: Request) -> Response:
        """All elections."""
        return self._cards(request, index_page(self.announced.newest.values()))

    def election(self, request: Request) -> Response:
        """The contests of one election."""
        election = request.path_params["election"]
        announced = self.announced.newest.get(election)
        if announced is None:
            return self._missing(request)

        def standing_of(contest: str) -> Standing | None:
            frame = self.hub.frames.get(contest_key(election, contest))
            return None if frame is None else frame.standing

        return self._cards(request, election_page(announced, standing_of))

    def contest(self, request: Request) -> Response:
        """One contest; `?round=2` shows that round large, `?fragment=1` gives only what changes."""
        key = contest_key(request.path_params["election"], request.path_params["contest"])
        frame = self.hub.frames.get(key)
        if frame is None:
            return self._missing(request)
        asked_for = request.query_params.get("round", "")
        view, main = self._main(
            key, frame, int(asked_for) if asked_for.isdecimal() and len(asked_for) < 6 else None
        )
        if request.query_params.get("fragment"):
            return HTMLResponse(main, headers=HEADERS)
        return self._page("contest.html", view, main=main)

    def _cards(self, request: Request, view: ListPage) -> Response:
        main = self._templates.get_template("cards.html").render(view=view)
        if request.query_params.get("fragment"):
            return HTMLResponse(main, headers=HEADERS)
        return self._page("list.html", view, main=main)

    def _main(self, key: str, frame: Frame, round_: int | None) -> tuple[ContestPage, str]:
        of, made = self._made.get(key, (None, {}))
        if of is not frame:
            of, made = self._made[key] = frame, {}
        if round_ not in {each.number for each in frame.standing.rounds}:
            round_ = None
        if round_ not in made:
            view = contest_page(frame.standing, frame.as_of_ms, round_)
            made[round_] = view, self._templates.get_template("standing.html").render(view=view)
        return made[round_]

    def _missing(self, request: Request) -> Response:
        return self._page("missing.html", MissingPage(request.url.path), status=404)

    def _page(self, template: str, view: object, status: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(template).render(view=view, **values)
        return HTMLResponse(html, status, headers=HEADERS)
