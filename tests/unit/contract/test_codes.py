"""Voting codes as people type them, and the commitments by which they are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.codes import BadCode, VotingCode, commitment, commitments, new_code, parse_code

LOG = "ab" * 16
KNOWN = "47b927f6df31179d3ba3"
electors = st.integers(0, 2**31 - 2)
sections = st.integers(0, 99)
secrets = st.binary(min_size=10, max_size=10)
codes = st.builds(VotingCode, electors, sections, secrets)


@given(codes)
def test_a_code_reads_back(code: VotingCode) -> None:
    """Typed in lower case, with spaces, and with O for 0."""
    text = str(code)

    assert parse_code(text) == code
    assert parse_code(f" {text.lower().replace('0', 'o').replace('1', 'l')} ") == code


def test_a_new_code_is_another_each_time() -> None:
    """80 bits of the system's randomness."""
    assert len({new_code(7, 1).secret for _ in range(100)}) == 100


@given(codes)
def test_a_commitment_is_bound_to_everything(code: VotingCode) -> None:
    """Log, election, number, section and secret: none of them can be chosen."""
    genuine = commitment(LOG, "picnic", code)
    others = [
        commitment("cd" * 16, "picnic", code),
        commitment(LOG, "feast", code),
        commitment(LOG, "picnic", VotingCode(code.elector + 1, code.section, code.secret)),
        commitment(LOG, "picnic", VotingCode(code.elector, code.section + 1, code.secret)),
        commitment(LOG, "picnic", VotingCode(code.elector, code.section, bytes(9) + b"x")),
    ]

    assert len(genuine) == 10
    assert genuine not in others


def test_a_commitment_is_aes_in_matyas_meyer_oseas_form() -> None:
    """Reckoned with openssl: key `sha256("roll-commitment/abab…/picnic")[:16]`, one block of ECB, exclusive or."""
    code = VotingCode(5, 1, bytes(range(10)))

    assert commitment(LOG, "picnic", code).hex() == KNOWN


@given(st.lists(codes, min_size=1, max_size=30))
def test_columns_give_the_same_commitments(column: list[VotingCode]) -> None:
    """One call of the cipher for all."""
    found = commitments(
        LOG,
        "picnic",
        np.array([code.elector for code in column]),
        np.array([code.section for code in column], np.uint16),
        np.frombuffer(b"".join(code.secret for code in column), np.uint8).reshape(-1, 10),
    )

    assert [row.tobytes() for row in found] == [commitment(LOG, "picnic", code) for code in column]


@pytest.mark.parametrize(
    "text",
    ["", "7", "00007-1", "00007-1-8F3K", "U0007-1-8F3K-2M9Q-X4AB-7TDC", "x" * 49, "é-1-8F3K2M9QX4AB7TDC"],
)
def test_what_is_no_code_says_what_one_looks_like(text: str) -> None:
    """The message helps whoever types."""
    with pytest.raises(BadCode, match="voting code"):
        parse_code(text)
