"""Verdicts on cast records that follow one another: one record of `ballots.judged`, a *range*.

On the wire a range is a msgpack array:

    ["verdicts/2", since, election, sizes, outcomes, rankings, head]

`sizes` holds the ballots of each cast record (2 bytes each, little-endian), `outcomes` runs of reasons over the ballots in
order, and `rankings`, for each contest, the different (section, marks) among the accepted ballots in order of first
appearance, and for each accepted ballot which of them it carries (2 bytes each). A superseding ballot has two entries, its own
and, right after it, that of the ballot which it takes out of the count: its reason says so. A record that cannot be read is one
ballot of no election.

A range may be cut after any record: a reader applies what is beyond its watermark, wherever the range begins.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.contract.chain import HEAD_BYTES
from shared.contract.verdicts import COUNTED_BALLOTS, Reason

VERDICTS: Final = "verdicts/2"
MAX_BALLOTS_IN_RANGE: Final = 4_096
"""A range ends with the record that reaches it, so it may hold one pack more."""

Run = tuple[str, Annotated[int, msgspec.Meta(ge=1)]]
"""A Reason, and how many ballots in a row have it."""

Ranking = tuple[Annotated[int, msgspec.Meta(ge=0)], str]
"""A section's place, and marks."""


class AnonymousBallot(NamedTuple):
    """A ballot without its elector: section and marks for each contest."""

    section: int
    rankings: tuple[str, ...]


class Verdict(NamedTuple):
    """What became of one ballot."""

    election: str
    reason: str
    ballot: AnonymousBallot | None
    """If it counts from here on."""
    superseded: AnonymousBallot | None = None
    """The elector's earlier ballot, if this one takes its place."""


class ContestRankings(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the accepted ballots of a range carry in one contest."""

    different: tuple[Ranking, ...]
    which: bytes
    """For each accepted ballot, the place of its ranking in `different`; for a superseding one also that of the ballot before."""

    def places(self) -> NDArray[np.uint16]:
        """Return `which` as numbers."""
        return np.frombuffer(self.which, "<u2")


class Verdicts(
    msgspec.Struct, array_like=True, tag=VERDICTS, forbid_unknown_fields=True, frozen=True, gc=False
):
    """A range; see the module."""

    since: Annotated[int, msgspec.Meta(ge=0)]
    election: str
    sizes: Annotated[bytes, msgspec.Meta(min_length=2)]
    outcomes: Annotated[tuple[Run, ...], msgspec.Meta(min_length=1)]
    rankings: tuple[ContestRankings, ...]
    head: Annotated[bytes, msgspec.Meta(min_length=HEAD_BYTES, max_length=HEAD_BYTES)]

    @property
    def upto(self) -> int:
        """Offset after the last of the records."""
        return self.since + len(self.sizes) // 2

    def ballots_of(self) -> list[int]:
        """Return how many ballots each record holds."""
        sizes: list[int] = np.frombuffer(self.sizes, "<u2").tolist()
        return sizes

    def each(self) -> Iterator[Verdict]:
        """Yield the verdict on each ballot, in order."""
        accepted = iter(self._accepted())
        for reason, ballots in self.outcomes:
            for _ in range(ballots):
                ballot = next(accepted) if reason in COUNTED_BALLOTS else None
                superseded = next(accepted) if reason == Reason.SUPERSEDING else None
                yield Verdict(self.election, reason, ballot, superseded)

    def signs(self) -> NDArray[np.int8]:
        """Return for each entry of `which` whether its ballot comes into the count, +1, or leaves it, -1."""
        entries = [
            np.tile(np.array((1, -1)[: COUNTED_BALLOTS[reason]], np.int8), ballots)
            for reason, ballots in self.outcomes
            if reason in COUNTED_BALLOTS
        ]
        return np.concatenate(entries) if entries else np.zeros(0, np.int8)

    def after(self, watermark: int) -> "Verdicts":
        """Return the verdicts on what comes after the first `watermark` records of the shard."""
        records = watermark - self.since
        if records <= 0:
            return self
        sizes = self.ballots_of()
        reasons = [reason for reason, ballots in self.outcomes for _ in range(ballots)]
        before = sum(sizes[:records])
        entries = sum(COUNTED_BALLOTS.get(reason, 0) for reason in reasons[:before])
        rankings = tuple(ContestRankings(of.different, of.which[2 * entries :]) for of in self.rankings)
        return Verdicts(
            watermark, self.election, self.sizes[2 * records :], runs(reasons[before:]), rankings, self.head
        )

    def _accepted(self) -> list[AnonymousBallot]:
        columns = [[of.different[place] for place in of.places().tolist()] for of in self.rankings]
        return [
            AnonymousBallot(rankings[0][0], tuple(marks for _, marks in rankings))
            for rankings in zip(*columns, strict=True)
        ]


def runs(reasons: Sequence[str]) -> tuple[Run, ...]:
    """Return reasons in runs."""
    return tuple((str(reason), sum(1 for _ in alike)) for reason, alike in groupby(reasons))


def outcome_words(outcomes: Sequence[Run]) -> str:
    """Return the outcome of a record's ballots as the chain links it: "accepted 5,bad-code 1"."""
    return ",".join([f"{reason} {ballots}" for reason, ballots in outcomes])


def verdict_range(
    since: int, election: str, sizes: Sequence[int], verdicts: Sequence[Verdict], head: bytes
) -> Verdicts:
    """Return the range of these verdicts, in its one spelling. `head` is that after the last record."""
    accepted = [
        ballot
        for verdict in verdicts
        for ballot in (verdict.ballot, verdict.superseded)
        if ballot is not None
    ]
    rankings = []
    for column in zip(*[ballot.rankings for ballot in accepted], strict=True):
        places: dict[Ranking, int] = {}
        which = [
            places.setdefault((ballot.section, marks), len(places))
            for ballot, marks in zip(accepted, column, strict=True)
        ]
        rankings.append(ContestRankings(tuple(places), np.array(which, "<u2").tobytes()))
    outcomes = runs([verdict.reason for verdict in verdicts])
    return Verdicts(since, election, np.array(sizes, "<u2").tobytes(), outcomes, tuple(rankings), head)


def range_fault(verdicts: Verdicts) -> str | None:
    """Return why the parts of a range do not fit one another, or None if they do."""
    reached = ballots = accepted = 0
    sizes = verdicts.ballots_of()
    if len(verdicts.sizes) % 2 or 0 in sizes:
        return "a record without ballots"
    for reason, alike in verdicts.outcomes:
        ballots += alike
        accepted += alike * COUNTED_BALLOTS.get(reason, 0)
    reached = sum(sizes)
    if ballots != reached:
        return f"verdicts on {ballots} ballots, the records hold {reached}"
    if reached - sizes[-1] >= MAX_BALLOTS_IN_RANGE:
        return f"{reached} ballots, a range ends once it holds {MAX_BALLOTS_IN_RANGE}"
    if bool(accepted) != bool(verdicts.rankings):
        return f"rankings of {len(verdicts.rankings)} contests for {accepted} accepted ballots"
    for contest, of in enumerate(verdicts.rankings):
        places = of.places() if len(of.which) == 2 * accepted else None
        if places is None or int(places.max(initial=0)) >= len(of.different):
            return f"contest {contest}: expected the rankings of {accepted} accepted ballots"
    return None
