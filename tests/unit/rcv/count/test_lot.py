"""The lot is a public fact: anybody can draw it again."""

from hashlib import blake2b

from shared.rcv.count.ties import draw_lot
from tests.support.elections import contest


def test_the_lot_is_the_order_of_the_published_digests() -> None:
    """Place 0 belongs to the lowest digest of seed and id."""
    lot = draw_lot(contest())
    digests = {
        name: blake2b(f"tests/{name}".encode()).hexdigest()
        for name in ("apple", "banana", "cherry", "damson")
    }
    assert [name for _, name in sorted(zip(lot, digests, strict=True))] == sorted(
        digests, key=digests.__getitem__
    )


def test_the_seed_known_beforehand_gives_the_order_known_beforehand() -> None:
    """Pinned: a release that draws another lot would change past results."""
    assert draw_lot(contest()) == (3, 1, 2, 0)


def test_another_seed_draws_another_lot() -> None:
    """Else the seed would be for show."""
    lots = {draw_lot(contest().model_copy(update={"lot": seed})) for seed in ("one", "two", "three", "four")}
    assert len(lots) > 1
