"""Voting codes as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.codes import (
    BadCode,
    VotingCode,
    code_mac,
    election_key,
    fingerprint,
    issue_code,
    parse_code,
)

KEY = election_key(b"a master secret of 32 bytes or so", "picnic")


@given(st.integers(0, 2**31 - 2), st.integers(0, 99))
def test_an_issued_code_reads_back_and_is_genuine(elector: int, section: int) -> None:
    """Typed in lower case, with spaces, and with O for 0."""
    code = issue_code(KEY, elector, section)
    expected = VotingCode(elector, section, code_mac(KEY, elector, section))

    assert parse_code(code) == expected
    assert parse_code(f" {code.lower().replace('0', 'o').replace('1', 'l')} ") == expected


def test_a_code_is_bound_to_number_section_and_election() -> None:
    """None of the three can be chosen."""
    genuine = code_mac(KEY, 7, 1)

    assert code_mac(KEY, 8, 1) != genuine
    assert code_mac(KEY, 7, 2) != genuine
    assert code_mac(election_key(b"a master secret of 32 bytes or so", "other"), 7, 1) != genuine


def test_a_fingerprint_names_a_key_without_giving_it_away() -> None:
    """Eight bytes of a one-way function."""
    assert fingerprint(KEY) == fingerprint(KEY)
    assert fingerprint(KEY) not in KEY.hex()


@pytest.mark.parametrize(
    "text", ["", "7", "00007-1", "00007-1-8F3K", "U0007-1-8F3K-2M9Q-X4AB", "x" * 41, "é-1-8F3K2M9QX4AB"]
)
def test_what_is_no_code_says_what_one_looks_like(text: str) -> None:
    """The message helps whoever types."""
    with pytest.raises(BadCode, match="voting code"):
        parse_code(text)
