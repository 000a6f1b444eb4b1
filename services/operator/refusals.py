"""Why an order cannot be given now, or had no effect."""

from collections.abc import Sequence
from typing import Final

from services.operator.book import Entry
from shared.contract.verdicts import NoEffect


class UnknownElection(Exception):
    """No election of this id is announced."""


class UnknownEntry(Exception):
    """No such section, contest or candidate, no such elector on the roll, or no such proposal."""


class NotReady(Exception):
    """The log is still being read; the order can be repeated."""


class OrderRefused(Exception):
    """The order cannot be carried out now; `found` lists everything that stands against it."""

    def __init__(self, sentence: str, found: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.found = list(found)


class PartlyRefused(OrderRefused):
    """The order has its effect in some shards, and was refused in others: once its reason is gone it is to be given again."""


class NotFinal(OrderRefused):
    """The count has not come to its end yet: a moment later the same order may be possible."""


_WHY_NOT: Final = {
    NoEffect.OUT_OF_ORDER: "another order came first; look at the election and order again if it is still right",
    NoEffect.ROLL_NOT_WHOLE: "the roll in the log is not the one that the order names: upload it, then open again",
    NoEffect.SUPERSEDED: "something changed after the recount: certify again",
    NoEffect.NO_CHANGE: "it changes nothing: it was so before",
    NoEffect.OUT_OF_PHASE: "the election was in another phase by then",
    NoEffect.NOT_SIGNED: "it is not signed by enough officials",
    NoEffect.COUNTED_LIVE: "the elector has voted, and live figures may hold the ballot: it can be taken out after the close, "
    "by two officials",
    NoEffect.TOO_LARGE: "in a shard the ballots of the batch are too large for one record: give the same numbers in several "
    "orders, those that were taken already change nothing",
}


def why_not(entry: Entry) -> str:
    """Return why a control had no effect, in a sentence."""
    found = {verdict.why for verdict in entry.verdicts.values() if verdict.why is not None}
    shown = found - {NoEffect.NOT_HERE} or found
    return "; ".join(_WHY_NOT.get(why, f"it had no effect: {why}") for why in sorted(shown))
