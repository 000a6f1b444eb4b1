"""Names as people type them, found among the names there are."""

from collections.abc import Sequence
from difflib import get_close_matches


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


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _suggestion(wanted: str, names: Sequence[str]) -> str:
    folded = {_folded(name): name for name in names}
    holding = [name for name in folded if wanted and wanted in name]
    near = get_close_matches(wanted, folded, n=1, cutoff=0.5) or holding[:1]
    return f"did you mean {folded[near[0]]!r}?" if near else f"there are {', '.join(names)}"
