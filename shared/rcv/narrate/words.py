"""Names and terms as sentences use them."""

from collections.abc import Sequence
from typing import Final

from shared.contract.elections import Contest

METHOD_IN_WORDS: Final[dict[str, str]] = {
    "plurality": "most votes win",
    "supplementary": "supplementary vote",
    "irv": "instant run-off",
    "sequential-irv": "instant run-offs, one a seat",
    "bottoms-up": "eliminated from the bottom up",
    "stv-wigm": "single transferable vote",
    "scottish-stv": "single transferable vote, Scottish rules",
    "meek": "single transferable vote, Meek's method",
    "electoral-college": "electoral college",
}
STOPPED: Final[dict[str, str]] = {
    "choices": "no further choice",
    "blank": "blank",
    "overvote": "an overvote",
    "skipped": "skipped ranks",
    "repeated": "a candidate ranked twice",
    "surplus": "not needed: all seats are filled",
}
SETTLED: Final[dict[str, str]] = {
    "lot": "the published lot settles it",
    "earlier-rounds": "the most recent round in which they differ settles it",
    "candidate-order": "their order on the paper settles it",
    "permutation": "the order drawn beforehand settles it",
    "random": "the draw settles it",
    "asked": "the answer given settles it",
}


def listed(words: Sequence[str]) -> str:
    """Return "A", "A and B", "A, B and C"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def counted(number: int, one: str, many: str) -> str:
    """Return "1 seat", "4 seats", "12,165 ballots"."""
    return f"{number:,} {one if number == 1 else many}"


def names_of(contest: Contest) -> tuple[str, ...]:
    """Return the candidates' names, by their place in the contest."""
    return tuple(candidate.name for candidate in contest.candidates)
