"""The chain over a shard's log."""

from shared.contract.chain import START, link

RECORDS = ((b"record one", "accepted"), (b"record two", "malformed"))


def heads(*records: tuple[bytes, str]) -> list[str]:
    """Return the head after each record."""
    head, found = START, []
    for value, outcome in records:
        head = link(head, outcome, value)
        found.append(head.hex())
    return found


def test_heads_are_what_b2sum_says() -> None:
    """Anybody can follow the chain: 32 zero bytes, `accepted`, a line feed, `record one` into `b2sum -l 256`."""
    assert heads(*RECORDS) == [
        "5d37b929197ae85ac2d02517478687e0df1b729db15bedb74190dcbba1f82797",
        "ef6429a59851dc73e7130379d70ea3e211b2d003b33cb377bf4d17992692fe0f",
    ]


def test_what_is_changed_changes_every_head_after_it() -> None:
    """The record, its outcome, or what divides them."""
    whole = heads(*RECORDS)

    assert heads((b"record on", "accepted"), RECORDS[1])[1] != whole[1]
    assert heads((b"record one", "closed"), RECORDS[1])[1] != whole[1]
    assert heads(RECORDS[1], RECORDS[0])[1] != whole[1]
    assert link(START, "accepted", b"x") != link(START, "accept", b"edx")
