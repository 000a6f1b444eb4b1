"""The page that looks a receipt up and checks its proof in the browser: one file a language, which can be saved and run offline.

It holds the verifier (static/receipt.js), the log's public key, and verdicts in words. What an elector types stays in the page: only
the receipt's `who` is sent, to find the proof.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

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


def receipt_pages(key: str) -> Mapping[str, str]:
    """Return the page in each language, by its code, of a log whose checkpoints are signed by this public key."""
    return {code: _page(key, language) for code, language in LANGUAGES.items()}


def policy() -> str:
    """Return the page's Content-Security-Policy: it runs and shows just what it brings along."""
    return (
        f"default-src 'none'; script-src {_source(SCRIPTS)}; style-src {_source(STYLE)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _page(key: str, language: Language) -> str:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    return made.get_template("receipt.html").render(
        about={"key": key, **_said(language)},
        key=key,
        language=language,
        languages=LANGUAGES.values(),
        script=Markup(SCRIPTS),  # noqa: S704  our own files
        style=Markup(STYLE),  # noqa: S704  our own file
    )


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
