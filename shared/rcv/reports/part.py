"""The rounds of a part of the ballots: all, or those of a precinct or a batch, along the whole contest's decisions.

A part's tallies are what its own ballots bring. Only the whole contest is set back to the threshold, for only there a surplus
that fixed places cannot pass on is known; it is the residue. A candidate elected before keeps what they had in the round
after their election. Active is what candidates hold, and the final round's surplus.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.methods.by_thresholds import threshold_of
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.rounds import Round
from shared.rcv.count.trace import Units
from shared.rcv.reports.numbers import EXACT, ZERO, less, total, votes
from shared.rcv.reports.positions import BESIDES, Positions, positions_of
from shared.rcv.reports.tabulated import Tabulated

Moved = dict[int | str, Decimal]
"""Votes that leave a candidate, by whom they reach or, where they reach nobody, "exhausted" or "residual surplus"."""


class Worth(NamedTuple):
    """What ballots are worth, by row of the trace."""

    units: Units | None
    """Of one ballot; None: one vote each, in a count without places."""
    divided: NDArray[np.bool_]


class Pile(NamedTuple):
    """Distinct rows of a trace, and how many ballots of the part lie in each: at least one."""

    rows: NDArray[np.intp]
    ballots: NDArray[np.int64]

    @classmethod
    def of(cls, rows: NDArray[np.intp]) -> "Pile":
        """Return the pile of ballots, given the row of each."""
        distinct, ballots = np.unique(rows, return_counts=True)
        return cls(distinct, ballots.astype(np.int64))

    def pick(self, chosen: NDArray[np.bool_]) -> "Pile":
        """Return the ballots of those of its rows that are chosen."""
        return Pile(self.rows[chosen], self.ballots[chosen])

    def votes(self, holder: NDArray[np.intp], holders: int, worth: Worth, places: int) -> list[Decimal]:
        """Return the votes of each holder, at scale `places` where a divided ballot is among theirs."""
        at = holder[self.rows]
        units = self.ballots if worth.units is None else self.ballots * worth.units[self.rows]
        sums = np.zeros(holders, units.dtype)
        np.add.at(sums, at, units)
        divided = np.zeros(holders, np.bool_)
        divided[at[worth.divided[self.rows]]] = True
        pairs = zip(sums.tolist(), divided.tolist(), strict=True)
        return [votes(n, places, divided=d) for n, d in pairs]


@dataclass(frozen=True, slots=True)
class Kept:
    """What candidates elected before keep in one round, and the residues that are lost there."""

    tally: Mapping[int, Decimal]
    residues: Mapping[int, Decimal]
    """Of each candidate whose surplus has just moved and left one; none in a slice."""


@dataclass(frozen=True, slots=True)
class PartRound:
    """One round of a part."""

    tally: Mapping[int, Decimal]
    """Of each candidate who continues or was elected before."""
    inactive: Mapping[Ending, Decimal]
    surplus: Decimal
    """Of the final round."""
    active: Decimal
    residue: Decimal
    """Lost so far; nought in a slice."""
    threshold: Decimal

    @property
    def ballots(self) -> Decimal:
        """All ballots; to be asked of the first round."""
        return total([self.active, *self.inactive.values()])

    @property
    def blank(self) -> Decimal:
        """Ballots that rank nobody."""
        return self.inactive[Ending.BLANK]

    @property
    def exhausted(self) -> Decimal:
        """All that is inactive but for blank ballots."""
        return less(total(self.inactive.values()), self.blank)


@dataclass(frozen=True, slots=True)
class Part:
    """The rounds of a part, and how its votes moved between them."""

    rounds: tuple[PartRound, ...]
    transfers: tuple[Mapping[int, Moved], ...]
    """For each round: what leaves a candidate for the next."""


class Parts:
    """Shows any part of one count."""

    def __init__(self, tabulated: Tabulated) -> None:
        self._rounds = tabulated.traced.count.rounds
        self._places = tabulated.traced.count.places
        self._candidates = len(tabulated.contest.candidates)
        self._rows = tabulated.rows
        self.positions: Final = positions_of(tabulated)
        self._thresholds = thresholds(tabulated)
        self._arriving = [np.zeros(0, np.bool_), *map(_arriving, self.positions, self.positions[1:])]
        self._targets = [np.minimum(at.holder, self._candidates) for at in self.positions]
        self._one_place = np.zeros_like(self.positions[0].holder)

    def whole(self) -> Part:
        """Return the rounds of all ballots."""
        return self._part_of(Pile.of(self._rows), whole=True)

    def slice(self, places: NDArray[np.intp]) -> Part:
        """Return the rounds of the ballots at `places` among the records."""
        return self._part_of(Pile.of(self._rows[places]), whole=False)

    def _part_of(self, pile: Pile, *, whole: bool) -> Part:
        rounds: list[PartRound] = []
        transfers: list[Mapping[int, Moved]] = []
        for number in range(len(self.positions)):
            kept = self._kept(pile, number, rounds, whole=whole)
            if number:
                transfers.append(_with_residues(self._moved(pile, number), kept.residues))
            rounds.append(self._round(pile, number, kept, rounds[-1].residue if rounds else ZERO))
        return Part(tuple(rounds), (*transfers, {}))

    def _round(self, pile: Pile, number: int, kept: Kept, lost_before: Decimal) -> PartRound:
        at = self.positions[number]
        worth = Worth(at.value, at.divided)
        held = pile.votes(at.holder, self._candidates + BESIDES, worth, self._places)
        continuing = {c: held[c] for c in self._rounds[number].continuing}
        lost = total(kept.residues.values())
        holding = total([*continuing.values(), *kept.tally.values(), held[-1]])
        return PartRound(
            tally={**continuing, **kept.tally},
            inactive=dict(zip(ENDINGS, held[self._candidates : -1], strict=True)),
            surplus=held[-1],
            active=EXACT.add(holding, less(lost, lost)),  # what is lost shows in the scale
            residue=EXACT.add(lost_before, lost),
            threshold=self._thresholds[number],
        )

    def _kept(self, pile: Pile, number: int, before: list[PartRound], *, whole: bool) -> Kept:
        at, threshold = self.positions[number], self._thresholds[number]
        tally: dict[int, Decimal] = {}
        residues: dict[int, Decimal] = {}
        for c in at.kept:
            if c in self.positions[number - 1].kept:
                tally[c] = before[-1].tally[c]
                continue
            tally[c] = self._kept_by(pile, at, c)
            if whole and tally[c] > threshold:
                residues[c] = less(tally[c], threshold)
                tally[c] = threshold
        return Kept(tally, residues)

    def _kept_by(self, pile: Pile, at: Positions, candidate: int) -> Decimal:
        worth = Worth(at.kept[candidate], at.through[candidate])
        return pile.votes(self._one_place, 1, worth, self._places)[0]

    def _moved(self, pile: Pile, number: int) -> dict[int, Moved]:
        """Return what leaves each candidate for round `number`. Ballots worth nothing leave no trace."""
        after = self.positions[number]
        worth = Worth(after.value, after.divided)
        left = pile.pick(self._arriving[number][pile.rows])
        source = self.positions[number - 1].holder[left.rows]
        moved: dict[int, Moved] = {}
        for c in np.unique(source).tolist():
            ballots = left.pick(source == c)
            *reached, exhausted = ballots.votes(
                self._targets[number], self._candidates + 1, worth, self._places
            )
            moved[c] = {target: n for target, n in enumerate(reached) if n}
            if exhausted:
                moved[c]["exhausted"] = exhausted
        return moved


def _arriving(at: Positions, after: Positions) -> NDArray[np.bool_]:
    """Return which rows lie elsewhere after, and are still worth something."""
    moved = np.asarray(at.holder != after.holder, np.bool_)
    return moved if after.value is None else moved & np.asarray(after.value > 0, np.bool_)


def _with_residues(moved: dict[int, Moved], residues: Mapping[int, Decimal]) -> dict[int, Moved]:
    lost = {c: {**moved.get(c, {}), "residual surplus": residue} for c, residue in residues.items()}
    return {**moved, **lost}


def thresholds(tabulated: Tabulated) -> tuple[Decimal, ...]:
    """Return the threshold of each round at the scale RCTab gives it.

    It is whole, unless the rules divide it: then it has their places. A percentage is not rounded to votes: it is that part of
    the active votes, at two decimals more than the configuration gives it. Where the minimum of votes is higher it stands instead, whole, as the configuration
    gives it. RCTab states a threshold in every method; where the count needs none it is the whole Droop quota.
    """
    rounds, places = tabulated.traced.count.rounds, tabulated.traced.count.places
    contest = tabulated.contest
    first_holds = contest.seats > 1 or contest.rules.first_round_threshold
    return tuple(_threshold(contest, r, rounds[0] if first_holds else r, places) for r in rounds)


def _threshold(contest: Contest, round_: Round, basis: Round, places: int) -> Decimal:
    active = sum(basis.votes[c] for c in basis.continuing)
    minimum = Decimal(contest.rules.minimum_votes)
    percentage = contest.rules.percentage
    if percentage is not None:
        share = EXACT.multiply(Decimal(active), EXACT.scaleb(Decimal(percentage), -2))
        return max(EXACT.scaleb(share, -places), minimum)
    bare = _without_minimum(contest, active, 10**places)
    if _votes(bare, places) < minimum:
        return minimum
    scale = contest.rules.places if contest.rules.fractional_threshold else 0
    units = bare if round_.threshold is None else round_.threshold
    return EXACT.quantize(_votes(units, places), EXACT.scaleb(ZERO, -scale))


def _without_minimum(contest: Contest, active: int, unit: int) -> int:
    rules = contest.rules.model_copy(update={"minimum_votes": 0})
    bare = threshold_of(contest.model_copy(update={"rules": rules}), active, unit)
    if bare is None:
        bare = threshold_of(contest.model_copy(update={"rules": rules, "method": "irv"}), active, unit)
    assert bare is not None, "an instant run-off has a threshold"
    return bare


def _votes(units: int, places: int) -> Decimal:
    return EXACT.scaleb(Decimal(units), -places)
