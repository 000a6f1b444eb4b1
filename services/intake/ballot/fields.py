"""From the fields of a posted form to an elector's marks, and from marks to a ballot form. Pure.

A field `0.12` holds the number that the elector wrote beside candidate 12 of contest 0, both as places in the
definition, which is frozen. What was typed is kept as it was typed, so that a fault can be shown where it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from shared.contract.elections import MAX_CANDIDATES, MAX_CONTESTS, Contest, Election

MAX_FORM_BYTES: Final = 131_072
"""All candidates of the largest definition, each with a number, come to some 90,000 bytes."""
MAX_DIGITS: Final = 4
_MARK: Final = re.compile(r"(0|[1-9]\d?)\.(0|[1-9]\d{0,2})")
_BETWEEN: Final = re.compile(r"[\s\u2010-\u2015\u2212-]+")
"""Phones and word processors make other dashes of a hyphen, and electors write a space."""
_NOTHING: Final = re.compile(r"[\r\n\u00ad\u200b\ufeff]+")
LINK_CODE: Final = "#code="
_NAMES: Final = frozenset({"step", "code", "ballot"})

Typed = Mapping[int, str]
"""What is written beside the candidates of one contest, by their places."""
Ranks = tuple[tuple[int, ...], ...]


class Fields(NamedTuple):
    """A posted form: the step asked for, the voting code, the ballot's id, and what is typed in each contest."""

    step: str
    code: str
    ballot_id: str
    typed: tuple[Typed, ...]


def read_fields(body: bytes, election: Election) -> Fields | None:
    """Return the fields of an urlencoded form; None if it is not a form of this election."""
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_CONTESTS * MAX_CANDIDATES + len(_NAMES),
        )
    except ValueError:
        return None
    named = dict(pairs)
    typed: tuple[dict[int, str], ...] = tuple({} for _ in election.contests)
    for name, value in named.items():
        mark = _MARK.fullmatch(name)
        if mark is None:
            if name in _NAMES:
                continue
            return None
        contest, candidate = int(mark[1]), int(mark[2])
        if contest >= len(typed) or candidate >= len(election.contests[contest].candidates):
            return None
        if value.strip():
            typed[contest][candidate] = value.strip()
    if len(named) != len(pairs):
        return None
    return Fields(named.get("step", ""), typed_code(named.get("code", "")), named.get("ballot", ""), typed)


def typed_code(text: str) -> str:
    """Return a voting code without line ends, and with one hyphen wherever spaces or dashes of any kind stand.

    A personal link that was typed or pasted in its place is the code in its fragment.
    """
    return _BETWEEN.sub("-", _NOTHING.sub("", text).rpartition(LINK_CODE)[2]).strip("-")


def faults(typed: Typed, contest: Contest) -> frozenset[int]:
    """Return the candidates beside whom something else than a number from 1 to the number of candidates stands."""
    most = len(contest.candidates)
    return frozenset(
        c
        for c, text in typed.items()
        if not text.isdecimal() or len(text) > MAX_DIGITS or not 1 <= int(text) <= most
    )


def ranks_of(typed: Typed) -> Ranks:
    """Return the ranks that numbers without fault say: empty ones where a number is left out, none at the end."""
    numbers = {candidate: int(text) for candidate, text in sorted(typed.items())}
    return tuple(
        tuple(candidate for candidate, number in numbers.items() if number == rank)
        for rank in range(1, max(numbers.values(), default=0) + 1)
    )


def rankings(typed: Sequence[Typed], election: Election) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the rankings of a ballot form, by contest: the ids of the candidates of each rank."""
    return {
        contest.id: tuple(tuple(contest.candidates[c].id for c in rank) for rank in ranks_of(marks))
        for contest, marks in zip(election.contests, typed, strict=True)
    }
