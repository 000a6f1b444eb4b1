"""From the marks of a ranking to an order of choices, and the reason it ends where it ends.

Nothing here depends on the round: marks are read once, and that serves every round. One rule asks who continues when
the ballot needs a new holder (`exhaust-if-several-continue`): its ranks are left as they are.

Each rule that ends a ranking is one small function that returns the rank at which it does. The earliest such rank
counts; at one and the same rank the order of `STOPS` decides which reason is named.

Blank ranks count as skipped only before a later mark, as in Maine (21-A M.R.S. section 723-A(1)(K)): what is
left blank after the last mark was not skipped.
"""

from collections.abc import Callable, Sequence
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


_NO_DIGIT: Final = 1_000
_DIGITS: Final = np.full(256, _NO_DIGIT, np.int32)
"""By byte: the digit it stands for; what is no digit makes a number larger than any index."""
_DIGITS[np.frombuffer(b"0123456789", np.uint8)] = range(10)
_LEAST: Final = np.array([0, 0, 10, 100, _NO_DIGIT])
"""By how many digits a number has, 4 and more alike: the least that is spelled so."""


def read_plain(marks: Sequence[str], candidates: int, max_ranks: int, width: int, ending: int) -> Plain:
    """Return which of `marks` are plain rankings of at most `max_ranks` ranks, below `width`, and their paths.

    Most rankings are plain: candidates by index, each once, no rank blank or held by several. Those are read all at
    once; the others, any text included, are marked as not plain, and `normalise` reads them.
    """
    # One text of all, a byte a sign and ">" behind each rank. By rank: where it ends, how many digits it has, whom it names.
    text = np.frombuffer(">".join([*marks, ""]).encode("ascii", "replace"), np.uint8)
    ends = np.flatnonzero(text == ord(">"))
    digits = np.diff(ends, prepend=-1) - 1
    digit = _DIGITS[text]
    held = digit[ends - 1]
    for back, scale in ((2, 10), (3, 100)):
        held += np.where(digits >= back, digit[ends - back] * scale, 0)
    is_index = (held < candidates) & (held >= _LEAST[np.minimum(digits, len(_LEAST) - 1)])
    # By ranking: which rank is its last, and how many it has. By rank: whose it is, and at which place.
    signs = np.fromiter(map(len, marks), np.intp, len(marks)) + 1
    last = np.searchsorted(ends, signs.cumsum() - 1)
    ranks = np.diff(last, prepend=-1)
    ranking = np.repeat(np.arange(len(marks)), ranks)
    place = np.arange(len(ends)) - (last - ranks + 1)[ranking]
    is_plain = ranks <= min(max_ranks, width - 1)
    is_plain[ranking[~is_index]] = False
    paths = np.full((len(marks), width), ending, np.uint8)
    laid = is_plain[ranking]
    ranking, held = ranking[laid], held[laid]
    paths[ranking, place[laid]] = held
    # Sorted by ranking and candidate, a candidate ranked twice stands beside itself.
    ordered = np.sort(ranking * candidates + held)
    is_plain[ordered[1:][ordered[1:] == ordered[:-1]] // candidates] = False
    return Plain(is_plain, paths)
