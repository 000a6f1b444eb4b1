"""Every mistake of a definition at once: where it is, what was expected, and what was perhaps meant. Pure.

The types of `elections.py` say what a definition is, and stop at the first part that contradicts another. Who writes one
wants to see all of it: so what the parts say about one another is looked at here too, though some of them are wrong.
"""

import difflib
import json
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple, get_args

from pydantic import ValidationError

from shared.contract.elections import (
    Budget,
    Candidate,
    Contest,
    Election,
    Frozen,
    Method,
    Official,
    Rules,
    Section,
)
from shared.contract.ids import SLUG_PATTERN

Path = tuple[str | int, ...]

MEANT: Final = {
    "name": "title",
    "title": "name",
    "question": "title",
    "voters": "electors",
    "members": "electors",
    "size": "electors",
    "winners": "seats",
    "vacancies": "seats",
    "positions": "seats",
    "options": "candidates",
    "choices": "candidates",
    "races": "contests",
    "questions": "contests",
    "wards": "sections",
    "groups": "sections",
    "counting": "method",
    "system": "method",
    "seed": "lot",
    "mode": "epoch",
    "test": "epoch",
    "officers": "officials",
    "public_key": "key",
    "price": "cost",
    "projects": "candidates",
    "money": "budget",
}
"""By words that other programs use: the field that is meant."""
EXAMPLES: Final = {
    "id": "rowing-club-2026",
    "title": "Rowing club 2026",
    "name": "Ada Lovelace",
    "epoch": "test",
    "electors": "30",
    "lot": "drawn by the youngest member: 4711",
    "sections": "[{id: members, name: Members, electors: 30}]",
    "contests": "[{id: chair, title: Chair, lot: …, candidates: […]}]",
    "candidates": "[{id: ada-lovelace, name: Ada Lovelace}, …]",
    "key": "the line that `livecount key FILE` prints",
}
METHODS: Final = {
    "instant-runoff": "irv",
    "instant-run-off": "irv",
    "rcv": "irv",
    "ranked-choice": "irv",
    "alternative-vote": "irv",
    "av": "irv",
    "stv": "scottish-stv",
    "first-past-the-post": "plurality",
    "mes": "equal-shares",
    "method-of-equal-shares": "equal-shares",
    "participatory-budgeting": "equal-shares",
    "fptp": "plurality",
}
"""By names that other programs use: the method that is meant."""
SHOWN_CHARS: Final = 60
WRITTEN_AFRESH: Final = re.compile(
    r"stands twice|expected a share for each section|approvals: \d|budget and costs are for|equal-shares needs|equal-shares has no"
)
"""What `_relations` says with its place, and the types say again."""


class Mistake(NamedTuple):
    """One mistake: its path in the definition, what was expected there and found, and what to write in its place."""

    path: Path
    expected: str
    suggestion: str = ""

    @property
    def where(self) -> str:
        """The path in words, such as contests[1].seats."""
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return "".join(parts).lstrip(".") or "definition"

    def __str__(self) -> str:
        tail = f". Perhaps: {self.suggestion}" if self.suggestion else ""
        return f"{self.where}: {self.expected}{tail}"


def find_mistakes(raw: object) -> list[Mistake]:
    """Return every mistake of a definition that was read from JSON or YAML; none: the operator takes it as it stands.

    A number is written as a number: `true` is not 1 and "30" is not 30, here as in the operator's API.
    """
    found = list(_relations(raw)) if isinstance(raw, dict) else []
    try:
        Election.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as fault:
        # A list without one sound item is "too short" for pydantic: its items have been named.
        errors = [of for of in fault.errors() if not (of["type"] == "too_short" and of["input"])]
        said = [_mistake(error, raw) for error in errors]
        found += [of for of in said if not (found and WRITTEN_AFRESH.search(of.expected))]
    return sorted(found, key=lambda of: [(isinstance(part, str), str(part).zfill(6)) for part in of.path])


