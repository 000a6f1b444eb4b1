"""A count, as data: a list of rounds, each with where every vote is and what follows.

All that a page must explain is here: who, why, by how much, level with whom, how that was settled. Sums are computed,
never stored, so that a round cannot contradict itself. Before a count is published it is checked against a number of
ballots that was reached another way: a vote that appears or vanishes is our own fault and stops the program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal, NamedTuple, Self

from shared.contract.standings import Ending, Outcome, SettledBy
from shared.rcv.count.normalise import ENDINGS

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
    "active-vote",
    "outvotes-all",
    "unnamed",
]
"""The rule behind a decision."""


class Transfer(NamedTuple):
    """Votes that leave a candidate, for a `target` or, if that is None, for the reason in `ending`."""

    source: int
    """A candidate; or, numbered behind them, an ending, where a keep value rose: then ballots leave more on their way, and less there."""
    target: int | None
    ending: Ending | None
    votes: int
    """In units of the count's last place."""


class Decision(NamedTuple):
    """What a round settles about one candidate."""

    candidate: int
    outcome: Outcome
    why: Why
    margin: int | None
    """Units between this candidate and the nearest other one; None if there is no other."""
    tied: tuple[int, ...]
    """The candidates that were level, this one included; empty if none was level with it."""
    settled_by: SettledBy = "votes"


class Round(NamedTuple):
    """Where each vote is in one round, what that decides, and which votes move on to the next.

    Votes are integers in units of the count's last decimal place: ballots, if it has none.
    """

    number: int
    """From 1."""
    continuing: tuple[int, ...]
    """The candidates neither elected before nor out, by index, ascending."""
    votes_by_section: tuple[tuple[int, ...], ...]
    """For each section, the votes of each candidate of the contest: 0 for those who are out of it."""
    inactive_by_section: tuple[Mapping[Ending, int], ...]
    """For each section, the votes that rest with nobody, by the reason: all but the residue are there."""
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
    run: int = 1
    """Sequential contests: for which seat the round counts; each run starts afresh. Else 1."""

    @property
    def votes(self) -> tuple[int, ...]:
        """Votes of each candidate over all sections."""
        return tuple(map(sum, zip(*self.votes_by_section, strict=True)))

    @property
    def inactive(self) -> dict[Ending, int]:
        """Votes that rest with nobody over all sections, by the reason."""
        return {ending: sum(section[ending] for section in self.inactive_by_section) for ending in ENDINGS}

    @property
    def ballots_by_section(self) -> tuple[int, ...]:
        """All units of each section, active, inactive or lost: the same in every round."""
        lost = self.residue_by_section or (0,) * len(self.votes_by_section)
        sections = zip(self.votes_by_section, self.inactive_by_section, lost, strict=True)
        return tuple(sum(votes) + sum(inactive.values()) + residue for votes, inactive, residue in sections)

    @property
    def residue(self) -> int:
        """Units that fixed places have lost so far."""
        return sum(self.residue_by_section)

    @property
    def eliminated(self) -> frozenset[int]:
        """The candidates eliminated in this round."""
        return frozenset(d.candidate for d in self.decisions if d.outcome == "eliminated")

    @property
    def elected(self) -> tuple[int, ...]:
        """The candidates elected in this round, in the order of the decisions."""
        return tuple(d.candidate for d in self.decisions if d.outcome == "elected")


@dataclass(frozen=True, slots=True)
class Count:
    """The rounds of one contest. Whether more ballots will come is not in it, but in the standing."""

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
        units = ballots * 10**self.places
        assert sum(sections) == units, f"round 1 holds {sum(sections)} units of {units}"
        for round_ in self.rounds:
            gained = round_.ballots_by_section != sections
            assert not gained, f"round {round_.number}: a section gained or lost ballots"
            _check_round(round_)
        for this, following in pairwise(self.rounds):
            if this.run == following.run:
                _check_step(this, following)
        return self


def round_of(  # noqa: PLR0913 - a round is all this
    number: int,
    by_section: Sequence[Sequence[int]],
    continuing: tuple[int, ...],
    decisions: tuple[Decision, ...],
    *,
    threshold: int | None,
    transfers: tuple[Transfer, ...],
    seated: tuple[int, ...] = (),
    residue_by_section: tuple[int, ...] = (),
    scores: tuple[Fraction, ...] = (),
) -> Round:
    """Return a round, given for each section the units of each holder: candidates, then endings."""
    candidates = len(by_section[0]) - len(ENDINGS)
    return Round(
        number=number,
        continuing=continuing,
        votes_by_section=tuple(tuple(units[:candidates]) for units in by_section),
        inactive_by_section=tuple(
            dict(zip(ENDINGS, units[candidates:], strict=True)) for units in by_section
        ),
        threshold=threshold,
        decisions=decisions,
        transfers=transfers,
        seated=seated,
        residue_by_section=residue_by_section,
        scores=scores,
    )


def transfers_from(source: int, moved: Sequence[int], candidates: int) -> tuple[Transfer, ...]:
    """Return the transfers out of `source`, given the votes `moved` to each holder: candidates, then endings."""
    to_candidates = [Transfer(source, c, None, n) for c, n in enumerate(moved[:candidates]) if n]
    to_endings = [Transfer(source, None, e, n) for e, n in zip(ENDINGS, moved[candidates:], strict=True) if n]
    return (*to_candidates, *to_endings)


def _check_round(round_: Round) -> None:
    assert min(map(min, round_.votes_by_section)) >= 0, f"round {round_.number}: fewer than no votes"
    holding = {*round_.continuing, *round_.seated}
    astray = [c for c, n in enumerate(round_.votes) if n and c not in holding]
    assert not astray, f"round {round_.number}: votes for candidates who are out of the count: {astray}"


def _check_step(this: Round, following: Round) -> None:
    """Hold the following round to this one and what moves."""
    where = f"round {this.number} to {following.number}"
    remain = {*this.continuing, *this.seated} - this.eliminated
    assert {*following.continuing, *following.seated} == remain, f"{where}: not those who remain"
    votes, inactive, residue = list(this.votes), this.inactive, this.residue
    for transfer in this.transfers:
        assert transfer.votes > 0, f"{where}: a transfer of {transfer.votes}"
        if transfer.source < len(votes):
            votes[transfer.source] -= transfer.votes
        else:
            inactive[ENDINGS[transfer.source - len(votes)]] -= transfer.votes
        if transfer.target is not None:
            votes[transfer.target] += transfer.votes
        elif transfer.ending is Ending.RESIDUE:
            residue += transfer.votes
        elif transfer.ending is not None:
            inactive[transfer.ending] += transfer.votes
    assert all(votes[c] == 0 for c in this.eliminated), f"{where}: votes left with an eliminated candidate"
    reached = (tuple(votes), inactive, residue)
    assert reached == (following.votes, following.inactive, following.residue), (
        f"{where}: votes do not add up"
    )
