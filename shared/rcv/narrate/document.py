"""A count as JSON: one stage for each state of the votes.

A round of the contract holds the votes first and then what they decide; a stage is the state after an action. So a
stage takes its action, its transfers and its eliminated from the round before, and its elected from its own.

Votes are strings with as many decimal places as the method counts with. `nontransferable` is what stopped for want of a
choice or by a rule: neither what fixed places lost, nor blank ballots, which never held a vote.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from shared.contract.standings import Ending, Round, decimal
from shared.rcv.narrate.counted import Counted, decided
from shared.rcv.narrate.numbers import points
from shared.rcv.narrate.words import listed

Json = dict[str, Any]

SCORE_PLACES: Final = 5
"""Decimal places of an electoral college's scores, in percentage points."""


def document(counted: Counted) -> Json:
    """Return the whole count as JSON takes it."""
    contest = counted.contest
    return {
        "method": contest.method,
        "seats": contest.seats,
        "candidates": [candidate.name for candidate in contest.candidates],
        "stages": [_stage(counted, number, *step) for number, step in enumerate(steps(counted.rounds), 1)],
        "elected": [counted.names[candidate] for candidate in counted.elected],
        "ties": [
            {
                "stage": stage,
                "candidates": [counted.names[candidate] for candidate in decision.tied],
                "picked": counted.names[decision.candidate],
                "outcome": decision.outcome,
                "settled_by": decision.settled_by,
            }
            for stage, round_ in enumerate(counted.rounds, 1)
            for decision in round_.decisions
            if decision.settled_by != "votes"
        ],
        "lot": contest.lot,
    }


def steps(rounds: Sequence[Round]) -> Iterator[tuple[Round | None, Round]]:
    """Yield each round with the round that led to it: none for a first count, of which each run has one."""
    for before, round_ in zip((None, *rounds), rounds, strict=False):
        yield (before if before and before.run == round_.run else None), round_


def _stage(counted: Counted, number: int, before: Round | None, round_: Round) -> Json:
    names, places = counted.names, counted.places
    stage: Json = {
        "stage": number,
        "action": _action(counted, before),
        "quota": None if round_.threshold is None else decimal(round_.threshold, places),
        "votes": {name: decimal(round_.votes.get(c, 0), places) for c, name in names.items()},
        "nontransferable": decimal(
            sum(n for why, n in round_.inactive.items() if why is not Ending.BLANK), places
        ),
        "transfers": [
            {
                "from": names[t.source],
                "to": None if t.target is None else names[t.target],
                "votes": decimal(t.votes, places),
            }
            | ({"why": t.ending} if t.target is None else {})
            for t in (before.transfers if before else ())
        ],
        "elected": [names[c] for c in decided(round_, "elected")],
        "eliminated": [names[c] for c in decided(before, "eliminated")] if before else [],
    }
    if round_.scores:
        exact = {c: Fraction(score.exact) for c, score in round_.scores.items()}
        stage["scores"] = {name: points(exact.get(c, Fraction()), SCORE_PLACES) for c, name in names.items()}
        stage["sections"] = {
            section: {name: decimal(votes.get(c, 0), places) for c, name in names.items()}
            for section, votes in ((counted.sections[s], votes) for s, votes in round_.by_section.items())
        }
    if counted.contest.method == "sequential-irv":
        stage["run"] = round_.run
    return stage


def _action(counted: Counted, before: Round | None) -> str:
    """Return what turned the round `before` into the next state, in a few words."""
    if before is None:
        return "First count"
    out, elected = decided(before, "eliminated"), decided(before, "elected")
    sources = {transfer.source for transfer in before.transfers}
    passing = [d.candidate for d in before.decisions if d.outcome != "eliminated" and d.candidate in sources]
    done = [
        f"{what} of {listed([counted.names[candidate] for candidate in of])}"
        for what, of in (("Surplus", list(dict.fromkeys(passing))), ("Elimination", out))
        if of
    ]
    if not done and elected:
        return f"Election of {listed([counted.names[candidate] for candidate in elected])}"
    return "; ".join(done) or "Next round"
