"""`python -m services.intake.ballot.catalogue CODE…`: bring catalogues up to date with the words of the ballot.

A new language is one file, `words/CODE.po`: this makes it, with every message still to be translated.
"""

import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from services.intake.ballot.languages import WORDS

HERE: Final = Path(__file__).parent
_KEYWORDS: Final = {"_": None, "ngettext": (1, 2), "marked": None}


def messages() -> Catalog:
    """Return every message of the ballot: those of the templates, and those marked in words.py."""
    found = Catalog(project="Livecount", charset="utf-8")
    sources = [("python", HERE / "words.py")]
    sources += [("jinja2.ext:babel_extract", path) for path in sorted((HERE / "templates").glob("*.html"))]
    for method, path in sources:
        for line, message, comments, context in extract_from_file(method, path, keywords=_KEYWORDS):
            where = [(str(path.relative_to(HERE)), line)]
            found.add(message, locations=where, auto_comments=comments, context=context)
    return found


def update(code: str, folder: Path = WORDS) -> Path:
    """Bring a language's catalogue up to date, or make it, and return its path. Raises UnknownLocaleError."""
    path = folder / f"{code}.po"
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
    else:
        catalogue = Catalog(
            locale=code,
            header_comment="# The words of the ballot.",
            project="Livecount",
            version="1",
            last_translator="none yet",
            language_team="none yet",
            charset="utf-8",
            fuzzy=False,
        )
    catalogue.update(messages(), no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, ignore_obsolete=True, include_lineno=False)
    return path


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(f"{update(name)}\n")
