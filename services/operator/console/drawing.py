"""How a page of the console is drawn: its template, what every page knows, and the headers that it is sent with."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from services.operator.access import Session, Sessions
from services.operator.console.view import WHAT

HERE: Final = Path(__file__).parent
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser calls the origin of a form "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Drawing:
    """Draws pages for whoever is signed in."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, template: str, session: Session | None, status: int = 200, **shown: Any) -> Response:
        """Return a page."""
        who = "" if session is None else self._sessions.who(session) or str(session.role)
        body = self._templates.get_template(template).render(session=session, who=who, what=WHAT, **shown)
        return HTMLResponse(body, status, HEADERS)

    def missing(self, session: Session | None, status: int, why: str) -> Response:
        """Return the page that says why there is nothing else to see."""
        return self.page("missing.html", session, status, why=why)


async def style(_: Request) -> Response:
    """Return the style of all pages."""
    return FileResponse(HERE / "console.css", headers={"X-Content-Type-Options": "nosniff"})
