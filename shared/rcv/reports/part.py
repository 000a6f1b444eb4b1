"""The rounds of a part of the ballots: all, or those of a precinct or a batch, along the whole contest's decisions.

Rule 1: a part's tallies are what its own ballots bring. Only the whole contest is set back to the threshold, for only
        there a surplus that fixed places cannot pass on is known; it is the residue.
Rule 2: a candidate elected before keeps what they had in the round after their election.
Rule 3: active is what candidates hold, with it the final round's surplus.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.reports.numbers import EXACT, ZERO, less, total
from shared.rcv.reports.pile import Pile, Worth
from shared.rcv.reports.standing import BESIDES, Standing, standings
from shared.rcv.reports.tabulated import Tabulated
from shared.rcv.reports.thresholds import thresholds

Moved = dict[int | str, Decimal]
"""Votes that leave a candidate, by whom they reach or, where they reach nobody, "exhausted" or "residual surplus"."""


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
    """Tells any part of one count."""

    def __init__(self, tabulated: Tabulated) -> None:
        self._rounds = tabulated.traced.count.rounds
        self._places = tabulated.traced.count.places
        self._candidates = len(tabulated.contest.candidates)
        self._rows = tabulated.rows
        self.standings: Final = standings(tabulated)
        self._thresholds = thresholds(tabulated)
        self._arriving = [np.zeros(0, np.bool_), *map(_arriving, self.standings, self.standings[1:])]
        self._targets = [np.minimum(standing.holder, self._candidates) for standing in self.standings]
        self._one_place = np.zeros_like(self.standings[0].holder)

    def whole(self) -> Part:
        """Return the rounds of all ballots."""
        return self._tell(Pile.of(self._rows), whole=True)

    def slice(self, places: NDArray[np.intp]) -> Part:
        """Return the rounds of the ballots at `places` among the records."""
        return self._tell(Pile.of(self._rows[places]), whole=False)

    def _tell(self, pile: Pile, *, whole: bool) -> Part:
        rounds: list[PartRound] = []
        transfers: list[Mapping[int, Moved]] = []
        for number in range(len(self.standings)):
            kept = self._kept(pile, number, rounds, whole=whole)
            if number:
                transfers.append(_with_residues(self._moved(pile, number), kept.residues))
            rounds.append(self._round(pile, number, kept, rounds[-1].residue if rounds else ZERO))
        return Part(tuple(rounds), (*transfers, {}))

    def _round(self, pile: Pile, number: int, kept: Kept, lost_before: Decimal) -> PartRound:
        standing = self.standings[number]
        worth = Worth(standing.value, standing.divided)
        held = pile.votes(standing.holder, self._candidates + BESIDES, worth, self._places)
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
        standing, threshold = self.standings[number], self._thresholds[number]
        tally: dict[int, Decimal] = {}
        residues: dict[int, Decimal] = {}
        for c in standing.kept:
            if c in self.standings[number - 1].kept:
                tally[c] = before[-1].tally[c]
                continue
            tally[c] = self._kept_by(pile, standing, c)
            if whole and tally[c] > threshold:
                residues[c] = less(tally[c], threshold)
                tally[c] = threshold
        return Kept(tally, residues)

    def _kept_by(self, pile: Pile, standing: Standing, candidate: int) -> Decimal:
        worth = Worth(standing.kept[candidate], standing.through[candidate])
        return pile.votes(self._one_place, 1, worth, self._places)[0]

    def _moved(self, pile: Pile, number: int) -> dict[int, Moved]:
        """Return what leaves each candidate for round `number`. Ballots worth nothing leave no trace."""
        after = self.standings[number]
        worth = Worth(after.value, after.divided)
        left = pile.pick(self._arriving[number][pile.rows])
        source = self.standings[number - 1].holder[left.rows]
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


def _arriving(standing: Standing, after: Standing) -> NDArray[np.bool_]:
    """Return which rows lie elsewhere after, and are still worth something."""
    moved = np.asarray(standing.holder != after.holder, np.bool_)
    return moved if after.value is None else moved & np.asarray(after.value > 0, np.bool_)


def _with_residues(moved: dict[int, Moved], residues: Mapping[int, Decimal]) -> dict[int, Moved]:
    lost = {c: {**moved.get(c, {}), "residual surplus": residue} for c, residue in residues.items()}
    return {**moved, **lost}
