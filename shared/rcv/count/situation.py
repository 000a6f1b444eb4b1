"""Where a count stands: what the rules of a round read, and nothing else.

Rule 1: a decision reads this and the votes of its round: the contest, who is left, who is elected, what came before.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from shared.contract.elections import Contest
from shared.rcv.count.rounds import Decision
from shared.rcv.count.ties import TieBreaker


class Situation:
    """What the rounds so far have settled."""

    def __init__(self, contest: Contest, ties: TieBreaker) -> None:
        self.contest = contest
        self.rules = contest.rules
        self.ties = ties
        self.divides = divides_votes(contest)
        self.unit = 10 ** places_of(contest)
        self.minimum = contest.rules.minimum_votes * self.unit
        """Units below which a candidate falls."""
        self.hopeful = list(contest.standing)
        """Those neither elected nor out."""
        self.electable = [c for c in self.hopeful if not contest.candidates[c].write_in]
        """Those who can still be elected: undeclared write-ins never are."""
        self.elected: list[int] = []
        self.continuing: tuple[int, ...] = tuple(self.hopeful)
        """Those who hold votes that a decision may still move: where no surplus does, an elected one as well."""
        self.history: list[Sequence[int] | Sequence[Fraction]] = []
        self.threshold: int | None = None
        self.scores: tuple[Fraction, ...] = ()

    @property
    def seats_left(self) -> int:
        """Seats nobody is elected to yet."""
        return self.contest.seats - len(self.elected)

    @property
    def seated(self) -> tuple[int, ...]:
        """Those elected in earlier rounds who keep votes that no decision moves any more."""
        return tuple(self.elected) if self.divides else ()

    @property
    def to_last_two(self) -> bool:
        """Whether the count goes on after a winner until two are left [continueUntilTwoCandidatesRemain]."""
        return self.rules.finish == "last-two" and self.contest.method in {"irv", "electoral-college"}

    def carry_out(self, decisions: Iterable[Decision]) -> None:
        """Let those elected be elected, and those eliminated be out."""
        decided = {decision.candidate: decision.outcome for decision in decisions}
        self.elected += [c for c, outcome in decided.items() if outcome == "elected"]
        self.hopeful = [c for c in self.hopeful if c not in decided]
        self.electable = [c for c in self.electable if c not in decided]
        self.continuing = tuple(self.hopeful if self.divides else sorted((*self.hopeful, *self.elected)))


def divides_votes(contest: Contest) -> bool:
    """Return whether the surplus of the elected moves on, so that votes are divided."""
    return contest.method == "stv-wigm"


def places_of(contest: Contest) -> int:
    """Return the decimal places of a count by rounds: none where no vote is divided."""
    return contest.rules.places if divides_votes(contest) else 0
