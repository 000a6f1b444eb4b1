"""The pages of the ballot, made on the server: each is complete without a script."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.intake.ballot import files
from services.intake.ballot.fields import Typed, faults, ranks_of
from services.intake.ballot.follow import follow, most_choices
from services.intake.ballot.words import FAULTS, FOLDER, SCRIPT, SENDING, SENTENCES
from shared.contract.candidate_order import candidate_order
from shared.contract.codes import BadCode, parse_code
from shared.contract.elections import Contest
from shared.contract.events import ElectionAnnounced
from shared.rcv.narrate.numbers import shown_amount
from shared.runtime.process.languages import Language, languages, preferred

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Vary": "Accept-Language",
}
SIZES: Final = ("normal", "large", "largest")
QUIET: Final = 2
"""Modules of white around a QR code."""


class View(NamedTuple):
    """How an elector wants to see the pages; it travels in the query, which holds nothing of the vote."""

    language: Language
    asked: str
    """The language's code if the elector chose it, empty if their browser did."""
    size: str
    kiosk: bool

    def receipts(self, page: str) -> str:
        """Return the address of the page that looks receipts up, in the language that the elector chose."""
        return page + self.query(size="", kiosk="")

    def query(self, **changed: str) -> str:
        """Return the query that keeps this view, with some of it changed: "?lang=cy&kiosk=1", or nothing."""
        kept = {"lang": self.asked, "size": self.size, "kiosk": "1" if self.kiosk else ""} | changed
        said = {key: value for key, value in kept.items() if value not in ("", "normal")}
        return f"?{urlencode(said)}" if said else ""


class Shown(NamedTuple):
    """A contest as the templates show it."""

    place: int
    contest: Contest
    out: frozenset[int]
    """Candidates who can get no vote."""
    typed: Typed
    faults: frozenset[int]
    line: Sequence[Markup]
    notes: Sequence[tuple[str, Markup]]
    """Each with its key in `SENTENCES`."""
    ranks: Sequence[Sequence[int]]
    most: int | None
    """So many choices can count; None: all."""
    order: Sequence[int]
    """The places of the candidates in the order in which they stand on this ballot."""


class Pages:
    """Renders pages in every language there is; `receipts` is the address of the page that looks receipts up, or empty."""

    def __init__(
        self, now: Callable[[], datetime], receipts: str = "", known: Mapping[str, Language] | None = None
    ) -> None:
        self.receipts = receipts
        self.languages = known or languages(FOLDER)
        self._templates = {code: _environment(language, now) for code, language in self.languages.items()}

    def view(self, request: Request) -> View:
        """Return how the request asks to see a page."""
        asked = request.query_params
        language = preferred(self.languages, asked.get("lang"), request.headers.get("accept-language", ""))
        size = asked.get("size", "")
        return View(
            language,
            language.code if asked.get("lang") == language.code else "",
            size if size in SIZES else SIZES[0],
            "kiosk" in asked,
        )

    def page(self, name: str, view: View, status: int = 200, **values: Any) -> Response:
        """Return a page; `retry_after_s` among the values becomes a header too."""
        template = self._templates[view.language.code].get_template(f"{name}.html")
        shared = {"languages": self.languages.values(), "sizes": SIZES, "receipts": self.receipts}
        html = template.render(view=view, **shared, **values)
        retry = values.get("retry_after_s")
        headers = HEADERS if retry is None else {**HEADERS, "Retry-After": str(retry)}
        if values.get("link") and not view.kiosk:
            headers = {**headers, "Content-Security-Policy": posting_to(self.receipts)}
        return HTMLResponse(html, status, headers)


def posting_to(page: str) -> str:
    """Return the policy of a page whose form may also be posted to another service: the receipt's, to where it is looked up."""
    scheme, host, *_ = urlsplit(page)
    return HEADERS["Content-Security-Policy"].replace(
        "form-action 'self'", f"form-action 'self' {scheme}://{host}"
    )


