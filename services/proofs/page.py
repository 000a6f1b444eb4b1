"""The page that looks a receipt up and checks its proof in the browser: one file a language, which can be saved and run offline.

It holds the verifier (static/receipt.js), the log's public key, and verdicts in words. What an elector types stays in the page: only
the receipt's `who` is sent, to find the proof. Without a script its form posts the receipt, and the same page brings the answer;
the voting code has no name in the form, so no browser sends it.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from services.proofs.answer import Answer
from services.proofs.superseded import IN_WORDS as SUPERSEDED
from services.proofs.words import FOLDER, SCRIPT, VERDICTS
from shared.runtime.process.languages import Language, languages

HERE: Final = Path(__file__).parent
LANGUAGES: Final[Mapping[str, Language]] = languages(FOLDER)
STYLE: Final = (HERE / "static" / "page.css").read_text()
SCRIPTS: Final = (
    (HERE / "static" / "receipt.js").read_text().replace("\nexport ", "\n")
    + "\n"
    + (HERE / "static" / "page.js").read_text()
)


class Pages:
    """The page in each language, of a log whose checkpoints are signed by this public key: to be filled in, or answered."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._templates = {code: _template(language) for code, language in LANGUAGES.items()}
        self._empty = {code: self._page(language) for code, language in LANGUAGES.items()}

    def empty(self, language: Language) -> str:
        """Return the page that nobody has given a receipt: always the same."""
        return self._empty[language.code]

    def answered(self, language: Language, typed: str, answer: Answer) -> str:
        """Return the page with what was typed, and what this service says of it."""
        return self._page(language, typed, answer)

    def _page(self, language: Language, typed: str = "", answer: Answer | None = None) -> str:
        return self._templates[language.code].render(
            about={"key": self._key, **_said(language)},
            answer=answer,
            key=self._key,
            language=language,
            languages=LANGUAGES.values(),
            script=Markup(SCRIPTS),  # noqa: S704  our own files
            style=Markup(STYLE),  # noqa: S704  our own file
            typed=typed,
        )


def policy() -> str:
    """Return the page's Content-Security-Policy: it runs and shows just what it brings along, and posts to this service alone."""
    return (
        f"default-src 'none'; script-src {_source(SCRIPTS)}; style-src {_source(STYLE)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _template(language: Language) -> Template:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    made.filters["as_data"] = lambda text: f"data:application/json;charset=utf-8,{quote(text)}"
    return made.get_template("receipt.html")


def _said(language: Language) -> dict[str, Any]:
    """Return the script's words, verdicts by their reason, and what is said of a superseded ballot."""
    say = language.translations.gettext
    return {
        "words": {key: say(text) for key, text in SCRIPT.items()},
        "verdicts": {reason: say(text) for reason, text in VERDICTS.items()},
        "superseded": say(SUPERSEDED),
    }


def _source(content: str) -> str:
    """Return how a policy names an inline script or style."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
