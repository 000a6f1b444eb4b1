"""What a standing says, in sentences. Pure.

Rule 1: while ballots can still come, nothing is said as a fact: "would be elected", "is last at present".
Rule 2: a tie is always told, with what settled it.
Rule 3: where votes are divided, a sentence gives shares; the tables have every decimal.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final

from services.results.flows import went
from services.results.numbers import brief, percent, points
from services.results.words import FELL_IN_WORDS, TIE_IN_WORDS, is_final, listed, names_of
from shared.contract.standings import Decision, Round, Standing

Decisions = Sequence[Decision]


def headline(standing: Standing) -> str:
    """Return the one sentence that matters."""
    if standing.withheld:
        return "Votes are withheld until the close; turnout is shown below."
    if not standing.elected:
        cast = standing.rounds and any(standing.rounds[0].votes.values())
        yet = "." if is_final(standing) else " yet."
        return f"Nobody is elected{yet}" if cast else "No ballots have been counted yet."
    return _one(standing) if standing.contest.seats == 1 else _several(standing)


def round_sentence(standing: Standing, round_: Round) -> str:
    """Return what a round decides, by how much, and where the votes go."""
    said = [sentence for part in _PARTS for sentence in part(standing, round_)]
    return " ".join(said) or _nothing(standing, round_)


def _nothing(standing: Standing, round_: Round) -> str:
    if not any(round_.votes.values()):
        return "Nobody has a vote, so nothing is decided."
    full = round_.number > 1 and len(standing.elected) == standing.contest.seats
    return "Every seat is filled: nothing is left to decide." if full else "Nothing is decided in this round."


def _one(standing: Standing) -> str:
    last, winner = standing.rounds[-1], standing.elected[0]
    verb = "is elected" if is_final(standing) else "would be elected if it ended now,"
    name = names_of(standing.contest)[winner]
    if last.scores:
        share = f"{last.scores[winner].points}% of the electoral college"
    else:
        votes, continuing = last.votes[winner], sum(last.votes.values())
        of = f"{brief(votes, standing.places)} of {brief(continuing, standing.places)}"
        share = f"{of} continuing votes ({percent(votes, continuing)})"
    return f"{name} {verb} in round {last.number} with {share}."


def _several(standing: Standing) -> str:
    elected = _named(standing, standing.elected)
    are = "is" if len(standing.elected) == 1 else "are"
    return (
        f"{elected} {are} elected." if is_final(standing) else f"{elected} would be elected if it ended now."
    )


def _ties(standing: Standing, round_: Round) -> Iterator[str]:
    for d in round_.decisions:
        if d.tied and d.settled_by != "votes":
            yield f"Level: {_named(standing, d.tied)}; {TIE_IN_WORDS[d.settled_by]}."


def _elections(standing: Standing, round_: Round) -> Iterator[str]:
    for why, decisions in _by_reason(round_, "elected"):
        yield _ELECTED.get(why, _ahead)(decisions, standing, round_)


def _ahead(decisions: Decisions, standing: Standing, round_: Round) -> str:
    verb = "is elected" if is_final(standing) else "is ahead"
    return " ".join(
        f"{_named(standing, [d.candidate])} {verb} with {_held(standing, round_, d.candidate)}"
        f"{_share(round_, d.candidate)}."
        for d in decisions
    )


def _reach(decisions: Decisions, standing: Standing, round_: Round) -> str:
    held = [
        f"{_named(standing, [d.candidate])} with {_held(standing, round_, d.candidate)}" for d in decisions
    ]
    reach, are = ("reaches", "is") if len(held) == 1 else ("reach", "are")
    then = f" and {are} elected" if is_final(standing) else " at present"
    return f"{listed(held)} {reach} the quota of {brief(round_.threshold or 0, standing.places)}{then}."


def _remain(decisions: Decisions, standing: Standing, _: Round) -> str:
    one = len(decisions) == 1
    seats = "the last seat" if one else f"the last {len(decisions)} seats"
    take = ("takes" if one else "take") if is_final(standing) else "would take"
    return f"{_named(standing, _of(decisions))} {take} {seats}: as many are left as there are seats."


def _share_reached(decisions: Decisions, standing: Standing, _: Round) -> str:
    are = ("is" if len(decisions) == 1 else "are") if is_final(standing) else "would be"
    return f"{_named(standing, _of(decisions))} {are} elected: all who remain have the share asked for."


def _surpluses(standing: Standing, round_: Round) -> Iterator[str]:
    """Tell what the elected pass on: a surplus or, by Meek's method, what they no longer need of each paper."""
    fallen = {d.candidate for d in round_.decisions if d.outcome == "eliminated"}
    moved: Counter[str] = Counter()
    for transfer in round_.transfers:
        if transfer.source not in fallen:
            moved[transfer.source] += transfer.votes
    if moved:
        one, votes = len(moved) == 1, _votes(standing, moved.total())
        what = f"The {'surplus' if one else 'surpluses'} of {_named(standing, list(moved))}, {votes},"
        if round_.seated and standing.contest.method == "meek":
            need = "needs" if one else "need"
            what = f"What {_named(standing, list(moved))} no longer {need} for the quota, {votes},"
        are = ("is" if one or what.startswith("What") else "are") if is_final(standing) else "would be"
        where = went(standing, round_, moved)
        yield f"{what} {are} transferred{f': {where}' if where else ''}."


