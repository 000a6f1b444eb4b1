"""Verdicts one by one and told together: the hot twin of `verdicts.Verdicts`.

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

SectionedPaper = tuple[Annotated[int, msgspec.Meta(ge=0)], tuple[str, ...]]
"""A section, and marks for each contest."""


class Verdict(NamedTuple):
    """The end of one ballot record."""

    election: str
    reason: str
    paper: SectionedPaper | None
    """Of a ballot that was accepted."""


class HotVerdicts(
    msgspec.Struct, array_like=True, tag=VERDICTS, forbid_unknown_fields=True, frozen=True, gc=False
):
    """Twin of `verdicts.Verdicts`: the ends of ballot records that follow one another."""

    since: Annotated[int, msgspec.Meta(ge=0)]
    election: str
    outcomes: Annotated[tuple[Run, ...], msgspec.Meta(min_length=1)]
    papers: tuple[SectionedPaper, ...]
    head: Annotated[str, msgspec.Meta(min_length=HEAD_CHARS, max_length=HEAD_CHARS)]

    @property
    def upto(self) -> int:
        """Offset after the last of the records."""
        return self.since + sum([records for _, records in self.outcomes])

    def each(self) -> Iterator[Verdict]:
        """Yield each record's verdict, from `since` on."""
        papers = iter(self.papers)
        for reason, records in self.outcomes:
            for _ in range(records):
                yield Verdict(self.election, reason, next(papers) if reason == Reason.ACCEPTED else None)

    def after(self, watermark: int) -> "HotVerdicts":
        """Return those that come after the first `watermark` records of the shard."""
        if watermark <= self.since:
            return self
        reasons = [reason for reason, records in self.outcomes for _ in range(records)]
        told = reasons[: watermark - self.since]
        papers = self.papers[told.count(Reason.ACCEPTED) :]
        return told_together(watermark, self.election, reasons[len(told) :], papers, self.head)


def each_verdict(told: HotVerdicts | ControlJudged) -> Iterator[Verdict | ControlJudged]:
    """Yield what a record of `ballots.judged` says of each cast record, from `since` on."""
    if isinstance(told, ControlJudged):
        yield told
    else:
        yield from told.each()


def told_together(
    since: int, election: str, reasons: Sequence[str], papers: Sequence[SectionedPaper], head: str
) -> HotVerdicts:
    """Return the ends of records that follow one another as one record; `head` is that after the last."""
    outcomes = tuple((reason, sum(1 for _ in alike)) for reason, alike in groupby(reasons))
    return HotVerdicts(since, election, outcomes, tuple(papers), head)
