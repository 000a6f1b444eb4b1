"""Who has withdrawn or is back: when, and the reason that the officer gave. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.results.views.times import Clock, day_and_time
from shared.contract.events import Notice

_TURNS_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
"""Letters that are not seen, and those that turn what stands beside them."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal, or its taking back: when the order was given, and a sentence."""

    when: Clock
    sentence: str


def withdrawals(
    names: Mapping[str, str], notices: Sequence[Notice], elsewhere: Collection[str], by_ms: int | None
) -> Iterator[Withdrawal]:
    """Yield the notices of a contest, newest first: without those named `elsewhere`, and only those given by a time, if one is set."""
    for of in reversed(notices):
        if (by_ms is None or given_by(of, by_ms)) and of.candidate not in elsewhere:
            yield Withdrawal(day_and_time(of.at), in_words(names, of))


def in_words(names: Mapping[str, str], notice: Notice) -> str:
    """Return a withdrawal or its taking back in words."""
    reason = reason_in_quotes(notice)
    return f"{names[notice.candidate]} {'withdrew' if notice.withdrawn else 'is back'}.{f' Reason given: {reason}.' if reason else ''}"


def reason_in_quotes(notice: Notice) -> str:
    """Return the reason in quotes, empty without one; whatever it is written in, it turns nothing beside it."""
    reason = _TURNS_TEXT.sub(" ", notice.reason).strip()
    return f"“\N{FIRST STRONG ISOLATE}{reason}\N{POP DIRECTIONAL ISOLATE}”" if reason else ""


def given_by(notice: Notice, as_of_ms: int) -> bool:
    """Return whether an order had been given at a time; one whose own time cannot be read had been."""
    try:
        return datetime.fromisoformat(notice.at).timestamp() * 1000 <= as_of_ms
    except ValueError:
        return True
