"""Who of several level candidates is picked, and what settled it.

The same contest and the same votes break the same ties: what looks like chance is drawn from a seed published before
the vote. To be picked is to win when a winner is sought and to be eliminated when a loser is.

`lot`, the rule by default: candidates are sorted by the BLAKE2b digest of `<seed>/<candidate id>`, in lower-case
hexadecimal; of those that are level, the first in that order is eliminated first. Anybody can repeat it:
`printf '%s' "$seed/$id" | b2sum`. The other rules are RCTab's (tiebreakMode): candidates are sorted by name first,
`random` takes one by java.util.Random, `permutation` is the sorted names shuffled by it; of an order a winner is the
first, a loser the last. RCTab's generator goes on from tie to tie, so a tie breaker lives for one count.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

from shared.contract.elections import Contest, TieRule
from shared.contract.standings import SettledBy
from shared.rcv.count.java import JavaRandom, code_units, hash_order

Sought = Literal["winner", "loser"]
Votes = Sequence[int] | Sequence[Fraction]
History = Sequence[Votes]
"""The votes of each candidate in the rounds before this one, first round first."""


class Tie(NamedTuple):
    """Candidates that are level, and what is sought among them."""

    round: int
    candidates: tuple[int, ...]
    sought: Sought


class UnresolvedTie(ValueError):
    """A tie that somebody has to break, and nobody is there to be asked."""

    def __init__(self, tie: Tie, names: Sequence[str]) -> None:
        super().__init__(
            f"round {tie.round}: {', '.join(names)} are level and the rules say to ask who should be the {tie.sought}"
        )
        self.tie = tie


Ask = Callable[[Tie], int]


def draw_lot(contest: Contest) -> tuple[int, ...]:
    """Return for each candidate the place in the order of elimination: 0 is eliminated first.

    It depends on the seed and the candidates' ids, not on the order in which they stand on the ballot.
    """
    digests = [
        blake2b(f"{contest.lot}/{candidate.id}".encode()).hexdigest() for candidate in contest.candidates
    ]
    order = sorted(digests)
    return tuple(order.index(digest) for digest in digests)


class TieBreaker:
    """Picks one of several level candidates, all through one count."""

    def __init__(self, contest: Contest, ask: Ask | None = None) -> None:
        self._contest = contest
        self._names = [candidate.name for candidate in contest.candidates]
        self._rule: TieRule = contest.rules.ties
        self._lot = draw_lot(contest)
        self._ask = ask
        self._random = JavaRandom(_seed(contest)) if self._rule in _RANDOM else None
        self._place = self._places(contest)

    def again(self) -> "TieBreaker":
        """Return a tie breaker for another count of the same contest."""
        return TieBreaker(self._contest, self._ask) if self._random is not None else self

    def pick(self, tied: Sequence[int], sought: Sought, history: History) -> tuple[int, SettledBy]:
        """Return who of `tied` is picked and by what. `history` must reach to the round before.

        Raises UnresolvedTie if the rules ask somebody and nobody is there.
        """
        if len(tied) == 1:
            return tied[0], "votes"
        if self._rule.startswith("earlier-rounds"):
            return self.pick_looking_back(tied, sought, history)
        return self._draw(self._by_name(tied), sought, len(history) + 1)

    def pick_looking_back(
        self, tied: Sequence[int], sought: Sought, history: History
    ) -> tuple[int, SettledBy]:
        """Return who of `tied` had the most or fewest votes when they last differed; if never, as the rules draw."""
        if len(tied) == 1:
            return tied[0], "votes"
        left = self._by_name(tied)
        for votes in reversed(history):
            left = self._most_or_fewest(left, votes, sought)
            if len(left) == 1:
                return left[0], "earlier-rounds"
        return self._draw(left, sought, len(history) + 1)

    def pick_by_first_difference(
        self, tied: Sequence[int], sought: Sought, points: History, number: int
    ) -> tuple[int, SettledBy]:
        """Return who of `tied` had the most or fewest votes when they first differed; if never, as the rules draw.

        `points` are the moments at which a statute compares votes, the first one first; `number` is that of the round.
        """
        if len(tied) == 1:
            return tied[0], "votes"
        left = self._by_name(tied)
        for votes in points:
            left = self._most_or_fewest(left, votes, sought)
            if len(left) == 1:
                return left[0], "first-difference"
        return self._draw(left, sought, number)

    def _draw(self, tied: Sequence[int], sought: Sought, number: int) -> tuple[int, SettledBy]:
        if self._rule in _ASKING:
            return self._asked(Tie(number, tuple(tied), sought)), "asked"
        if self._rule in {"random", "earlier-rounds-then-random"}:
            assert self._random is not None, "these rules draw"
            return tied[int(self._random.next_double() * len(tied))], "random"
        first = min if sought == "winner" else max
        return first(tied, key=self._place.__getitem__), _ORDERS[self._rule]

    def _asked(self, tie: Tie) -> int:
        if self._ask is None:
            raise UnresolvedTie(tie, [self._names[c] for c in tie.candidates])
        answer = self._ask(tie)
        assert answer in tie.candidates, f"{answer} is not among the level ones"
        return answer

    def _by_name(self, tied: Sequence[int]) -> list[int]:
        return sorted(tied, key=lambda c: code_units(self._names[c]))

    def _most_or_fewest(self, tied: Sequence[int], votes: Votes, sought: Sought) -> list[int]:
        """Return those with the most votes for a winner, the fewest for a loser, as RCTab lists them."""
        best = (max if sought == "winner" else min)(votes[c] for c in tied)
        named = {self._names[c]: c for c in tied if votes[c] == best}
        listed = hash_order((self._names[c] for c in tied), sized=True)
        return [named[name] for name in listed if name in named]

    def _places(self, contest: Contest) -> Sequence[int]:
        """Return each candidate's place in the order from which a winner is the first."""
        if self._rule not in {"candidate-order", "permutation"}:
            return [-place for place in self._lot]
        order = [c for c, of in enumerate(contest.candidates) if not of.write_in]
        if self._random is not None:
            order = self._by_name(order)
            self._random.shuffle(order)
        return [order.index(c) if c in order else _NOT_IN_ORDER for c in range(len(self._names))]


def _seed(contest: Contest) -> int:
    try:
        return int(contest.lot)
    except ValueError:
        message = f"contest {contest.id!r}: ties are drawn as RCTab does, so `lot` must be a whole number"
        raise ValueError(f"{message}, found {contest.lot!r}") from None


_NOT_IN_ORDER: Final = -1
"""The place of write-ins, whom no order names: they are never the last of those who are level.

Among themselves the first by name is picked.
"""

_RANDOM: Final[frozenset[TieRule]] = frozenset({"random", "earlier-rounds-then-random", "permutation"})
_ASKING: Final[frozenset[TieRule]] = frozenset({"ask", "earlier-rounds-then-ask"})
_ORDERS: Final[dict[TieRule, SettledBy]] = {
    "lot": "lot",
    "candidate-order": "candidate-order",
    "permutation": "permutation",
}
