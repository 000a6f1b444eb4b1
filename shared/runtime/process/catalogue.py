"""`python -m shared.runtime.process.catalogue HOUSE CODE…`: bring a house's catalogues up to date with the words of its pages.

A house is a package with `templates/` and a module `words`: its `MESSAGES` are all words that stand in no template, its `FOLDER`
is where the catalogues are. A new language is one file, `words/CODE.po`: this makes it, with every message still to be translated.
"""

import sys
from importlib import import_module
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po


def messages(house: str) -> Catalog:
    """Return every message of a house. Raises ModuleNotFoundError."""
    words = import_module(f"{house}.words")
    found, folder = Catalog(project="Livecount", charset="utf-8"), words.FOLDER.parent
    for message in words.MESSAGES:
        found.add(message, locations=[("words.py", 0)])
    for path in sorted((folder / "templates").glob("*.html")):
        where = str(path.relative_to(folder))
        for line, message, comments, context in extract_from_file("jinja2.ext:babel_extract", path):
            found.add(message, locations=[(where, line)], auto_comments=comments, context=context)
    return found


def update(house: str, code: str, folder: Path | None = None) -> Path:
    """Bring a language's catalogue up to date, or make it, and return its path. Raises UnknownLocaleError."""
    path = (folder or import_module(f"{house}.words").FOLDER) / f"{code}.po"
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
    else:
        catalogue = Catalog(
            locale=code,
            header_comment="# The words of the pages.",
            project="Livecount",
            version="1",
            last_translator="none yet",
            language_team="none yet",
            charset="utf-8",
            fuzzy=False,
        )
    catalogue.update(messages(house), no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, ignore_obsolete=True, include_lineno=False)
    return path


if __name__ == "__main__":
    for name in sys.argv[2:]:
        sys.stdout.write(f"{update(sys.argv[1], name)}\n")
