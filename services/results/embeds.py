"""A contest in other people's pages: framed, within an element, as a picture when a link is shared; oEmbed says how.

These are the only pages of the service that another site may frame. They have no form, no cookie and nothing to press but a link.
"""

from dataclasses import dataclass, field
from html import escape
from typing import Final
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.results.feed import FRESH, OPEN, Frame
from services.results.hub import Hub
from services.results.pages import POLICY
from services.results.picture import SIZE, Painter
from services.results.views.guide import GuidePage
from services.results.views.summary import summary
from shared.contract.ids import contest_key
from shared.runtime.process.http import problem
from shared.runtime.process.overload import UNFRAMED

CONTEST: Final = "/elections/{election}/contests/{contest}"
FRAMED: Final = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors *"
NEWSROOM: Final = (
    POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; frame-src 'self'"
)
"""The example page brings a style of its own, as a newsroom's does."""
WIDTH: Final = 600
HEIGHT: Final = 480
"""Of a frame before its page has said how high it is, in pixels."""
CACHED_S: Final = 60


class OnlyEmbedsFramed:
    """Middleware that forbids to frame every answer but those whose own policy says who may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault(*UNFRAMED)
            await send(message)

        await self._app(scope, receive, send_with_policy)


@dataclass
class Embeds:
    """The handlers and what they need. What is made of a standing is made once."""

    hub: Hub
    templates: Environment
    painter: Painter
    public_url: str = ""
    _mains: dict[str, tuple[Frame, str]] = field(default_factory=dict)
    _pictures: dict[str, tuple[Frame, bytes]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"/embed{CONTEST}", self.embed),
            Route(f"{CONTEST}/picture.png", self.picture),
            Route("/oembed", self.oembed),
            Route("/feed", self.guide),
            Route("/feed/newsroom", self.newsroom),
        ]

    def base(self, request: Request) -> str:
        """Return where the public finds this service, without a slash at the end."""
        return self.public_url or str(request.base_url).rstrip("/")

    def embed(self, request: Request) -> Response:
        """A contest in a few lines, to be framed; `?fragment=1` gives only what changes, to any site's script."""
        frame = self._frame(request)
        if frame is None:
            return problem(404, "Nothing here", f"No result at {request.url.path}")
        path = request.url.path.removeprefix("/embed")
        of, main = self._mains.get(frame.key, (None, ""))
        if of is not frame:
            view = summary(frame.standing, frame.as_of_ms)
            main = self.templates.get_template("summary.html").render(view=view, path=path)
            self._mains[frame.key] = frame, main
        headers = {"Cache-Control": FRESH, "Content-Security-Policy": FRAMED}
        if request.query_params.get("fragment"):
            return HTMLResponse(main, headers=headers | OPEN)
        title = frame.standing.contest.title
        page = self.templates.get_template("embed.html").render(
            title=title, path=path, stream=f"/v1{path}/stream?light=1", main=main
        )
        return HTMLResponse(page, headers=headers)

    async def picture(self, request: Request) -> Response:
        """The newest standing as a picture, 1,200 by 630 pixels, for sites that show what a link leads to."""
        frame = self._frame(request)
        if frame is None:
            return problem(404, "Nothing here", f"No result at {request.url.path}")
        of, drawn = self._pictures.get(frame.key, (None, b""))
        if of is not frame:
            view = summary(frame.standing, frame.as_of_ms)
            drawn = await run_in_threadpool(self.painter.draw, view)
            self._pictures[frame.key] = frame, drawn
        return Response(drawn, media_type="image/png", headers={"Cache-Control": FRESH, **OPEN})

    def oembed(self, request: Request) -> Response:
        """How to embed the page at `url` (oembed.com, "rich"); only JSON is given."""
        if request.query_params.get("format", "json") != "json":
            return problem(501, "Not made", "Ask for format=json")
        base = self.base(request)
        asked_for, own = urlsplit(request.query_params.get("url", "")), urlsplit(base)
        parts = asked_for.path.split("/")
        frame = self.hub.frames.get(contest_key(parts[2], parts[4])) if len(parts) == 5 else None
        path = "" if frame is None else CONTEST.format(election=parts[2], contest=parts[4])
        if frame is None or asked_for.netloc != own.netloc or asked_for.path != path:
            return problem(404, "Nothing here", "url: expected the address of a contest's page", field="url")
        widest = request.query_params.get("maxwidth", "")
        width = min(WIDTH, int(widest)) if widest.isdecimal() and len(widest) < 6 else WIDTH
        return _json(_rich(base, path, frame.standing.contest.title, width))

    def guide(self, request: Request) -> Response:
        """The feed's documentation, about the contest at `?contest=` or the first one."""
        return self._about(request, "feed.html", POLICY)

    def newsroom(self, request: Request) -> Response:
        """An example of a page with three embeds."""
        return self._about(request, "newsroom.html", NEWSROOM)

    def _about(self, request: Request, template: str, policy: str) -> Response:
        parts = request.query_params.get("contest", "").split("/")
        key = contest_key(parts[2], parts[4]) if len(parts) == 5 else next(iter(sorted(self.hub.frames)), "")
        frame = self.hub.frames.get(key)
        if frame is None:
            return problem(404, "Nothing here", "There is no result yet that the examples could be about")
        election, contest = key.split("/")
        view = GuidePage(
            base=self.base(request),
            path=CONTEST.format(election=election, contest=contest),
            election_path=f"/elections/{election}",
            title=frame.standing.contest.title,
        )
        html = self.templates.get_template(template).render(view=view)
        return HTMLResponse(html, headers={"Cache-Control": "no-cache", "Content-Security-Policy": policy})

    def _frame(self, request: Request) -> Frame | None:
        return self.hub.frames.get(
            contest_key(request.path_params["election"], request.path_params["contest"])
        )


def _rich(base: str, path: str, title: str, width: int) -> dict[str, object]:
    """Return oEmbed's answer about a contest."""
    source, name = escape(f"{base}/embed{path}"), escape(title)
    return {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": "Livecount",
        "provider_url": base,
        "cache_age": CACHED_S,
        "width": width,
        "height": HEIGHT,
        "html": f'<iframe src="{source}" title="{name}" width="{width}" height="{HEIGHT}" style="border:0;max-width:100%"'
        ' loading="lazy" sandbox="allow-scripts allow-same-origin allow-top-navigation-by-user-activation"></iframe>',
        "thumbnail_url": f"{base}{path}/picture.png",
        "thumbnail_width": SIZE[0],
        "thumbnail_height": SIZE[1],
    }


def _json(value: object) -> Response:
    headers = {"Cache-Control": f"public, max-age={CACHED_S}", **OPEN}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)