def _falls(standing: Standing, round_: Round) -> Iterator[str]:
    for why, decisions in _by_reason(round_, "eliminated"):
        told = (
            _alone(decisions[0], standing, round_) if len(decisions) == 1 else _together(decisions, standing)
        )
        where = went(standing, round_, set(_of(decisions)))
        moved = _votes(standing, sum(round_.votes[name] for name in _of(decisions)))
        of = "these votes" if len(decisions) == 1 and not round_.scores else f"{moved}"
        yield f"{told}{FELL_IN_WORDS[why]}.{f' Of {of} {where}.' if where else ''}"


def _alone(decision: Decision, standing: Standing, round_: Round) -> str:
    verb = "is eliminated" if is_final(standing) else "is last at present"
    name, held = _named(standing, [decision.candidate]), _held(standing, round_, decision.candidate)
    behind = _behind(decision, standing, round_)
    return f"{name} {verb} with {held}{f', {behind} behind the next' if behind else ''}"


def _together(decisions: Decisions, standing: Standing) -> str:
    verb = "are eliminated together" if is_final(standing) else "are last at present"
    return f"{_named(standing, _of(decisions))} {verb}"


def _behind(decision: Decision, standing: Standing, round_: Round) -> str:
    if not round_.scores:
        return brief(decision.margin, standing.places) if decision.margin else ""
    scores = {name: Fraction(score.exact) for name, score in round_.scores.items()}
    own = scores.pop(decision.candidate)
    gap = min((abs(score - own) for score in scores.values()), default=None)
    return f"{points(gap)} points" if gap else ""


def _held(standing: Standing, round_: Round, candidate: str) -> str:
    if round_.scores:
        return f"{round_.scores[candidate].points}% of the electoral college"
    return _votes(standing, round_.votes[candidate])


def _share(round_: Round, candidate: str) -> str:
    whole = sum(round_.votes.values())
    return "" if round_.scores or round_.seated else f" ({percent(round_.votes[candidate], whole)})"


def _votes(standing: Standing, units: int) -> str:
    return f"{brief(units, standing.places)} {'vote' if units == 10**standing.places else 'votes'}"


def _named(standing: Standing, candidates: Sequence[str]) -> str:
    names = names_of(standing.contest)
    return listed([names[candidate] for candidate in candidates])


def _of(decisions: Decisions) -> list[str]:
    return [decision.candidate for decision in decisions]


def _by_reason(round_: Round, outcome: str) -> Iterator[tuple[str, list[Decision]]]:
    decisions = (d for d in round_.decisions if d.outcome == outcome)
    for why, group in groupby(decisions, key=lambda d: d.why):
        yield why, list(group)


_PARTS: Final = (_ties, _elections, _surpluses, _falls)
_ELECTED: Final[dict[str, Callable[[Decisions, Standing, Round], str]]] = {
    "quota": _reach,
    "remaining": _remain,
    "percentage": _share_reached,
}
