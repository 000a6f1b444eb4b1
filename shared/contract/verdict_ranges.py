"""Verdicts one by one and in ranges: the hot twin of `verdicts.Verdicts`.

Rule 1: a reader applies a range from its own watermark on, wherever the range was cut (see runtime.watermark.joins).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated, NamedTuple

import msgspec

from shared.contract.chain import HEAD_CHARS
from shared.contract.verdicts import VERDICTS, ControlJudged, Reason

Run = tuple[str, Annotated[int, msgspec.Meta(ge=1)]]
"""A Reason, and how many records in a row ended so."""

HotAnonymousBallot = tuple[Annotated[int, msgspec.Meta(ge=0)], tuple[str, ...]]
"""A section, and marks for each contest."""


class Verdict(NamedTuple):
    """The end of one ballot record."""

    election: str
    reason: str
    ballot: HotAnonymousBallot | None
    """Of a ballot that was accepted."""


class HotVerdicts(
    msgspec.Struct, array_like=True, tag=VERDICTS, forbid_unknown_fields=True, frozen=True, gc=False
):
    """Twin of `verdicts.Verdicts`: the ends of ballot records that follow one another."""

    since: Annotated[int, msgspec.Meta(ge=0)]
    election: str
    outcomes: Annotated[tuple[Run, ...], msgspec.Meta(min_length=1)]
    accepted: tuple[HotAnonymousBallot, ...]
    head: Annotated[str, msgspec.Meta(min_length=HEAD_CHARS, max_length=HEAD_CHARS)]

    @property
    def upto(self) -> int:
        """Offset after the last of the records."""
        return self.since + sum([records for _, records in self.outcomes])

    def each(self) -> Iterator[Verdict]:
        """Yield each record's verdict, from `since` on."""
        ballots = iter(self.accepted)
        for reason, records in self.outcomes:
            for _ in range(records):
                yield Verdict(self.election, reason, next(ballots) if reason == Reason.ACCEPTED else None)

    def after(self, watermark: int) -> "HotVerdicts":
        """Return those that come after the first `watermark` records of the shard."""
        if watermark <= self.since:
            return self
        reasons = [reason for reason, records in self.outcomes for _ in range(records)]
        before = reasons[: watermark - self.since]
        accepted = self.accepted[before.count(Reason.ACCEPTED) :]
        return verdict_range(watermark, self.election, reasons[len(before) :], accepted, self.head)


def each_verdict(record: HotVerdicts | ControlJudged) -> Iterator[Verdict | ControlJudged]:
    """Yield what a record of `ballots.judged` says of each cast record, from `since` on."""
    if isinstance(record, ControlJudged):
        yield record
    else:
        yield from record.each()


def verdict_range(
    since: int, election: str, reasons: Sequence[str], accepted: Sequence[HotAnonymousBallot], head: str
) -> HotVerdicts:
    """Return the ends of records that follow one another as one record; `head` is that after the last."""
    outcomes = tuple((reason, sum(1 for _ in alike)) for reason, alike in groupby(reasons))
    return HotVerdicts(since, election, outcomes, tuple(accepted), head)