def slug(text: str) -> str:
    """Return an id made of a title: "Žižek & Söhne" becomes zizek-sohne; nothing is left of "!"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")


def _mistake(error: Any, raw: object) -> Mistake:
    path: Path = tuple(error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        there = ", ".join(_fields(path))
        return Mistake(path, f"no such field; fields here: {there}", _field_meant(path, raw))
    if kind == "missing":
        return Mistake(path, "expected this field, found none", _example(str(path[-1])))
    if kind == "value_error":
        return Mistake(path, _sentence(error))
    expected, suggestion = _value_meant(error)
    return Mistake(path, f"{expected}, found {_short(error['input'])}", suggestion)


def _value_meant(error: Any) -> tuple[str, str]:
    """Return what was expected in the place of a value, and what is perhaps meant by it."""
    kind, given = error["type"], str(error["input"])
    if kind == "literal_error":
        return _sentence(error), _closest(error)
    if kind == "string_pattern_mismatch" and error["ctx"]["pattern"] == SLUG_PATTERN:
        return "expected small letters a-z, digits and single hyphens", slug(given)
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        if not error["loc"]:
            return "expected the fields id, title, epoch, sections and contests", ""
        named = f"{{id: {slug(given) or 'id'}, name: {given}}}"
        return "expected fields", named if isinstance(error["input"], str) else ""
    return _sentence(error), ""


def _relations(raw: dict[Any, Any]) -> Iterator[Mistake]:
    """Yield what parts of a definition say against one another, whatever else is wrong with them."""
    yield from _twice(raw, "sections", "id", ())
    yield from _twice(raw, "contests", "id", ())
    yield from _twice(raw, "officials", "key", ())
    sections, contests, officials = (_items(raw, name) for name in ("sections", "contests", "officials"))
    for place, contest in enumerate(contests):
        path: Path = ("contests", place)
        yield from _twice(contest, "candidates", "id", path)
        shares = contest.get("section_shares")
        if isinstance(shares, list) and shares and len(shares) != len(sections):
            yield Mistake(
                (*path, "section_shares"),
                f"expected a share for each of the {len(sections)} sections, found {len(shares)}",
            )
        yield from _seats(contest, path)
        yield from _budget(contest, path)
    approvals = raw.get("approvals")
    if officials and isinstance(approvals, int) and 1 < approvals >= len(officials):
        yield Mistake(
            ("approvals",),
            f"expected fewer than the {len(officials)} officials, so that a lost key does not end the election, "
            f"found {approvals}",
            str(max(1, len(officials) - 1)),
        )


def _seats(contest: dict[Any, Any], path: Path) -> Iterator[Mistake]:
    seats, standing = contest.get("seats", 1), contest.get("candidates")
    if (
        not isinstance(seats, int)
        or isinstance(seats, bool)
        or not isinstance(standing, list)
        or not standing
    ):
        return
    can = [of for of in standing if not (isinstance(of, dict) and (of.get("excluded") or of.get("write_in")))]
    if seats > len(can):
        yield Mistake(
            (*path, "seats"),
            f"expected at most as many seats as the {len(can)} who can be elected, found {seats}",
            str(len(can)) if can else "",
        )


def _budget(contest: dict[Any, Any], path: Path) -> Iterator[Mistake]:
    """Yield what of a budget and its costs does not fit the method, or one another."""
    method, budget, candidates = (
        contest.get("method", "irv"),
        contest.get("budget"),
        _items(contest, "candidates"),
    )
    if method != "equal-shares":
        if method in get_args(Method):
            yield from _no_budget(budget, candidates, path)
        return
    if budget is None:
        there = "budget: {amount: 50000, ballots: approvals}"
        yield Mistake((*path, "budget"), "method: equal-shares needs a budget, found none", there)
    terms = budget if isinstance(budget, dict) else {}
    amount = _number(terms.get("amount"))
    for place, of in enumerate(candidates):
        here: Path = (*path, "candidates", place)
        if of.get("cost") is None:
            yield Mistake((*here, "cost"), "method: equal-shares needs a cost, found none", "cost: 12000")
        elif amount is not None and (cost := _number(of["cost"])) is not None and cost > amount:
            yield Mistake((*here, "cost"), f"expected a cost within the budget of {amount:f}, found {cost:f}")
        if of.get("write_in"):
            yield Mistake((*here, "write_in"), "method: equal-shares has no write-ins")
    if contest.get("seats", 1) != 1:
        yield Mistake((*path, "seats"), "method: equal-shares has no seats; expected this field left out")
    yield from _no_rules(contest.get("rules"), path, is_ranked=terms.get("ballots") == "ranked")


def _no_budget(budget: object, candidates: list[dict[Any, Any]], path: Path) -> Iterator[Mistake]:
    only = "only method: equal-shares spends a budget; expected no {0}, found one"
    if budget is not None:
        yield Mistake((*path, "budget"), only.format("budget"), "method: equal-shares")
    for place, of in enumerate(candidates):
        if of.get("cost") is not None:
            yield Mistake((*path, "candidates", place, "cost"), only.format("cost"))


def _no_rules(rules: object, path: Path, *, is_ranked: bool) -> Iterator[Mistake]:
    for name, given in rules.items() if isinstance(rules, dict) else ():
        field = Rules.model_fields.get(name)
        if field is None or given == field.default or (name == "max_ranks" and is_ranked):
            continue
        which = "max_ranks, and that where ballots: ranked"
        yield Mistake((*path, "rules", name), f"method: equal-shares has no rules but {which}")


def _number(value: object) -> Decimal | None:
    """Return a finite number that is written as a number or as text; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _twice(raw: dict[Any, Any], name: str, key: str, path: Path) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for place, of in enumerate(raw.get(name) if isinstance(raw.get(name), list) else []):  # type: ignore[arg-type]  # a list
        value = of.get(key) if isinstance(of, dict) else None
        if not isinstance(value, str):
            continue
        if value in seen:
            other = f"{value}-2" if key == "id" else ""
            yield Mistake(
                (*path, name, place, key),
                f"{value} stands twice in {name}: also as number {seen[value] + 1}",
                other,
            )
        seen.setdefault(value, place)


