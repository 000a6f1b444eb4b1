"""Pages, made on the server: complete without a script, kept fresh with one.

Rule: a contest's page is made once for each standing, however many read it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.results import sentences
from services.results.feed import Frame
from services.results.hub import Hub
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.contract.standings import Round, Standing, Status
from shared.contract.verdicts import IN_WORDS, Reason
from shared.runtime.projection import Projection

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
POLICY: Final = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
COLOURS: Final = 8
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
    found.filters |= {"number": sentences.number, "name_in": lambda name, names: names[name]}
    found.globals |= {"percent": sentences.percent, "words": sentences}
    return found


@dataclass(frozen=True)
class Row:
    """A candidate in one round's table."""

    id: str
    name: str
    colour: int
    votes: int
    share: str
    width: float
    change: int | None
    note: str
    is_elected: bool


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
            "contest.html", standing=frame.standing, main=main, refresh=not is_final(frame.standing)
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


def is_final(standing: Standing) -> bool:
    """Whether no ballot can come any more."""
    return standing.status in sentences.FINAL


def view(frame: Frame) -> dict[str, Any]:
    """Return what the template of a standing shows."""
    standing = frame.standing
    as_of = datetime.fromtimestamp(frame.as_of_ms / 1000, UTC)
    return {
        "standing": standing,
        "votes": lambda units: sentences.number(units, standing.places),
        "names": {candidate.id: candidate.name for candidate in standing.contest.candidates},
        "colours": colours(standing),
        "latest": rows(standing, len(standing.rounds) - 1) if standing.rounds else [],
        "order": order(standing),
        "endings": endings(standing),
        "as_of": as_of,
        "final": is_final(standing),
        "certified": standing.status is Status.CERTIFIED,
        "reasons": [
            (IN_WORDS[Reason(r)], n) for r, n in standing.balance.reasons.items() if r != Reason.ACCEPTED
        ],
    }


def colours(standing: Standing) -> dict[str, int]:
    """Return a colour number for each candidate, the same in every table and at every hour."""
    return {candidate.id: place % COLOURS for place, candidate in enumerate(standing.contest.candidates)}


def rows(standing: Standing, place: int) -> list[Row]:
    """Return the table of one round, most votes first."""
    round_ = standing.rounds[place]
    before = standing.rounds[place - 1].votes if place else {}
    whole, most = sum(round_.votes.values()), max(round_.votes.values(), default=0)
    names = {candidate.id: candidate.name for candidate in standing.contest.candidates}
    paint = colours(standing)
    return [
        Row(
            id=candidate,
            name=names[candidate],
            colour=paint[candidate],
            votes=votes,
            share=sentences.points(round_.scores[candidate])
            if round_.scores
            else sentences.percent(votes, whole),
            width=round(100 * votes / most, 2) if most else 0,
            change=votes - before[candidate] if candidate in before else None,
            note=_note(standing, round_, candidate),
            is_elected=candidate in standing.elected,
        )
        for candidate, votes in sorted(round_.votes.items(), key=lambda pair: _strength(round_, *pair))
    ]


def _strength(round_: Round, candidate: str, votes: int) -> tuple[Fraction, int]:
    """Return what a round's table is sorted by: most of it first, and those elected before others."""
    score = Fraction(round_.scores[candidate]) if round_.scores else Fraction(votes)
    return -score, candidate not in round_.seated


def order(standing: Standing) -> list[str]:
    """Return candidates for the table of all rounds: who lasts longest first, then by votes."""
    reached: dict[str, tuple[int, int]] = {}
    for round_ in standing.rounds:
        reached |= {candidate: (round_.number, votes) for candidate, votes in round_.votes.items()}
    elected = [*reversed(standing.elected)]
    return sorted(
        reached,
        key=lambda c: (elected.index(c) if c in elected else -1, *reached[c]),
        reverse=True,
    )


def endings(standing: Standing) -> list[str]:
    """Return the reasons for which some ballot stands with nobody."""
    return sorted({ending for round_ in standing.rounds for ending, n in round_.inactive.items() if n})


def _note(standing: Standing, round_: Round, candidate: str) -> str:
    if candidate in round_.seated:
        return "Elected" if is_final(standing) else "Ahead"
    for decision in round_.decisions:
        if decision.candidate == candidate:
            if decision.outcome == "elected":
                return "Elected" if is_final(standing) else "Ahead"
            return "Out" if is_final(standing) else "Last"
    return ""
