"""The chain over a shard's log."""

from shared.contract.chain import START, digest, link

RECORDS = ((b"record one", "accepted"), (b"record two", "malformed"))


def heads(*records: tuple[bytes, str]) -> list[str]:
    """Return the head after each record."""
    head, found = START, []
    for value, outcome in records:
        head = link(head, outcome, digest(value))
        found.append(head.hex())
    return found


def test_heads_are_what_b2sum_says() -> None:
    """Anybody can follow the chain: 32 zero bytes, the record's own digest, `accepted` into `b2sum -l 256`."""
    assert heads(*RECORDS) == [
        "fcb66397f1dd5eaddafecea737ea65a1422ba9abbac561a76d81702b83aac651",
        "c05f405eae61eb15cc167a8421f692bbc02c559c1785a6d0812ae5a12428e4e5",
    ]


def test_what_is_changed_changes_every_head_after_it() -> None:
    """The record, its outcome, or what divides them."""
    whole = heads(*RECORDS)

    assert heads((b"record on", "accepted"), RECORDS[1])[1] != whole[1]
    assert heads((b"record one", "closed"), RECORDS[1])[1] != whole[1]
    assert heads(RECORDS[1], RECORDS[0])[1] != whole[1]
    assert link(START, "accepted", digest(b"x")) != link(START, "accept", digest(b"edx"))
