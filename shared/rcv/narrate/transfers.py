"""Where the votes go after a round: to candidates, or to nobody for a reason. It adds up: what rounding lost is there too."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.contract.standings import Ending, Round
from shared.rcv.narrate.counted import Counted, decided
from shared.rcv.narrate.words import ENDING_IN_WORDS, listed


class Receiver(NamedTuple):
    """What one receiver gets: a candidate, or nobody for a reason (then `candidate` is None)."""

    candidate: str | None
    ending: Ending | None
    name: str
    votes: int
    by_source: tuple[int, ...]


class Transfers(NamedTuple):
    """All that moves after one round."""

    round: int
    votes: int
    what: str
    """Whose votes move: "of Adam, eliminated", "of the surplus of Beth"."""
    sources: tuple[str, ...]
    """Names of those whose votes move, in the order of `Receiver.by_source`."""
    receivers: tuple[Receiver, ...]


def transfers(counted: Counted, round_: Round) -> Transfers | None:
    """Return where votes go after a round; None if none move."""
    if not round_.transfers:
        return None
    sources = tuple(dict.fromkeys(transfer.source for transfer in round_.transfers))
    eliminated = decided(round_, "eliminated")
    passing = [counted.names[source] for source in sources if source not in eliminated]
    leaving = [counted.names[source] for source in sources if source in eliminated]
    what = []
    if passing:
        what.append(f"of the {'surplus' if len(passing) == 1 else 'surpluses'} of {listed(passing)}")
    if leaving:
        what.append(f"of {listed(leaving)}, {'eliminated' if counted.final else 'last at present'}")
    return Transfers(
        round=round_.number,
        votes=sum(transfer.votes for transfer in round_.transfers),
        what=listed(what),
        sources=tuple(counted.names[source] for source in sources),
        receivers=tuple(receivers(counted, round_, sources)),
    )


def receivers(counted: Counted, round_: Round, sources: Sequence[str]) -> list[Receiver]:
    """Return who receives what leaves `sources` in a round: candidates, most first, then the reasons for nobody."""
    received: dict[tuple[str | None, Ending | None], dict[str, int]] = {}
    for t in round_.transfers:
        if t.source in sources:
            by_source = received.setdefault((t.target, t.ending), dict.fromkeys(sources, 0))
            by_source[t.source] += t.votes
    found = [
        Receiver(
            candidate=target,
            ending=ending,
            name=counted.names[target or ""] if ending is None else ENDING_IN_WORDS[ending],
            votes=sum(by_source.values()),
            by_source=tuple(by_source.values()),
        )
        for (target, ending), by_source in received.items()
    ]
    return sorted(found, key=lambda one: (one.candidate is None, -one.votes))
