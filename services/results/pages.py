"""Pages, made on the server: complete without a script, kept fresh with one.

Rule: a contest's page is made once for each standing, however many read it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.results import moves, sections, sentences, tables, words
from services.results.feed import Frame
from services.results.hub import Hub
from services.results.numbers import number, percent, width
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.contract.verdicts import IN_WORDS, Reason
from shared.runtime.projection import Projection

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
POLICY: Final = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def environment() -> Environment:
    """Return the templates with the words and numbers they use."""
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": number}
    found.globals |= {"percent": percent, "width": width, "words": words, "say": sentences, "tables": tables}
    return found


@dataclass
class Pages:
    """The handlers and what they need."""

    announced: Projection[ElectionAnnounced]
    hub: Hub

    def __post_init__(self) -> None:
        self._templates = environment()
        self._made: dict[str, tuple[Frame, str]] = {}

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.index),
            Route("/elections/{election}", self.election),
            Route("/elections/{election}/contests/{contest}", self.contest),
        ]

    def index(self, _: Request) -> Response:
        """All elections."""
        return self._page("index.html", elections=list(self.announced.newest.values()))

    def election(self, request: Request) -> Response:
        """The contests of one election."""
        announced = self.announced.newest.get(request.path_params["election"])
        if announced is None:
            return self._missing(request)
        contests = announced.definition.contests
        frames = {c.id: self.hub.frames.get(contest_key(announced.definition.id, c.id)) for c in contests}
        return self._page("election.html", announced=announced, frames=frames)

    def contest(self, request: Request) -> Response:
        """One contest; `?fragment=1` gives only what changes."""
        key = contest_key(request.path_params["election"], request.path_params["contest"])
        frame = self.hub.frames.get(key)
        if frame is None:
            return self._missing(request)
        main = self._main(key, frame)
        if request.query_params.get("fragment"):
            return HTMLResponse(main, headers=HEADERS)
        return self._page(
            "contest.html", standing=frame.standing, main=main, refresh=not words.is_final(frame.standing)
        )

    def _main(self, key: str, frame: Frame) -> str:
        made_for, main = self._made.get(key, (None, ""))
        if made_for is not frame:
            main = self._templates.get_template("standing.html").render(view(frame))
            self._made[key] = (frame, main)
        return main

    def _missing(self, request: Request) -> Response:
        return self._page("missing.html", status=404, path=request.url.path)

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(values), status, headers=HEADERS)


def view(frame: Frame) -> dict[str, Any]:
    """Return what the template of a standing shows."""
    standing = frame.standing
    return {
        "standing": standing,
        "last": standing.rounds[-1] if standing.rounds else None,
        "votes": partial(number, places=standing.places),
        "colours": tables.colours(standing),
        "moves": moves.tables(standing),
        "by_section": partial(sections.table, standing, tables.order(standing)),
        "as_of": datetime.fromtimestamp(frame.as_of_ms / 1000, UTC),
        "final": words.is_final(standing),
        "reasons": [
            (IN_WORDS[Reason(r)], n) for r, n in standing.balance.reasons.items() if r != Reason.ACCEPTED
        ],
    }