def _items(raw: dict[Any, Any], name: str) -> list[dict[Any, Any]]:
    value = raw.get(name)
    return [of if isinstance(of, dict) else {} for of in value] if isinstance(value, list) else []


_MODELS: Final[dict[str, type[Frozen]]] = {
    "contests": Contest,
    "sections": Section,
    "officials": Official,
    "candidates": Candidate,
    "rules": Rules,
    "budget": Budget,
}


def _fields(path: Path) -> list[str]:
    inside = [part for part in path[:-1] if isinstance(part, str)]
    model = _MODELS.get(inside[-1], Election) if inside else Election
    return list(model.model_fields)


def _field_meant(path: Path, raw: object) -> str:
    name, there = str(path[-1]), _fields(path)
    beside = _at(raw, path[:-1])
    free = [of for of in there if not (isinstance(beside, dict) and of in beside)]
    meant = MEANT.get(name.lower().replace("-", "_"), "")
    if meant in free:
        return meant
    if meant == "electors":
        return "sections say how many electors there are: [{id: members, name: Members, electors: 30}]"
    close = difflib.get_close_matches(name.lower().replace("-", "_"), free, 1, 0.75)
    return close[0] if close else f"leave {name} out"


def _at(raw: object, path: Path) -> object:
    for part in path:
        try:
            raw = raw[part]  # type: ignore[index]  # what cannot be indexed raises
        except (TypeError, KeyError, IndexError):
            return None
    return raw


def _closest(error: Any) -> str:
    values = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    given = re.sub("[ _]", "-", str(error["input"]).lower())
    if METHODS.get(given) in values:
        return METHODS[given]
    close = difflib.get_close_matches(given, values, 1, 0.5)
    return close[0] if close else ""


def _example(name: str) -> str:
    return f"{name}: {EXAMPLES[name]}" if name in EXAMPLES else ""


def _sentence(error: Any) -> str:
    said: str = error["msg"].removeprefix("Value error, ")
    said = (
        said.removeprefix("Input should be ").removeprefix("a ")
        if said.startswith("Input should be")
        else said
    )
    return (
        f"expected {said}"
        if said != error["msg"].removeprefix("Value error, ")
        else said[0].lower() + said[1:]
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
