"""The words of the pages for what a standing says in codes. Pure.

Rule 1: one thing has one word everywhere: elected, eliminated, non-transferable, withdrawn.
Rule 2: every code of the contract has its words here; a test holds the two together.
"""

from collections.abc import Sequence
from typing import Final

from shared.contract.elections import Contest
from shared.contract.standings import Standing, Status

FINAL: Final = (Status.COMPLETE, Status.CERTIFIED)

STATUS_IN_WORDS: Final = {
    Status.PRE_ELECTION: "Not open yet: no ballots",
    Status.PARTIAL: "Live and provisional: ballots are still arriving",
    Status.COMPLETE: "Complete, not yet certified",
    Status.CERTIFIED: "Certified: a separate recount agrees in every round",
}
STATUS_BADGE: Final = {
    Status.PRE_ELECTION: "Not open",
    Status.PARTIAL: "Provisional",
    Status.COMPLETE: "Complete, uncertified",
    Status.CERTIFIED: "Certified",
}
ENDING_IN_WORDS: Final = {
    "choices": "No further preference",
    "blank": "Blank paper",
    "overvote": "Stopped at an overvote",
    "skipped": "Stopped at skipped ranks",
    "repeated": "Stopped at a repeated candidate",
    "surplus": "Not needed: all seats are filled",
    "residue": "Lost to rounding",
}
METHOD_IN_WORDS: Final = {
    "plurality": "Most votes win",
    "supplementary": "Supplementary vote",
    "irv": "Instant run-off",
    "sequential-irv": "Instant run-offs, one a seat",
    "bottoms-up": "Eliminated from the bottom up",
    "stv-wigm": "Single transferable vote",
    "scottish-stv": "Single transferable vote, Scottish rules",
    "meek": "Single transferable vote, Meek's method",
    "electoral-college": "Electoral college",
}
TIE_IN_WORDS: Final = {
    "lot": "the published lot settles it",
    "earlier-rounds": "the most recent round in which they differ settles it",
    "candidate-order": "their order on the paper settles it",
    "permutation": "the order drawn from the published seed settles it",
    "random": "a draw from the published seed settles it",
    "asked": "the returning officer has settled it",
}
FELL_IN_WORDS: Final = {
    "fewest": "",
    "batch": ": none of them could still catch up",
    "write-in": ": undeclared write-ins are eliminated first",
    "below-minimum": ": fewer votes than the rules ask for",
    "below-percentage": ": below the share that the rules ask for",
    "not-in-top-two": ": only the first two go on",
}
SEATED_IN_WORDS: Final = {
    "majority": "with a majority",
    "last-two": "ahead of the last two",
    "most": "with the most votes",
    "quota": "with the quota",
    "remaining": "with no more left than seats",
    "percentage": "with the share asked for",
}


def is_final(standing: Standing) -> bool:
    """Return whether no ballot can come any more."""
    return standing.status in FINAL


def names_of(contest: Contest) -> dict[str, str]:
    """Return the candidates' names by id."""
    return {candidate.id: candidate.name for candidate in contest.candidates}


def listed(names: Sequence[str]) -> str:
    """Return "A", "A and B", "A, B and C"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def how(contest: Contest) -> str:
    """Return how a contest is counted: "Single transferable vote, Scottish rules: 4 seats"."""
    seats = f": {contest.seats} seats" if contest.seats > 1 else ""
    return f"{METHOD_IN_WORDS[contest.method]}{seats}"


def threshold_name(contest: Contest) -> str:
    """Return what the votes that elect are called: "Quota", "Majority" or a percentage."""
    rules = contest.rules
    if rules.percentage is not None:
        return f"More than {rules.percentage}% of the votes"
    by_quota = contest.seats > 1 and contest.method != "sequential-irv"
    name = "Quota" if by_quota or rules.quota == "hare" else "Majority"
    return f"{name} of the first round" if rules.first_round_threshold and name == "Majority" else name
