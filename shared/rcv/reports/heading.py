"""What stands over and beside the numbers: candidates in order, decisions by name, ties, parts of the contest.

Rule 1: candidates stand by their votes in the first round, most first; the undeclared write-ins last. Those who are
        level stand as a Java HashMap of their names iterates.
Rule 2: whom a round elects or eliminates stands in the order of names.
Rule 3: who was chosen from others by a tie-break bears an asterisk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.rcv.count.java import code_units, hash_order
from shared.rcv.count.rounds import Decision, Round
from shared.rcv.reports.part import Part
from shared.rcv.reports.tabulated import Tabulated

Kind = Literal["Batch", "Precinct"]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the contest that is reported apart."""

    kind: Kind
    id: str


def candidate_order(tabulated: Tabulated, whole: Part) -> list[int]:
    """Return the candidates of the first round in the order of their rows, in every part of the contest."""
    candidates = tabulated.contest.candidates
    index = {candidate.name: c for c, candidate in enumerate(candidates)}
    tally = whole.rounds[0].tally
    standing = [name for name in hash_order(tabulated.names) if index[name] in tally]
    level = [index[name] for name in hash_order(standing)]
    return sorted(level, key=lambda c: (candidates[c].write_in, -tally[c]))


def decided(tabulated: Tabulated, round_: Round, outcome: str) -> list[Decision]:
    """Return the decisions of one outcome in the order of names."""
    names = tabulated.names
    chosen = [decision for decision in round_.decisions if decision.outcome == outcome]
    return sorted(chosen, key=lambda decision: code_units(names[decision.candidate]))


def winners(tabulated: Tabulated) -> list[str]:
    """Return all who were elected, round by round."""
    rounds = tabulated.traced.count.rounds
    return [tabulated.names[d.candidate] for r in rounds for d in decided(tabulated, r, "elected")]


def marked(tabulated: Tabulated, decisions: Iterable[Decision]) -> str:
    """Return the names, each with an asterisk where a tie was broken."""
    return "; ".join(tabulated.names[d.candidate] + ("*" if d.tied else "") for d in decisions)


def has_tie(tabulated: Tabulated) -> bool:
    """Return whether any decision broke a tie."""
    return any(decision.tied for r in tabulated.traced.count.rounds for decision in r.decisions)
