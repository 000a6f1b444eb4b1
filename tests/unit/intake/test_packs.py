"""Ballots that leave intake together: packs that every reader takes, with every ballot in its order."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.intake.admission import Admitted
from services.intake.log import packed
from shared.contract.codec import decode_cast
from shared.contract.packs import MAX_PACK_BALLOTS, Ballot, Pack

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
    found: dict[tuple[int, str], list[Ballot]] = {}
    salts = set()
    for outgoing in packed("cast", sent):
        pack = decode_cast(outgoing.value)
        assert isinstance(pack, Pack)
        assert pack.ballots <= MAX_PACK_BALLOTS
        assert pack.salt not in salts
        salts.add(pack.salt)
        found.setdefault((outgoing.partition, pack.election), []).extend(pack.each())

    expected: dict[tuple[int, str], list[Ballot]] = {}
    for of in sent:
        expected.setdefault((of.shard, of.election), []).append(of.ballot)
    assert found == expected
