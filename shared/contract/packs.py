"""A pack: the ballots of one election that leave intake together for one shard, in columns.

A pack is the only form in which ballots stand in the log; a single ballot is a pack of one. On the wire it is a
msgpack array:

    ["ballot-pack/1", election, ids, electors, sections, secrets, salt, [marks, one string a contest]]

| column   | bytes a ballot | holds                                                                    |
|----------|----------------|--------------------------------------------------------------------------|
| ids      | 16             | ballot ids                                                               |
| electors | 4              | numbers on the roll, little-endian                                       |
| sections | 2              | places of the sections in the election's list, little-endian             |
| secrets  | 10             | secrets of the voting codes                                              |
| salt     | 16 in all      | from which `what_digests` makes the salt of each ballot's leaf            |
| marks    | as they are    | for each contest the ballots' marks, in order, joined by single spaces   |

A ballot's place in the log is (shard, offset, index in the pack).
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from shared.contract.codes import SECRET_BYTES

BALLOT_PACK: Final = "ballot-pack/1"
MAX_PACK_BALLOTS: Final = 512
MAX_PACK_BYTES: Final = 64 * 1024
ID_BYTES: Final = 16
ELECTOR_BYTES: Final = 4
SECTION_BYTES: Final = 2
SALT_BYTES: Final = 16
_COLUMN_BYTES: Final = [
    (ID_BYTES * ballots, ELECTOR_BYTES * ballots, SECTION_BYTES * ballots, SECRET_BYTES * ballots)
    for ballots in range(MAX_PACK_BALLOTS + 1)
]
"""Of a pack of so many ballots: what ids, electors, sections and secrets take."""


class Ballot(msgspec.Struct, frozen=True, gc=False):
    """What one elector casts, as intake read it."""

    ballot_id: bytes
    elector: int
    section: int
    secret: bytes
    rankings: tuple[str, ...]
    """Marks, one for each contest in the election's order."""


class Pack(
    msgspec.Struct, array_like=True, tag=BALLOT_PACK, forbid_unknown_fields=True, frozen=True, gc=False
):
    """Ballots of one election in columns; see the module's table."""

    election: Annotated[str, msgspec.Meta(min_length=1, max_length=48)]
    ids: bytes
    electors: bytes
    sections: bytes
    secrets: bytes
    salt: Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]
    marks: tuple[str, ...]

    @property
    def ballots(self) -> int:
        """How many ballots the pack holds."""
        return len(self.electors) // ELECTOR_BYTES

    def is_beside(self, other: "Pack") -> bool:
        """Whether both are of one election and rank equally many contests, so that columns may hold both."""
        return self.election == other.election and len(self.marks) == len(other.marks)

    def each(self) -> list[Ballot]:
        """Return the ballots, one by one."""
        size = self.ballots
        ids, secrets = self.ids, self.secrets
        electors = np.frombuffer(self.electors, "<u4").tolist()
        sections = np.frombuffer(self.sections, "<u2").tolist()
        columns = [column.split(" ") for column in self.marks]
        rankings = list(zip(*columns, strict=True)) if columns else [()] * size
        return [
            Ballot(
                ids[ID_BYTES * i : ID_BYTES * (i + 1)],
                electors[i],
                sections[i],
                secrets[SECRET_BYTES * i : SECRET_BYTES * (i + 1)],
                rankings[i],
            )
            for i in range(size)
        ]


def pack_of(election: str, ballots: Sequence[Ballot], salt: bytes) -> Pack:
    """Return a pack of ballots that rank equally many contests; marks hold no spaces."""
    return Pack(
        election,
        b"".join([ballot.ballot_id for ballot in ballots]),
        np.array([ballot.elector for ballot in ballots], "<u4").tobytes(),
        np.array([ballot.section for ballot in ballots], "<u2").tobytes(),
        b"".join([ballot.secret for ballot in ballots]),
        salt,
        tuple(map(" ".join, zip(*[ballot.rankings for ballot in ballots], strict=True))),
    )


def pack_fault(pack: Pack, size: int) -> str | None:
    """Return why `pack`, `size` bytes on the wire, is none; None if it is one. Contents are the judge's business."""
    found = (len(pack.ids), len(pack.electors), len(pack.sections), len(pack.secrets))
    ballots = found[1] // ELECTOR_BYTES
    if size > MAX_PACK_BYTES:
        return f"{size} bytes, a pack has at most {MAX_PACK_BYTES}"
    if not 0 < ballots <= MAX_PACK_BALLOTS:
        return f"{ballots} ballots, a pack holds 1 to {MAX_PACK_BALLOTS}"
    if found != _COLUMN_BYTES[ballots]:
        return (
            f"columns of {found} bytes (ids, electors, sections, secrets), expected {_COLUMN_BYTES[ballots]}"
        )
    for contest, marks in enumerate(pack.marks):
        if marks.count(" ") != ballots - 1:
            return f"marks of contest {contest}: {marks.count(' ') + 1} ballots, expected {ballots}"
    return None


class Columns:
    """Packs of one election with equally many contests, joined: row i is the i-th ballot of all.

    `ids` (rows, 16), `secrets` (rows, 10): uint8. `electors`: int64. `sections`: uint16. `marks`: for each contest a list
    of `rows` strings. `sizes`: ballots of each pack.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        _, ids, electors, sections, secrets, _, marks = zip(*map(astuple, packs), strict=True)
        self.sizes = [len(column) // ELECTOR_BYTES for column in electors]
        self.electors = np.frombuffer(b"".join(electors), "<u4").astype(np.int64)
        self.sections: NDArray[np.uint16] = np.frombuffer(b"".join(sections), "<u2")
        self.ids = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, ID_BYTES)
        self.secrets = np.frombuffer(b"".join(secrets), np.uint8).reshape(-1, SECRET_BYTES)
        self.marks = [" ".join(column).split(" ") for column in zip(*marks, strict=True)]

    def __len__(self) -> int:
        return len(self.electors)

    def ballot(self, row: int) -> Ballot:
        """Return one ballot."""
        return Ballot(
            self.ids[row].tobytes(),
            int(self.electors[row]),
            int(self.sections[row]),
            self.secrets[row].tobytes(),
            tuple(column[row] for column in self.marks),
        )
