"""Where votes went, in words: "26% go to Caroline Flint, 25% to Tom Watson and 11% to nobody".

Rule: from `SHARES_FROM` votes on, shares; below, votes. The first `NAMED_AT_MOST` receivers are named.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.rcv.count.rounds import Transfer
from shared.rcv.narrate.numbers import in_words, percent
from shared.rcv.narrate.voice import Voice
from shared.rcv.narrate.words import listed

SHARES_FROM: Final = 100
NAMED_AT_MOST: Final = 4


class Part(NamedTuple):
    """Votes in units, and the words for who has them now."""

    votes: int
    to: str


def went(transfers: Sequence[Transfer], voice: Voice) -> str:
    """Return where the votes of `transfers` went; nothing if none moved."""
    parts = _parts(transfers, voice.names)
    total = sum(part.votes for part in parts)
    if not total:
        return ""
    if len(parts) == 1:
        return f"all go to {parts[0].to}" if total > 10**voice.places else f"it goes to {parts[0].to}"
    amounts = [_amount(part.votes, total, voice.places) for part in parts]
    verb = "goes" if amounts[0] == "1" else "go"
    told = [f"{amount} to {part.to}" for amount, part in zip(amounts, parts, strict=True)]
    return listed([f"{amounts[0]} {verb} to {parts[0].to}", *told[1:]])


def _parts(transfers: Sequence[Transfer], names: Sequence[str]) -> list[Part]:
    received: Counter[int] = Counter()
    stopped = 0
    for transfer in transfers:
        if transfer.target is not None:
            received[transfer.target] += transfer.votes
        elif transfer.ending != "residue":
            stopped += transfer.votes
    parts = _shortened([Part(votes, names[c]) for c, votes in received.most_common() if votes > 0])
    return [*parts, Part(stopped, "nobody")] if stopped > 0 else parts


def _shortened(parts: list[Part]) -> list[Part]:
    if len(parts) <= NAMED_AT_MOST + 1:
        return parts
    others = parts[NAMED_AT_MOST:]
    return [*parts[:NAMED_AT_MOST], Part(sum(p.votes for p in others), f"{len(others)} others")]


def _amount(votes: int, total: int, places: int) -> str:
    return percent(votes, total, 0) if total >= SHARES_FROM * 10**places else in_words(votes, places)