def shown(
    announced: ElectionAnnounced, typed: Sequence[Typed], language: Language, code: str = ""
) -> list[Shown]:
    """Return the contests of an election with what is typed in each, and what follows from it.

    `code` is the voting code: it says whose order of the candidates is shown.
    """
    found, section = [], _section(announced, code)
    for place, (contest, numbers) in enumerate(zip(announced.definition.contests, typed, strict=True)):
        wrong = faults(numbers, contest)
        out = _out(announced, contest)
        ranks = ranks_of({c: text for c, text in numbers.items() if c not in wrong})
        said = follow(contest, out, ranks)
        line = [language.sentence(SENTENCES[key], values) for key, values in said.line]
        notes = [(key, language.sentence(SENTENCES[key], values)) for key, values in said.notes]
        found.append(
            Shown(
                place,
                contest,
                out,
                numbers,
                wrong,
                line,
                notes,
                ranks,
                most_choices(contest),
                candidate_order(contest, section, code),
            )
        )
    return found


def _section(announced: ElectionAnnounced, code: str) -> str:
    """Return the id of the section that a code is of; a practice ballot, which has none, is of the first."""
    sections = announced.definition.sections
    try:
        return sections[parse_code(code).section].id
    except (BadCode, IndexError):
        return sections[0].id


def script_data(language: Language, announced: ElectionAnnounced | None = None) -> dict[str, Any]:
    """Return the script's words and, for a ballot, what it needs to know of the election's contests."""
    say = language.translations.gettext
    contests, words = (announced.definition.contests, {**SCRIPT, **SENTENCES}) if announced else ((), SENDING)
    return {
        "language": language.code,
        "words": {key: say(text) for key, text in {**words, **SENDING}.items()},
        "contests": [contest_data(of, _out(announced, of)) for of in contests if announced],
    }


def contest_data(contest: Contest, out: frozenset[int]) -> dict[str, Any]:
    """Return what `follow` in the script needs to know of a contest."""
    return {
        "method": contest.method,
        "seats": contest.seats,
        "overvote": contest.rules.overvote,
        "skips": contest.rules.max_skipped_ranks,
        "most": contest.rules.max_ranks,
        "names": [candidate.name for candidate in contest.candidates],
        "out": sorted(out),
        "budget": contest.budget.ballots if contest.budget else None,
    }


def qr(text: str) -> Markup:
    """Return a QR code as SVG. The mask is given: to try out which of eight is best would take five times as long."""
    matrix = segno.make(text, error="l", boost_error=False, micro=False, mask=2).matrix
    path = "".join(f"M{QUIET} {y}.5{_line(row)}" for y, row in enumerate(matrix, QUIET))
    size = len(matrix) + 2 * QUIET
    return Markup(
        '<svg viewBox="0 0 {0} {0}" class="qr" aria-hidden="true"><path stroke="#000" d="{1}"/></svg>'
    ).format(size, path)


def _line(modules: bytearray) -> str:
    """Return a row of a QR code as commands of an SVG path: draw over the dark modules, move over the light ones."""
    runs = [(dark, sum(1 for _ in run)) for dark, run in groupby(modules)]
    return "".join(f"h{length}" if dark else f"m{length} 0" for dark, length in runs)


def _out(announced: ElectionAnnounced, contest: Contest) -> frozenset[int]:
    withdrawn = {contest.place(candidate) for of, candidate in announced.withdrawn if of == contest.id}
    return frozenset(withdrawn.union(contest.excluded))


def _environment(language: Language, now: Callable[[], datetime]) -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    made.globals |= {
        "static": files.NAMES,
        "hashes": files.HASHES,
        "fault_words": FAULTS,
        "amount": shown_amount,
        "data_url": _data_url,
        "qr": qr,
    }
    made.filters["when"] = language.when
    made.filters["until"] = lambda moment: language.until(moment, now())
    return made


def _data_url(text: str) -> str:
    """Return a JSON text as an address that a link can download."""
    return f"data:application/json;charset=utf-8,{quote(text)}"
