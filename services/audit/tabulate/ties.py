"""Deciding between candidates who are level.

Rule 1: a lot is drawn before the count: each candidate's is the BLAKE2b digest of "<seed>/<candidate id>". Of those who
        are level the lowest is eliminated, the highest is elected.
Rule 2: RCTab's rules (`tiebreakMode`): drawn by java.util.Random among the names in order (of their UTF-16 units), after
        a look at earlier rounds or not; by the order given; by a shuffled order. In an order, of all who were declared,
        the earliest is elected and the latest eliminated; write-ins have no place in it.
Rule 3: earlier rounds are looked at from the last one back; those with the fewest votes there (the most, for a winner)
        remain in question. RCTab then holds them in a java.util.HashSet, so that they are drawn in that one's order.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b
from typing import Literal

from services.audit.tabulate.java import JavaRandom, in_hash_order
from services.audit.tabulate.rounds import Round
from shared.contract.elections import Contest

Outcome = Literal["elected", "eliminated"]

Marks = Mapping[str, Fraction | int]
"""What candidates are compared by."""

Ask = Callable[[Sequence[str], Outcome], str]
"""Given the ids that are level and what is to become of one of them, returns that one."""


class NobodyToAsk(ValueError):
    """The rules ask somebody about a tie, and nobody is there."""


class Ties:
    """The tie rule of one count; `rounds` are those counted so far and grow with it."""

    def __init__(self, contest: Contest, rounds: Sequence[Round], ask: Ask | None) -> None:
        self._contest = contest
        self._rounds = rounds
        self._ask = ask
        self._candidates = {candidate.id: candidate for candidate in contest.candidates}
        self._random = JavaRandom(int(contest.lot)) if _draws(contest) else JavaRandom(0)
        self._order = self._given_order()

    def loser(self, level: Sequence[str]) -> str:
        """Return which of those who are level is eliminated."""
        return self.choose(level, "eliminated")

    def winner(self, level: Sequence[str]) -> str:
        """Return which of those who are level is elected."""
        return self.choose(level, "elected")

    def choose(self, level: Sequence[str], outcome: Outcome, *, look_back: bool = False) -> str:
        """Return one of those who are level, after a look at earlier rounds if the rules or the caller want it."""
        level = sorted(level, key=self._by_name)
        if look_back or self._contest.rules.ties.startswith("earlier-rounds"):
            marks = [{c: round_.strength(c) for c in level} for round_ in reversed(self._rounds)]
            level = self._by_marks(level, outcome, marks)
        return self._drawn(level, outcome)

    def by_first_difference(self, level: Sequence[str], outcome: Outcome, points: Sequence[Marks]) -> str:
        """Return one of those who are level: who had most or fewest at the first of `points` at which they differed."""
        return self._drawn(self._by_marks(sorted(level, key=self._by_name), outcome, points), outcome)

    def _drawn(self, level: Sequence[str], outcome: Outcome) -> str:
        """Return one of those who are still level, as the tie rule draws."""
        rule = self._contest.rules.ties
        if len(level) == 1:
            return level[0]
        if rule == "lot":
            return (min if outcome == "eliminated" else max)(level, key=self._lot)
        if rule.endswith("random"):
            return level[self._random.place(len(level))]
        if rule.endswith("ask"):
            return self._asked(level, outcome)
        in_order = [candidate for candidate in self._order if candidate in level] or level[:1]
        return in_order[-1 if outcome == "eliminated" else 0]

    def _by_marks(self, level: Sequence[str], outcome: Outcome, points: Sequence[Marks]) -> Sequence[str]:
        """Return who remains in question."""
        choose = min if outcome == "eliminated" else max
        for marks in points:
            if len(level) == 1:
                break
            mark = choose(marks[candidate] for candidate in level)
            level = in_hash_order(level, [self._candidates[candidate].name for candidate in level])
            level = [candidate for candidate in level if marks[candidate] == mark]
        return level

    def _lot(self, candidate: str) -> str:
        return blake2b(f"{self._contest.lot}/{candidate}".encode()).hexdigest()

    def _by_name(self, candidate: str) -> bytes:
        return self._candidates[candidate].name.encode("utf-16-be")

    def _asked(self, level: Sequence[str], outcome: Outcome) -> str:
        if self._ask is None:
            names = ", ".join(self._candidates[candidate].name for candidate in level)
            raise NobodyToAsk(f"a tie in round {len(self._rounds) + 1}: {names}: who is to be {outcome}?")
        return self._ask(level, outcome)

    def _given_order(self) -> list[str]:
        order = [candidate.id for candidate in self._contest.candidates if not candidate.write_in]
        if self._contest.rules.ties == "permutation":
            return self._random.shuffled(sorted(order, key=self._by_name))
        return order


def _draws(contest: Contest) -> bool:
    return contest.rules.ties in {"random", "earlier-rounds-then-random", "permutation"}
