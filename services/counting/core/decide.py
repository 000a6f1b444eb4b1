"""What one round settles: who falls or who is elected, by which rule, and by how much.

Rule 1: a decision reads the votes of one round, the contest's rules and its lot: nothing else.
Rule 2: the reference and the live count decide here, both; the audit's tabulator decides for itself.

In an instant run-off the candidate with the fewest votes falls, one a round, those without a single vote
included, until somebody has more than half of the votes that continue (`majority`) or no more than two remain
(`last-two`). If the last two are level the lot decides between them there and then.
"""

from collections.abc import Callable, Sequence
from typing import Final

from services.counting.core.lot import Lot
from services.counting.core.normalise import ENDINGS
from services.counting.core.rounds import Decision, Round, Why
from shared.contract.elections import Contest

Votes = Sequence[int]


def settle(
    number: int, held: Sequence[Sequence[int]], continuing: tuple[int, ...], contest: Contest, lot: Lot
) -> Round:
    """Return round `number`, with its decisions and no transfers yet.

    `held` is, for each section, the ballots of each holder: candidates, then endings.
    """
    candidates = len(contest.candidates)
    votes_by_section = tuple(tuple(section[:candidates]) for section in held)
    votes = tuple(map(sum, zip(*votes_by_section, strict=True)))
    return Round(
        number=number,
        continuing=continuing,
        votes_by_section=votes_by_section,
        inactive_by_section=tuple(dict(zip(ENDINGS, section[candidates:], strict=True)) for section in held),
        threshold=_threshold(contest, votes),
        decisions=_decide(contest, votes, continuing, lot),
        transfers=(),
    )


def _threshold(contest: Contest, votes: Votes) -> int | None:
    return sum(votes) // 2 + 1 if contest.method == "irv" and any(votes) else None


def _decide(contest: Contest, votes: Votes, continuing: Sequence[int], lot: Lot) -> tuple[Decision, ...]:
    return (_METHODS[contest.method](contest, votes, continuing, lot),) if any(votes) else ()


def _decide_irv(contest: Contest, votes: Votes, continuing: Sequence[int], lot: Lot) -> Decision:
    leader = _leader(votes, continuing, lot)
    why = _reason_to_stop(contest, votes, leader, continuing)
    if why is not None:
        return Decision(leader, "elected", why, *_distance(leader, votes, continuing))
    last = min(continuing, key=lambda c: (votes[c], lot[c]))
    return Decision(last, "eliminated", "fewest", *_distance(last, votes, continuing))


def _decide_plurality(_: Contest, votes: Votes, continuing: Sequence[int], lot: Lot) -> Decision:
    leader = _leader(votes, continuing, lot)
    return Decision(leader, "elected", "most", *_distance(leader, votes, continuing))


_METHODS: Final[dict[str, Callable[[Contest, Votes, Sequence[int], Lot], Decision]]] = {
    "irv": _decide_irv,
    "plurality": _decide_plurality,
}


def _leader(votes: Votes, continuing: Sequence[int], lot: Lot) -> int:
    return max(continuing, key=lambda c: (votes[c], lot[c]))


def _reason_to_stop(contest: Contest, votes: Votes, leader: int, continuing: Sequence[int]) -> Why | None:
    if contest.rules.finish == "majority" and 2 * votes[leader] > sum(votes):
        return "majority"
    return "last-two" if len(continuing) <= 2 else None


def _distance(candidate: int, votes: Votes, continuing: Sequence[int]) -> tuple[int | None, tuple[int, ...]]:
    """Return the margin to the nearest other candidate, and who is level with this one."""
    margin = min((abs(votes[c] - votes[candidate]) for c in continuing if c != candidate), default=None)
    level = tuple(c for c in continuing if votes[c] == votes[candidate])
    return margin, level if len(level) > 1 else ()
