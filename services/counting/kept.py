"""Which standings of a contest stay readable for ever: `counts.history`, beside the newest in `counts.published`.

Rule 1: only what was published is kept, byte for byte: the past shows nothing that was not shown when it was new.
Rule 2: one a minute at most; beside it one each time a fiftieth of the electors has been counted since the last, so that a
        short count has its course, too; and wherever the order of things changes (phase, withdrawal, correction, certificate)
        the standing before and the one after.
Rule 3: a process that starts again keeps the next one once more: the same sequence has the same key and the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.contract.standings import Standing

KEPT_EVERY_REPUBLISH: Final = 3
"""Counting publishes its newest again every 20 s (app.py); at each third time a minute has gone by."""
PARTS_OF_THE_ROLL: Final = 50


class Past(NamedTuple):
    """A standing as it was published."""

    sequence: int
    body: bytes


NOTHING: Final = Past(-1, b"")


@dataclass
class Keeper:
    """What has been kept of one contest."""

    is_due: bool = True
    """Whether a minute has gone by."""
    _newest: Past = NOTHING
    _kept: int = -1
    """The sequence of the last one kept."""
    _ballots: int = 0
    _order: tuple[object, ...] = ()

    def keep(self, standing: Standing, body: bytes) -> Iterator[Past]:
        """Take a standing that is published; yield those to be kept now, oldest first. A repeated one is passed over."""
        before, order = self._newest, _order_of(standing)
        if standing.sequence <= before.sequence:
            return
        self._newest = Past(standing.sequence, body)
        electors = sum(line.electors for line in standing.turnout)
        is_far = PARTS_OF_THE_ROLL * (standing.balance.accepted - self._ballots) >= max(electors, 1)
        has_turned = order != self._order
        if has_turned and self._kept < before.sequence:
            yield before
        if self.is_due or is_far or has_turned:
            self.is_due, self._kept, self._order = False, standing.sequence, order
            self._ballots = standing.balance.accepted
            yield self._newest


def _order_of(standing: Standing) -> tuple[object, ...]:
    """Return what readers look back for: a change of it divides before from after."""
    out = tuple(candidate.id for candidate in standing.contest.candidates if candidate.excluded)
    return standing.phases, out, standing.withheld, standing.certificate, standing.balance.voided
