"""From the marks of a ranking to an order of choices, and the reason it ends where it ends.

Nothing here depends on the round: marks are read once, and that serves every round. One rule asks who continues when
the ballot needs a new holder (`exhaust-if-several-continue`): its ranks are left as they are.

Each rule that ends a ranking is one small function that returns the rank at which it does. The earliest such rank
counts; at one and the same rank the order of `STOPS` decides which reason is named.

Blank ranks count as skipped only before a later mark, as in Maine (21-A M.R.S. section 723-A(1)(K)): what is
left blank after the last mark was not skipped.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import compress, repeat
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    """What marks amount to under the rules: choices, best first, then why they end."""

    candidates: tuple[Choice, ...]
    """No candidate stands alone twice."""
    ending: Ending


def normalise(marks: str, rules: Rules) -> Choices:
    """Return what `marks` amount to. Raises ValueError if they are not the spelling of a ranking."""
    ranks = parse_marks(marks)[: rules.max_ranks]
    stops = [(place, ending) for ending, rule in STOPS if (place := rule(ranks, rules)) is not None]
    if stops:
        place, ending = min(stops, key=itemgetter(0))
        return Choices(choices_at(ranks[:place], rules), ending)
    return Choices(choices_at(ranks, rules), Ending.EXHAUSTED if any(ranks) else Ending.BLANK)


def choices_at(ranks: Ranks, rules: Rules) -> tuple[Choice, ...]:
    """Return whom the ranks choose: those alone at a rank, each once, and several where the round decides of them."""
    if rules.overvote == "exhaust-if-several-continue":
        return tuple(dict.fromkeys(rank[0] if len(rank) == 1 else rank for rank in ranks if rank))
    return tuple(dict.fromkeys(rank[0] for rank in ranks if len(rank) == 1))


def after_skipped_ranks(ranks: Ranks, rules: Rules) -> int | None:
    """Return the first mark that follows more blank ranks in a row than the rules pass over."""
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


class Plain(NamedTuple):
    """Rankings read in columns, one row for each that was given."""

    is_plain: NDArray[np.bool_]
    """By ranking: whether its row below holds all of it. Other rows mean nothing."""
    paths: NDArray[np.uint8]
    """Shape (rankings, width): the candidates in order, filled up with the ending."""


_UNREADABLE: Final = 255


def read_plain(marks: Sequence[str], candidates: int, max_ranks: int, width: int, ending: int) -> Plain:
    """Return which of `marks` are plain rankings of at most `max_ranks` ranks, below `width`, and their paths.

    Most rankings are plain: candidates by index, each once, no rank blank or held by several. Those are read all at
    once; the others, any text included, are marked as not plain, and `normalise` reads them.
    """
    ranks = np.array([spelling.count(">") + 1 for spelling in marks], np.intp)
    is_plain = ranks <= min(max_ranks, width - 1)
    paths = np.full((len(marks), width), ending, np.uint8)
    if not is_plain.any():
        return Plain(is_plain, paths)
    # All ranks of all short enough rankings in one list, each translated to a byte; 255 for whatever is no index.
    texts = ">".join(compress(marks, is_plain)).split(">")
    held = bytes(map(_indices(candidates).get, texts, repeat(_UNREADABLE)))
    # The bytes are laid into the rows of their rankings: as many cells of each row as the ranking has ranks.
    longest = int(ranks[is_plain].max())
    ranked = paths[:, :longest]
    ranked[(np.arange(longest) < ranks[:, None]) & is_plain[:, None]] = np.frombuffer(held, np.uint8)
    # Sorted, 255 stands last in its row, and a candidate ranked twice stands beside itself.
    ordered = np.sort(ranked, axis=1)
    is_plain &= ordered[:, -1] != _UNREADABLE
    is_plain &= ~((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != ending)).any(axis=1)
    return Plain(is_plain, paths)


@cache
def _indices(candidates: int) -> Mapping[str, int]:
    """Return each candidate's index by its one spelling."""
    return {str(candidate): candidate for candidate in range(candidates)}
