"""A count as JSON: one stage for each state of the votes.

Rule 1: a stage is the state after its action: its transfers led to it, its eliminated are those whose papers moved
        in it, its elected those found elected at it.
Rule 2: votes are strings, with as many decimal places as the rule counts with.
Rule 3: `nontransferable` is what stopped for want of a choice or by a rule: neither what fixed places lost, nor
        blank papers, which never held a vote.

An engine's round holds the votes first and then what they decide, so a stage takes its action from the round before.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from shared.contract.elections import Contest
from shared.contract.standings import decimal
from shared.rcv.count.rounds import Count, Decision, Round, Transfer
from shared.rcv.narrate.grid import surpluses
from shared.rcv.narrate.numbers import points
from shared.rcv.narrate.words import listed, names_of

Json = dict[str, Any]

SCORE_PLACES: Final = 5
"""Decimal places of an electoral college's scores, in percentage points."""


def document(contest: Contest, count: Count, sections: Sequence[str]) -> Json:
    """Return the whole count as JSON takes it; `sections` are the sections' names."""
    names = names_of(contest)
    stages = [
        _stage(number, before, round_, names, count.places)
        | (_by_section(round_, names, sections, count.places) if round_.scores else {})
        | ({"run": round_.run} if contest.method == "sequential-irv" else {})
        for number, (before, round_) in enumerate(steps(count), 1)
    ]
    return {
        "method": contest.method,
        "seats": contest.seats,
        "candidates": list(names),
        "stages": stages,
        "elected": [names[c] for c in count.elected],
        "ties": list(_ties(count, names)),
        "lot": contest.lot,
    }


def steps(count: Count) -> Iterator[tuple[Round | None, Round]]:
    """Yield each round with the round that led to it: none for a first count, of which each run has one."""
    for before, round_ in zip((None, *count.rounds), count.rounds, strict=False):
        yield (before if before and before.run == round_.run else None), round_


def nontransferable(round_: Round) -> int:
    """Return the votes that stopped, in units: see rule 3."""
    return sum(units for ending, units in round_.inactive.items() if ending != "blank")


def action(before: Round | None, names: Sequence[str]) -> str:
    """Return what turned the round `before` into the next state, in a few words."""
    if before is None:
        return "First count"
    moved = [names[c] for c in surpluses(before)]
    out = _named(before.decisions, "eliminated", names)
    elected = _named(before.decisions, "elected", names)
    done = [
        f"Surplus of {listed(moved)}" if moved else "",
        f"Elimination of {listed(out)}" if out else "",
    ]
    return "; ".join(filter(None, done)) or (f"Election of {listed(elected)}" if elected else "Next round")


def _stage(number: int, before: Round | None, round_: Round, names: Sequence[str], places: int) -> Json:
    decisions = before.decisions if before else ()
    return {
        "stage": number,
        "action": action(before, names),
        "quota": None if round_.threshold is None else decimal(round_.threshold, places),
        "votes": {name: decimal(units, places) for name, units in zip(names, round_.votes, strict=True)},
        "nontransferable": decimal(nontransferable(round_), places),
        "transfers": [_transfer(t, names, places) for t in (before.transfers if before else ())],
        "elected": [names[c] for c in round_.elected],
        "eliminated": _named(decisions, "eliminated", names),
    }


def _by_section(round_: Round, names: Sequence[str], sections: Sequence[str], places: int) -> Json:
    votes = {
        section: {name: decimal(units, places) for name, units in zip(names, of, strict=True)}
        for section, of in zip(sections, round_.votes_by_section, strict=True)
    }
    return {
        "scores": {name: points(s, SCORE_PLACES) for name, s in zip(names, round_.scores, strict=True)},
        "sections": votes,
    }


def _transfer(transfer: Transfer, names: Sequence[str], places: int) -> Json:
    """Return one transfer; one to nobody says why."""
    to = None if transfer.target is None else names[transfer.target]
    moved = {"from": names[transfer.source], "to": to, "votes": decimal(transfer.votes, places)}
    return moved | ({"why": transfer.ending} if to is None else {})


def _ties(count: Count, names: Sequence[str]) -> Iterator[Json]:
    for stage, round_ in enumerate(count.rounds, 1):
        for decision in round_.decisions:
            if decision.settled_by != "votes":
                yield _tie(stage, decision, names)


def _tie(stage: int, decision: Decision, names: Sequence[str]) -> Json:
    return {
        "stage": stage,
        "candidates": [names[c] for c in decision.tied],
        "picked": names[decision.candidate],
        "outcome": decision.outcome,
        "settled_by": decision.settled_by,
    }


def _named(decisions: Sequence[Decision], outcome: str, names: Sequence[str]) -> list[str]:
    return [names[d.candidate] for d in decisions if d.outcome == outcome]
