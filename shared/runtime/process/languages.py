"""The languages of a house's pages: English as the templates say it, and one catalogue (`words/CODE.po`) for each other.

Catalogues are read as they are when the service starts; nothing is compiled beforehand.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from gettext import GNUTranslations, NullTranslations
from math import inf
from pathlib import Path
from typing import Final, Literal, NamedTuple

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

Value = str | int | tuple[str, ...] | tuple[int, ...]
ENGLISH: Final = "en"
UNITS: Final[Sequence[tuple[Literal["minute", "hour", "day"], float]]] = (
    ("minute", 90),
    ("hour", 2_880),
    ("day", inf),
)
"""In which unit the time to an opening or a close is said, and below how many minutes."""


class Language(NamedTuple):
    """A language: its code, its own name for itself, the direction it is written in, its messages."""

    code: str
    name: str
    direction: str
    translations: NullTranslations

    def sentence(self, english: str, values: Mapping[str, Value]) -> Markup:
        """Return a sentence of our own as HTML, each name apart from the direction of the text around it."""
        said = Markup(self.translations.gettext(english))  # noqa: S704  our own text; values are escaped
        return said % {key: self._set_off(value) for key, value in values.items()}

    def when(self, moment: datetime) -> str:
        """Return a date and time in words, at the clock of the definition: "1 May 2026, 18:00 (UTC+02:00)"."""
        locale = "en_001" if self.code == ENGLISH else self.code  # English as most of the world writes a date
        day, clock = format_date(moment, "long", locale=locale), moment.strftime("%H:%M")
        return f"{day}, {clock} ({moment.tzinfo or 'UTC'})"

    def until(self, moment: datetime, now: datetime) -> str:
        """Return how long it is to a time, "in 3 hours"; nothing if it is past. The script goes on from there."""
        minutes = round((moment - now) / timedelta(minutes=1))
        if minutes <= 0:
            return ""
        unit = next(unit for unit, below in UNITS if minutes < below)
        return format_timedelta(
            timedelta(minutes=minutes), unit, threshold=inf, add_direction=True, locale=self.code
        )

    def _set_off(self, value: Value) -> Markup:
        values = value if isinstance(value, tuple) else (value,)
        name = Markup("<bdi>{}</bdi>")
        parts = [name.format(of) if isinstance(of, str) else Markup.escape(of) for of in values]
        joined = format_list(parts, "or" if isinstance(values[0], int) else "standard", locale=self.code)
        return Markup(joined)  # noqa: S704  joins what has been escaped


def languages(folder: Path) -> dict[str, Language]:
    """Return English and the languages of the folder's catalogues, by code. Raises ValueError on a bad catalogue."""
    found = {ENGLISH: _language(ENGLISH, NullTranslations())}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem, abort_invalid=True)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        found[path.stem] = _language(path.stem, GNUTranslations(compiled))
    return found


def _language(code: str, translations: NullTranslations) -> Language:
    locale = Locale.parse(code)
    return Language(
        code, (locale.get_display_name(code) or code).capitalize(), locale.text_direction, translations
    )


def preferred(known: Mapping[str, Language], asked: str | None, accepted: str) -> Language:
    """Return the language asked for by its code, else the best of an Accept-Language header, else English."""
    for code in (asked or "", *_by_preference(accepted)):
        if code in known:
            return known[code]
    return known[ENGLISH]


def _by_preference(accepted: str) -> Sequence[str]:
    """Return the languages of an Accept-Language header, best first, without their regions (RFC 9110, 12.5.4)."""
    ranges = []
    for place, part in enumerate(accepted[:500].split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if weight > 0:
            ranges.append((-weight, place, name.partition("-")[0].lower()))
    return [name for _, _, name in sorted(ranges)]
