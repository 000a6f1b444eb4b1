"""What it takes to speak of a count: the candidates' names and the decimal places of its votes."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.contract.elections import Contest
from shared.rcv.count.rounds import Count, Round
from shared.rcv.narrate.numbers import in_words, percent, points
from shared.rcv.narrate.words import listed, names_of


class Voice(NamedTuple):
    """Names by candidate, and decimal places."""

    names: Sequence[str]
    places: int

    def named(self, candidates: Sequence[int]) -> str:
        """Return "A, B and C"."""
        return listed([self.names[c] for c in candidates])

    def amount(self, units: int) -> str:
        """Return votes as a number: "39,080"."""
        return in_words(units, self.places)

    def votes(self, units: int) -> str:
        """Return votes with the word: "39,080 votes"."""
        return f"{self.amount(units)} {'vote' if units == 10**self.places else 'votes'}"

    def held(self, candidate: int, round_: Round) -> str:
        """Return what a candidate has: votes or, in an electoral college, points of the whole."""
        if round_.scores:
            return f"{points(round_.scores[candidate])} points"
        return self.votes(round_.votes[candidate])

    def share(self, candidate: int, round_: Round) -> str:
        """Return what a candidate has, and of how much: "198,962 of 392,246 votes (50.7%)"."""
        if round_.scores:
            return self.held(candidate, round_)
        total, votes = sum(round_.votes), round_.votes[candidate]
        return f"{self.amount(votes)} of {self.votes(total)} ({percent(votes, total)})"


def voice_of(contest: Contest, count: Count) -> Voice:
    """Return the voice that tells this count."""
    return Voice(names_of(contest), count.places)
