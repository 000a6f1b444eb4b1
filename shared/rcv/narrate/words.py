"""The words for what a count says in codes. One thing has one word: on the page, on a terminal, in every document.

Every code of the contract has its words here; a test holds the two together.
"""

from collections.abc import Sequence
from typing import Final

from shared.contract.elections import Contest
from shared.contract.standings import Ending, Status
from shared.rcv.narrate.numbers import shown_amount

STATUS_IN_WORDS: Final = {
    Status.PRE_ELECTION: "Not open yet: no ballots",
    Status.PARTIAL: "Live and provisional: ballots are still arriving",
    Status.COMPLETE: "Every ballot is counted; not yet certified",
    Status.CERTIFIED: "Certified: a separate recount agrees in every round",
}
STATUS_BADGE: Final = {
    Status.PRE_ELECTION: "Not open",
    Status.PARTIAL: "Provisional",
    Status.COMPLETE: "Complete, uncertified",
    Status.CERTIFIED: "Certified",
}
METHOD_IN_WORDS: Final = {
    "plurality": "Most votes win",
    "supplementary": "Supplementary vote",
    "irv": "Instant run-off",
    "sequential-irv": "Instant run-offs, one a seat",
    "bottoms-up": "Eliminated from the bottom up",
    "stv-wigm": "Single transferable vote",
    "scottish-stv": "Single transferable vote, Scottish rules",
    "ers97": "Single transferable vote, ERS97 rules",
    "northern-ireland-stv": "Single transferable vote, Northern Ireland's rules",
    "meek": "Single transferable vote, Meek's method",
    "new-zealand-stv": "Single transferable vote, New Zealand's rules",
    "electoral-college": "Electoral college",
    "equal-shares": "Equal shares",
}
QUOTA_METHODS: Final = frozenset(
    {"stv-wigm", "scottish-stv", "ers97", "northern-ireland-stv", "meek", "new-zealand-stv"}
)
"""Methods by which a quota elects; see `has_quota`."""
ENDING_IN_WORDS: Final = {
    Ending.EXHAUSTED: "No further choice",
    Ending.BLANK: "Blank ballot",
    Ending.OVERVOTE: "Stopped at an overvote",
    Ending.SKIPPED: "Stopped at skipped ranks",
    Ending.REPEATED: "Stopped at a repeated candidate",
    Ending.SURPLUS: "Not needed: all seats are filled",
    Ending.RESIDUE: "Lost to rounding",
}
"""Why votes rest with no candidate: the label of a line."""
ENDING_OF_BALLOT: Final = {
    Ending.EXHAUSTED: "the ballot ranks no other continuing candidate",
    Ending.BLANK: "the ballot ranks nobody",
    Ending.OVERVOTE: "the next rank holds several candidates, which stops the ballot",
    Ending.SKIPPED: "too many ranks in a row are blank, which stops the ballot",
    Ending.REPEATED: "a candidate is ranked again, which stops the ballot",
    Ending.SURPLUS: "all seats are filled, so nobody needs the rest",
}
"""The same reasons, about one ballot; what rounding loses is no ballot's own."""
TIE_IN_WORDS: Final = {
    "lot": "the published lot settles it",
    "earlier-rounds": "the most recent round in which they differ settles it",
    "first-difference": "the first count in which they differed settles it",
    "candidate-order": "their order on the ballot settles it",
    "permutation": "the order drawn from the published seed settles it",
    "pseudo-random": "the pseudo-random numbers of the regulations settle it",
    "random": "a draw from the published seed settles it",
    "asked": "the answer given settles it",
}
ELIMINATED_IN_WORDS: Final = {
    "fewest": "",
    "batch": ": none of them could still catch up",
    "write-in": ": undeclared write-ins go first",
    "below-minimum": ": fewer votes than the rules ask for",
    "below-percentage": ": below the share that the rules ask for",
    "unnamed": ": no ballot names them",
    "not-in-top-two": ": only the first two go on",
}
ELECTED_IN_WORDS: Final = {
    "majority": "with a majority",
    "last-two": "ahead among the last two",
    "most": "with the most votes",
    "quota": "with the quota",
    "remaining": "with no more left than seats",
    "percentage": "with the share asked for",
    "active-vote": "with the quota of the votes that are still active",
    "outvotes-all": "with as many votes as all others together",
}


def outcome(what: str, *, final: bool) -> str:
    """Return what a round settles about a candidate, in one word; nothing if it settles nothing."""
    words = {
        "elected": ("ahead", "elected"),
        "eliminated": ("last", "eliminated"),
        "withdrawn": ("withdrawn",) * 2,
    }
    return words[what][final] if what in words else ""


def non_transferable(*, with_residue: bool) -> str:
    """Return the label of all reasons together, or of all with what fixed decimal places lose."""
    return "Non-transferable or lost to rounding" if with_residue else "Non-transferable"


def listed(words: Sequence[str]) -> str:
    """Return "A", "A and B", "A, B and C"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def plural(number: int, one: str, many: str) -> str:
    """Return "1 seat", "4 seats", "12,165 ballots"."""
    return f"{number:,} {one if number == 1 else many}"


def names_of(contest: Contest) -> tuple[str, ...]:
    """Return the candidates' names, by their place in the contest."""
    return tuple(candidate.name for candidate in contest.candidates)


def how(contest: Contest) -> str:
    """Return how a contest is counted: "Single transferable vote, Scottish rules: 4 seats"."""
    if contest.budget is not None:
        budget = shown_amount(contest, str(contest.budget.amount))
        return f"{METHOD_IN_WORDS[contest.method]}: a budget of {budget}"
    seats = f": {contest.seats} seats" if contest.seats > 1 else ""
    return f"{METHOD_IN_WORDS[contest.method]}{seats}"


def has_quota(contest: Contest) -> bool:
    """Return whether a quota elects: for one seat as well, but in New Zealand, where a majority then does."""
    return contest.method in QUOTA_METHODS and (contest.method, contest.seats) != ("new-zealand-stv", 1)


def threshold_name(contest: Contest) -> str:
    """Return what the votes that elect are called: "Quota", "Majority", "Half" of a college, or a percentage."""
    rules = contest.rules
    if rules.percentage is not None:
        return f"More than {rules.percentage}% of the votes"
    if contest.method == "electoral-college":
        return "Half"
    by_quota = has_quota(contest) or rules.quota == "hare"
    name = "Quota" if by_quota else "Majority"
    return f"{name} of the first round" if rules.first_round_threshold and name == "Majority" else name
