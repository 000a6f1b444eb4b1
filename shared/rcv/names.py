"""Names as people type them, found among the names there are; and ids made of names."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final
from unicodedata import category, normalize

MAX_ID_CHARS: Final = 40
_DRAWN_ALIKE: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԛԝһӏ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧικνορυχ" + "I|10",  # noqa: RUF001  these letters are what it is about
    "ABESlJKMHOPCTYXaesijopcyxqwhl" + "ABEZHlKMNOPTYXiKvopux" + "lllO",
)
"""Cyrillic and Greek letters, digits and signs to the Latin letters that most fonts draw alike (the commonest of Unicode's UTS 39)."""


def find(typed: str, names: Sequence[str], what: str) -> int:
    """Return the place of a name, whatever its capitals and the space around it.

    Raises ValueError that suggests the nearest name, if none is it or several are.
    """
    if typed.strip() in names:
        return names.index(typed.strip())
    wanted = _folded(typed)
    found = [place for place, name in enumerate(names) if _folded(name) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{typed!r} is {' and '.join(repr(names[place]) for place in found)}: expected one {what}"
        )
    raise ValueError(f"expected a {what}, found {typed.strip()!r}; {_suggestion(wanted, names)}")


def find_all(typed: Sequence[str], names: Sequence[str], what: str) -> list[int]:
    """Return the places of names, as `find` does each. Raises ValueError that says all that is wrong."""
    found, faults = list[int](), list[str]()
    for each in typed:
        try:
            found.append(find(each, names, what))
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError("; ".join(faults))
    return found


def slugs(names: Sequence[str]) -> list[str]:
    """Return an id for each name, all different."""
    taken: dict[str, int] = {}
    for place, name in enumerate(names):
        wanted = slug(name, "candidate")
        unique, number = wanted, 1
        while unique in taken:
            number += 1
            unique = f"{wanted}-{number}"
        taken[unique] = place
    return list(taken)


def slug(name: str, otherwise: str) -> str:
    """Return what is left of a name in small ASCII letters and digits: "scott-r-coghill"."""
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_ID_CHARS].strip("-") or otherwise


def sanitised(text: str) -> str:
    """Return `text` as it may stand in the name of a report, or in an id there: "Ward_1".

    What is no ASCII letter, digit, underscore, hyphen or full stop becomes an underscore; a character outside the BMP
    counts as one.
    """
    return re.sub(r"[^a-zA-Z0-9_\-.]", "_", text)


def as_seen(name: str) -> str:
    """Return what a reader distinguishes of a name: two names of which this is equal look alike.

    Compositions (NFKC), capitals, spaces, signs that are not drawn, and letters of other alphabets that look the same are no
    difference.
    """
    shown = "".join(
        sign
        for sign in normalize("NFKC", name)
        if category(sign) != "Cf" and not "\ufe00" <= sign <= "\ufe0f"
    )
    return _folded(shown.translate(_DRAWN_ALIKE))


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _suggestion(wanted: str, names: Sequence[str]) -> str:
    folded = {_folded(name): name for name in names}
    holding = [name for name in folded if wanted and wanted in name]
    near = get_close_matches(wanted, folded, n=1, cutoff=0.5) or holding[:1]
    return f"did you mean {folded[near[0]]!r}?" if near else f"there are {', '.join(names)}"
