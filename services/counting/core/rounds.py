"""A count, as data: a list of rounds, each of which says where every ballot stands and what follows.

Rule 1: all that a page must explain is here: who, why, by how much, level with whom, how that was settled.
Rule 2: sums are computed, never stored, so that a round cannot contradict itself.
Rule 3: before a count is published it is checked against a number of ballots that was reached another way. A vote
        that appears or vanishes is our own fault and stops the program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal, Self

from services.counting.core.normalise import ENDINGS, Ending

Why = Literal[
    "majority",
    "last-two",
    "most",
    "quota",
    "remaining",
    "percentage",
    "fewest",
    "batch",
    "write-in",
    "below-minimum",
    "below-percentage",
    "not-in-top-two",
    "largest-surplus",
]
"""The rule behind a decision."""

SettledBy = Literal["votes", "lot", "earlier-rounds", "candidate-order", "permutation", "random", "asked"]
"""What told a candidate from those level with it."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Votes that leave a candidate, for a `target` or, if that is None, for the reason in `ending`."""

    source: int
    target: int | None
    ending: Ending | Literal["residue"] | None
    """`residue`: what fixed places could not pass on."""
    votes: int
    """In units of the count's last place."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a round settles about one candidate."""

    candidate: int
    outcome: Literal["eliminated", "elected", "transferred"]
    """`transferred`: the surplus of a candidate already elected moves on now."""
    why: Why
    margin: int | None
    """Units between this candidate and the nearest other one; None if there is no other."""
    tied: tuple[int, ...]
    """The candidates that were level, this one included; empty if none was level with it."""
    settled_by: SettledBy = "votes"


@dataclass(frozen=True, slots=True)
class Round:
    """Where each vote stands in one round, what that decides, and which votes move on to the next.

    Votes are integers in units of the count's last decimal place: ballots, if it has none.
    """

    number: int
    """From 1."""
    continuing: tuple[int, ...]
    """The candidates neither elected before nor out, by index, ascending."""
    votes_by_section: tuple[tuple[int, ...], ...]
    """For each section, the votes of each candidate of the contest: 0 for those who are out."""
    inactive_by_section: tuple[Mapping[Ending, int], ...]
    """For each section, the votes that stand with nobody, by the reason: every ending is there."""
    threshold: int | None
    """Votes that elect in this round; None where no number does, or nobody has a vote."""
    decisions: tuple[Decision, ...]
    transfers: tuple[Transfer, ...]
    seated: tuple[int, ...] = ()
    """The candidates elected in an earlier round who keep votes, in the order of their election."""
    residue_by_section: tuple[int, ...] = ()
    """For each section, votes that fixed places have lost so far; none where nothing is divided."""
    scores: tuple[Fraction, ...] = ()
    """Electoral college: each candidate's share of the whole, 0 to 1."""

    @property
    def votes(self) -> tuple[int, ...]:
        """Votes of each candidate over all sections."""
        return tuple(map(sum, zip(*self.votes_by_section, strict=True)))

    @property
    def inactive(self) -> dict[Ending, int]:
        """Ballots that stand with nobody over all sections, by the reason."""
        return {ending: sum(section[ending] for section in self.inactive_by_section) for ending in ENDINGS}

    @property
    def ballots_by_section(self) -> tuple[int, ...]:
        """All ballots of each section, active or not: the same in every round."""
        sections = zip(self.votes_by_section, self.inactive_by_section, strict=True)
        return tuple(sum(votes) + sum(inactive.values()) for votes, inactive in sections)

    @property
    def eliminated(self) -> frozenset[int]:
        """The candidates who fall in this round."""
        return frozenset(d.candidate for d in self.decisions if d.outcome == "eliminated")

    @property
    def elected(self) -> tuple[int, ...]:
        """The candidates elected in this round, in the order of the decisions."""
        return tuple(d.candidate for d in self.decisions if d.outcome == "elected")


@dataclass(frozen=True, slots=True)
class Count:
    """The rounds of one contest. Nothing in it says whether more ballots will come: the standing does."""

    rounds: tuple[Round, ...]
    places: int = 0
    """Decimal places of every vote in it: a vote of 10 ** places units is one ballot's."""

    @property
    def elected(self) -> tuple[int, ...]:
        """The candidates elected, in order; empty while nobody has a vote."""
        return tuple(candidate for round_ in self.rounds for candidate in round_.elected)

    def check(self, ballots: int) -> Self:
        """Return the count if it conserves all `ballots`, section by section and vote by vote.

        Raises AssertionError naming the round that does not.
        """
        sections = self.rounds[0].ballots_by_section
        assert sum(sections) == ballots, f"round 1 holds {sum(sections)} ballots of {ballots}"
        for round_ in self.rounds:
            assert round_.ballots_by_section == sections, (
                f"round {round_.number}: a section gained or lost ballots"
            )
            _check_standing(round_)
        for this, following in pairwise(self.rounds):
            _check_step(this, following)
        return self


def transfers_from(source: int, moved: Sequence[int], candidates: int) -> tuple[Transfer, ...]:
    """Return the transfers out of `source`, given the votes `moved` to each holder: candidates, then endings."""
    to_candidates = (Transfer(source, c, None, n) for c, n in enumerate(moved[:candidates]) if n)
    to_endings = (Transfer(source, None, e, n) for e, n in zip(ENDINGS, moved[candidates:], strict=True) if n)
    return (*to_candidates, *to_endings)


def _check_standing(round_: Round) -> None:
    assert min(map(min, round_.votes_by_section)) >= 0, f"round {round_.number}: fewer than no votes"
    standing = set(round_.continuing)
    astray = [c for c, n in enumerate(round_.votes) if n and c not in standing]
    assert not astray, f"round {round_.number}: votes for candidates who are out: {astray}"


def _check_step(this: Round, following: Round) -> None:
    """Hold what follows to what stands here and what moves."""
    where = f"round {this.number} to {following.number}"
    out = this.eliminated
    assert set(following.continuing) == set(this.continuing) - out, f"{where}: not those who remain"
    votes, inactive = list(this.votes), this.inactive
    for transfer in this.transfers:
        assert transfer.votes > 0, f"{where}: a transfer of {transfer.votes}"
        votes[transfer.source] -= transfer.votes
        _receive(transfer, votes, inactive)
    assert all(votes[c] == 0 for c in out), f"{where}: votes left with an eliminated candidate"
    assert (tuple(votes), inactive) == (following.votes, following.inactive), f"{where}: votes do not add up"


def _receive(transfer: Transfer, votes: list[int], inactive: dict[Ending, int]) -> None:
    if transfer.target is not None:
        votes[transfer.target] += transfer.votes
    elif transfer.ending is not None:
        inactive[transfer.ending] += transfer.votes
