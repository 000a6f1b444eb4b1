"""The counting table: ballots, the candidates who continue, the rounds so far, and who is eliminated.

Rule 1: in every round every ballot is read from its first rank.
Rule 2: eliminated are, in this order: undeclared write-ins that have votes, alone; all below the minimum of votes; all
        who cannot overtake the next one, where the rules say so; else the last, a tie settled by the tie rule.
        But where nobody who can be elected has the minimum nobody is eliminated: such a count stays undecided.
Rule 3: while undeclared write-ins have votes nobody is elected, and they never are.
Rule 4: where nobody has a vote in the first round, nothing is decided; unless the rules let all be level (RCTab), and no
        percentage is asked for, which nobody has more than.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from services.audit.tabulate.ballots import Parcel, ranks_of
from services.audit.tabulate.rounds import Round
from services.audit.tabulate.ties import Ask, Ties
from shared.contract.elections import Contest
from shared.contract.standings import Ending

Votes = dict[str, Fraction]
Inactive = dict[Ending, Fraction]


class Table:
    """One count of one contest; it starts with everybody who is not excluded nor in `without`."""

    def __init__(
        self,
        profile: Mapping[tuple[int, str], int],
        contest: Contest,
        ask: Ask | None,
        without: Sequence[str] = (),
    ) -> None:
        ids = [candidate.id for candidate in contest.candidates]
        self.contest = contest
        self.rules = contest.rules
        self.parcels = [
            Parcel(section, ranks_of(marks, ids), ballots) for (section, marks), ballots in profile.items()
        ]
        self.continuing = [c.id for c in contest.candidates if not c.excluded and c.id not in without]
        self.rounds: list[Round] = []
        self.ties = Ties(contest, self.rounds, ask)
        self._write_ins = {candidate.id for candidate in contest.candidates if candidate.write_in}

    def sort(self) -> tuple[Votes, Inactive]:
        """Return the votes of each continuing candidate, and those that rest with nobody, by the reason."""
        piles: dict[str, Fraction | int] = dict.fromkeys(self.continuing, 0)
        inactive: dict[Ending, Fraction | int] = dict.fromkeys(Ending, 0)
        continuing = set(self.continuing)
        for parcel in self.parcels:
            holder = parcel.holder(self.rules, continuing)
            if isinstance(holder, Ending):
                inactive[holder] += parcel.ballots * parcel.worth
            else:
                piles[holder] += parcel.ballots * parcel.worth
        return (
            {candidate: Fraction(votes) for candidate, votes in piles.items()},
            {ending: Fraction(votes) for ending, votes in inactive.items() if votes},
        )

    def remove(self, gone: Sequence[str]) -> None:
        """Let these candidates continue no more."""
        self.continuing = [candidate for candidate in self.continuing if candidate not in gone]

    @property
    def is_over(self) -> bool:
        """Whether the rules stop the count after the rounds there are."""
        return len(self.rounds) == self.rules.stop_after_round

    def can_decide(self, votes: Votes) -> bool:
        """Return whether there is anything to decide."""
        level = self.rules.decide_without_votes and self.rules.percentage is None
        return bool(self.rounds) or any(votes.values()) or level

    def write_ins(self, votes: Votes) -> tuple[str, ...]:
        """Return the undeclared write-ins that have votes."""
        return tuple(
            candidate for candidate in votes if candidate in self._write_ins and votes[candidate] > 0
        )

    def blocked(self, votes: Votes) -> bool:
        """Return whether undeclared write-ins have votes."""
        return bool(self.write_ins(votes))

    def electable(self) -> list[str]:
        """Return those who continue and can be elected."""
        return [candidate for candidate in self.continuing if candidate not in self._write_ins]

    def ranked(self, candidates: Sequence[str], votes: Votes) -> tuple[str, ...]:
        """Return candidates by their votes, most first, those who are level in the order of the contest."""
        return tuple(sorted(candidates, key=lambda candidate: (-votes[candidate], self._place(candidate))))

    def leader(self, candidates: Sequence[str], votes: Votes) -> str:
        """Return who has the most votes; a tie is settled as one for a winner."""
        most = max(votes[candidate] for candidate in candidates)
        level = [candidate for candidate in candidates if votes[candidate] == most]
        return level[0] if len(level) == 1 else self.ties.winner(level)

    def last(self, votes: Votes) -> str:
        """Return who has the fewest votes; a tie is settled as one for a loser."""
        fewest = min(votes.values())
        level = [candidate for candidate in votes if votes[candidate] == fewest]
        return level[0] if len(level) == 1 else self.ties.loser(level)

    def who_is_eliminated(self, votes: Votes, *, batch: bool = False, seats: int = 1) -> tuple[str, ...]:
        """Return who is eliminated: nobody if the count cannot be decided. A batch leaves somebody for each of `seats`."""
        if self.blocked(votes):
            return self.write_ins(votes)
        if self.all_below(votes, self.rules.minimum_votes):
            return ()
        below = tuple(candidate for candidate in votes if votes[candidate] < self.rules.minimum_votes)
        if below:
            return below
        together = self._hopeless(votes, seats) if batch and self.rules.batch_elimination else []
        return tuple(together) if len(together) > 1 else (self.last(votes),)

    def all_below(self, votes: Votes, least: Fraction | int) -> bool:
        """Return whether nobody who can be elected has at least so many votes."""
        return all(votes[candidate] < least for candidate in self.electable())

    def _hopeless(self, votes: Votes, seats: int) -> list[str]:
        """Return all who together have fewer votes than the next one, as many as possible while others can fill `seats`.

        Where the count goes on to the last two, one step fewer if only one candidate were left.
        """
        steps: list[list[str]] = [[], []]
        below: list[str] = []
        for number in sorted(set(votes.values())):
            enough_stay = len(set(self.electable()) - set(below)) >= seats
            if below and enough_stay and sum(votes[candidate] for candidate in below) < number:
                steps.append(below)
            below = below + [candidate for candidate in votes if votes[candidate] == number]
        alone = len(steps[-1]) == len(votes) - 1
        return self._in_order(steps[-2] if alone and self.rules.finish == "last-two" else steps[-1])

    def _in_order(self, candidates: Sequence[str]) -> list[str]:
        return sorted(candidates, key=self._place)

    def _place(self, candidate: str) -> int:
        return [c.id for c in self.contest.candidates].index(candidate)
