"""Ballots that leave intake together: packs that every reader takes, with every ballot in its order."""

from collections.abc import Iterable, Sequence
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.intake.log import packed, packed_lines
from services.intake.outcomes import Admitted, AdmittedLines
from shared.contract.codec import decode_cast
from shared.contract.packs import MAX_PACK_BALLOTS, Ballot, Pack
from shared.runtime.log import Outgoing

LONGEST = 16_000
"""Bytes of marks in a form of the largest body."""


@given(st.integers(0, 2**32), st.integers(1, 1_300), st.sampled_from((3, 200, LONGEST)))
def test_every_ballot_is_in_one_pack_of_its_shard_in_the_order_it_came(
    seed: int, number: int, marks: int
) -> None:
    """However many there are and however long they are; the 64 KiB and the 512 ballots of a pack are kept."""
    random = Random(seed)
    if marks == LONGEST:
        number = number // 20 + 1
    sent = [
        Admitted(
            random.choice(("one", "two")),
            random.randrange(3),
            Ballot(
                random.randbytes(16),
                place,
                0,
                random.randbytes(10),
                ("0>" * random.randint(0, marks // 2) + "1",),
            ),
            bytes(32),
        )
        for place in range(number)
    ]
    rows = [lines_of(name, [of for of in sent if of.election == name]) for name in ("one", "two")]
    half = [len(of) // 2 for of in rows]
    parts = [of.where(np.arange(len(of)) < at) for of, at in zip(rows, half, strict=True)]
    parts += [of.where(np.arange(len(of)) >= at) for of, at in zip(rows, half, strict=True)]
    expected: dict[tuple[int, str], list[Ballot]] = {}
    for of in sent:
        expected.setdefault((of.shard, of.election), []).append(of.ballot)

    assert read(packed("cast", sent)) == expected
    assert read(packed_lines("cast", parts)) == expected


def lines_of(election: str, sent: Sequence[Admitted]) -> AdmittedLines:
    """Return ballots as a stream's lines bring them."""
    lines = AdmittedLines.rows(election, [of.ballot.rankings for of in sent])
    for row, of in zip(lines.columns, sent, strict=True):
        ballot = of.ballot
        row["shard"], row["elector"], row["section"] = of.shard, ballot.elector, ballot.section
        row["ballot_id"], row["secret"] = list(ballot.ballot_id), list(ballot.secret)
    return lines


def read(items: Iterable[Outgoing]) -> dict[tuple[int, str], list[Ballot]]:
    """Return the ballots of packs, by shard and election."""
    found: dict[tuple[int, str], list[Ballot]] = {}
    salts = set()
    for outgoing in items:
        pack = decode_cast(outgoing.value)
        assert isinstance(pack, Pack)
        assert pack.ballots <= MAX_PACK_BALLOTS
        assert pack.salt not in salts
        salts.add(pack.salt)
        found.setdefault((outgoing.partition, pack.election), []).extend(pack.each())
    return found
