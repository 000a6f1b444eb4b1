"""Ports in a row, as a whole deployment has them."""

import secrets

from infra.local.ports import PortsTakenError, claim, require_free

FIRST, LAST = 12_000, 20_000
"""Below the range from which single free ports are taken."""
APART = 10
"""Between the beginnings of two rows, so of each only the first port need be claimed."""
ATTEMPTS = 100


def ports_in_a_row(count: int) -> range:
    """Return consecutive ports that nothing listens on and no other process of the tests was given. Raises OSError."""
    assert count <= APART
    for _ in range(ATTEMPTS):
        first = FIRST + APART * secrets.randbelow((LAST - FIRST) // APART)
        wanted = range(first, first + count)
        try:
            require_free(*wanted)
        except PortsTakenError:
            continue
        if claim(first):
            return wanted
    raise OSError(f"no {count} consecutive free ports between {FIRST} and {LAST}")
