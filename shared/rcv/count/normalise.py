"""From the marks on a paper to an order of choices, and the reason the paper stops where it stops.

Rule 1: each rule is one small function, named for what it looks for, and says at which rank it stops the paper.
Rule 2: the earliest stop ends the paper. At one and the same rank the order of `STOPS` decides which is named.
Rule 3: nothing here depends on the round: a paper is normalised once, and that serves every round. One rule asks who
        continues when the paper needs a new holder (`exhaust-if-several-continue`): its ranks are left as they are.

Blank ranks count as skipped only before a later mark, as in Maine (21-A M.R.S. section 723-A(1)(K)): what is
left blank after the last mark was not skipped.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from shared.contract.ballots import parse_marks
from shared.contract.elections import Rules
from shared.contract.standings import Ending

ENDINGS: Final = tuple(ending for ending in Ending if ending is not Ending.RESIDUE)
"""The reasons for which ballots rest with nobody, in the order in which they follow the candidates as holders."""

Ranks = Sequence[tuple[int, ...]]
"""Ranks in order, each the candidates marked there: none, one, or several."""


Choice = int | tuple[int, ...]
"""A candidate, or several at one rank of whom the round decides."""


class Choices(NamedTuple):
    """What a paper says under the rules: choices, best first, then why it stops."""

    candidates: tuple[Choice, ...]
    """No candidate stands alone twice."""
    ending: Ending


def normalise(marks: str, rules: Rules) -> Choices:
    """Return what `marks` amount to. Raises ValueError if they are not the spelling of a ranking."""
    ranks = ranks_that_count(parse_marks(marks), rules)
    stops = [(place, ending) for ending, rule in STOPS if (place := rule(ranks, rules)) is not None]
    if stops:
        place, ending = min(stops, key=itemgetter(0))
        return Choices(choices_at(ranks[:place], rules), ending)
    return Choices(choices_at(ranks, rules), Ending.EXHAUSTED if any(ranks) else Ending.BLANK)


def ranks_that_count(ranks: Ranks, rules: Rules) -> Ranks:
    """Return the ranks the rules look at: the first `max_ranks`."""
    return ranks[: rules.max_ranks]


def choices_at(ranks: Ranks, rules: Rules) -> tuple[Choice, ...]:
    """Return whom the ranks choose: those who stand alone, each once, and several where the round decides of them."""
    if rules.overvote == "exhaust-if-several-continue":
        return tuple(dict.fromkeys(rank[0] if len(rank) == 1 else rank for rank in ranks if rank))
    return tuple(dict.fromkeys(rank[0] for rank in ranks if len(rank) == 1))


def after_skipped_ranks(ranks: Ranks, rules: Rules) -> int | None:
    """Return the first mark that stands after more blank ranks in a row than the rules pass over."""
    if rules.max_skipped_ranks is None:
        return None
    blanks = 0
    for place, rank in enumerate(ranks):
        if rank and blanks > rules.max_skipped_ranks:
            return place
        blanks = 0 if rank else blanks + 1
    return None


def at_repeated_candidate(ranks: Ranks, rules: Rules) -> int | None:
    """Return the first rank that marks a candidate whom an earlier rank marked, an overvoted one included."""
    if rules.repeated_candidate == "skip":
        return None
    marked: set[int] = set()
    for place, rank in enumerate(ranks):
        if not marked.isdisjoint(rank):
            return place
        marked.update(rank)
    return None


def at_overvote(ranks: Ranks, rules: Rules) -> int | None:
    """Return the first rank that marks several candidates."""
    if rules.overvote != "exhaust":
        return None
    return next((place for place, rank in enumerate(ranks) if len(rank) > 1), None)


STOPS: Final[tuple[tuple[Ending, Callable[[Ranks, Rules], int | None]], ...]] = (
    (Ending.SKIPPED, after_skipped_ranks),
    (Ending.REPEATED, at_repeated_candidate),
    (Ending.OVERVOTE, at_overvote),
)
