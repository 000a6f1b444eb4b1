"""What admission comes to: a ballot to record, or the ballots of many lines, or why there is none."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise, repeat
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.contract.codes import SECRET_BYTES
from shared.contract.leaves import DIGEST_BYTES
from shared.contract.packs import ID_BYTES, Ballot, Pack

_ROW: Final = np.dtype(
    [
        ("line", "<i4"),
        ("shard", "<i4"),
        ("ballot_id", "u1", ID_BYTES),
        ("elector", "<u4"),
        ("section", "<u2"),
        ("secret", "u1", SECRET_BYTES),
        ("who", "u1", DIGEST_BYTES),
    ]
)


MOST_NAMED: Final = 20
"""Of what would have been right, so many are named in a refusal: it is not to be longer than what it refuses."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a ballot is not admitted: an HTTP status, the field, what was expected and found."""

    status: int
    title: str
    field: str
    detail: str
    retry_after_s: int | None = None
    """After so many seconds it may be sent again."""


def named(names: Collection[str]) -> str:
    """Return some names, and how many more there are."""
    shown = ", ".join(list(names)[:MOST_NAMED]) or "none yet"
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """A ballot to record: its election and shard, and what its receipt knows it by."""

    election: str
    shard: int
    ballot: Ballot
    who: bytes

    @property
    def receipt(self) -> str:
        """What is said of it once it is in the log."""
        return self.who.hex()


class AdmittedLines:
    """Ballots to record of one election, from lines that came together: a row for each.

    `columns` has a field for each of a ballot and its receipt, and `line`, its place among the lines. Its rankings stand beside it.
    """

    def __init__(self, election: str, columns: NDArray[np.void], rankings: Sequence[tuple[str, ...]]) -> None:
        self.election = election
        self.columns = columns
        self.rankings = rankings

    @classmethod
    def rows(cls, election: str, rankings: Sequence[tuple[str, ...]]) -> Self:
        """Return a row for each of the rankings, whose columns are to be filled."""
        return cls(election, np.empty(len(rankings), _ROW), rankings)

    @classmethod
    def joined(cls, election: str, parts: Sequence["AdmittedLines"]) -> "AdmittedLines":
        """Return the rows of parts, one part after another."""
        if len(parts) == 1:
            return parts[0]
        rankings = [of for part in parts for of in part.rankings]
        return cls(election, np.concatenate([np.empty(0, _ROW), *[part.columns for part in parts]]), rankings)

    def __len__(self) -> int:
        return len(self.rankings)

    def where(self, chosen: NDArray[np.bool_]) -> "AdmittedLines":
        """Return the chosen rows."""
        if chosen.all():
            return self
        return AdmittedLines(
            self.election, self.columns[chosen], list(compress(self.rankings, chosen.tolist()))
        )

    def in_order(self) -> "AdmittedLines":
        """Return the rows in the order of their lines."""
        order = np.argsort(self.columns["line"])
        return AdmittedLines(
            self.election, self.columns[order], [self.rankings[row] for row in order.tolist()]
        )

    def by_shard(self) -> Iterator[tuple[int, "AdmittedLines"]]:
        """Yield the rows of each shard, in their order."""
        shards = self.columns["shard"]
        order = np.argsort(shards, kind="stable")
        columns, rankings = self.columns[order], [self.rankings[row] for row in order.tolist()]
        starts = np.flatnonzero(np.diff(columns["shard"], prepend=-1)).tolist()
        for start, end in pairwise([*starts, len(self)]):
            of = AdmittedLines(self.election, columns[start:end], rankings[start:end])
            yield int(columns["shard"][start]), of

    def pack(self, start: int, end: int, salt: bytes) -> Pack:
        """Return a pack of the rows from start to end."""
        columns = self.columns[start:end]
        return Pack(
            self.election,
            columns["ballot_id"].tobytes(),
            columns["elector"].tobytes(),
            columns["section"].tobytes(),
            columns["secret"].tobytes(),
            salt,
            tuple(map(" ".join, zip(*self.rankings[start:end], strict=True))),
        )

    def each(self) -> Iterator[tuple[int, Admitted]]:
        """Yield each ballot by itself, after the place of its line."""
        names = ("line", "shard", "ballot_id", "elector", "section", "secret", "who")
        lines, shards, ids, electors, sections, secrets, whos = (
            list(map(bytes, column)) if column.ndim > 1 else column.tolist()
            for column in map(self.columns.__getitem__, names)
        )
        ballots = map(Ballot, ids, electors, sections, secrets, self.rankings)
        return zip(lines, map(Admitted, repeat(self.election), shards, ballots, whos), strict=False)
