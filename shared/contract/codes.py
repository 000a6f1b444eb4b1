"""Voting codes, and the commitments by which a code is known to be genuine without any secret being kept.

A code is what an elector types: the number on the roll, the section, and a secret of 80 random bits, in Crockford's
base 32 (no I, L, O, U), such as "0CKR7-1-8F3K-2M9Q-X4AB-7TDC". Reading is kind: case, spaces and hyphens do not matter
within the secret, and O, I, L are read as 0, 1, 1.

The returning officer's machine makes the secrets and keeps them for the letters. Everybody else holds commitments: 80
bits of a one-way function of elector, section and secret under a key that is public and belongs to one election of one
log (the first 16 bytes of SHA-256 of `roll-commitment/LOG/ELECTION`). From a commitment no code can be made, and a code of
another election or log matches none.

The function is one AES-128 block in Matyas-Meyer-Oseas form, E_k(m) xor m (Menezes, van Oorschot, Vanstone, Handbook of
Applied Cryptography, 9.41), where m is elector (4 bytes), section (2) and secret (10): 128 bits. It is one-way as long
as AES is an ideal cipher; a guess at a given elector's secret is right once in 2^80, and guesses do not help for other
electors, since the elector is part of m. One call of the cipher does all ballots that were read together: 0.15 us each,
where BLAKE2s takes 0.75.
"""

import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from struct import error as struct_error
from typing import Final, NamedTuple

import msgspec
import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_DIGITS: Final = 16
SECRET_BYTES: Final = 10
COMMITMENT_BYTES: Final = 10
MAX_CODE_CHARS: Final = 48

_BLOCK_BYTES: Final = 16
_ELECTOR_DIGITS: Final = 5
_PRINTED_CHARS: Final = len("0CKR7--8F3K-2M9Q-X4AB-7TDC")
"""Of a printed code, without the digits of its section."""
_DIGIT_BITS: Final = np.uint64(5)
_HYPHEN: Final = 0x40
_NO_SIGN: Final = 0xC0
_VALUES: Final = np.full(256, _NO_SIGN, np.uint8)
"""Of a byte as a digit, below 32; _HYPHEN of a hyphen, and more of what stands in no code."""
_VALUES[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(32)
_VALUES[ord("-")] = _HYPHEN
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_TYPED = f"{ALPHABET}OILU{ALPHABET[10:].lower()}oilu"
_TO_PYTHON = bytes.maketrans(_TYPED.encode(), f"{_DIGITS}011~{_DIGITS[10:]}011~".encode())
"""From Crockford's digits, as they are typed, to those of `int(…, 32)`; U is none."""
_SHAPE = re.compile(rb"([0-9a-v]{1,7})-([0-9a-v]{1,3})-([0-9a-v-]{16,})")
_block = Struct("<IH10s").pack


class BadCode(ValueError):
    """Text that is no voting code, and what was expected."""


class VotingCode(msgspec.Struct, frozen=True, gc=False):
    """What a code says. Whether it is genuine, the roll's commitments show."""

    elector: int
    section: int
    secret: bytes

    def __str__(self) -> str:
        """Return the code as it is printed."""
        secret = _to_base32(int.from_bytes(self.secret)).rjust(SECRET_DIGITS, "0")
        groups = "-".join(secret[at : at + 4] for at in range(0, SECRET_DIGITS, 4))
        return f"{_to_base32(self.elector).rjust(_ELECTOR_DIGITS, '0')}-{_to_base32(self.section)}-{groups}"


class PrintedCodes(NamedTuple):
    """What codes say, in columns; a row says nothing where its code is not spelt as it is printed."""

    electors: NDArray[np.int64]
    sections: NDArray[np.uint16]
    secrets: NDArray[np.uint8]
    """(rows, 10)"""
    are_printed: NDArray[np.bool_]


def new_code(elector: int, section: int) -> VotingCode:
    """Return a new code of an elector, from the system's randomness."""
    return VotingCode(elector, section, secrets.token_bytes(SECRET_BYTES))


def voting_link(intake: str, election: str, code: str) -> str:
    """Return an elector's personal link; the code is in the fragment, which browsers do not send."""
    return f"{intake}/vote/{election}#code={code}"


def parse_code(text: str) -> VotingCode:
    """Read a voting code. Raises BadCode."""
    if len(text) > MAX_CODE_CHARS:
        raise BadCode(f"a voting code has at most {MAX_CODE_CHARS} characters")
    shape = _SHAPE.fullmatch(text.encode("ascii", "replace").translate(_TO_PYTHON, b" "))
    elector, section, secret = shape.groups() if shape else (b"", b"", b"")
    secret = secret.replace(b"-", b"")
    if len(secret) != SECRET_DIGITS:
        raise BadCode("a voting code looks like 0CKR7-1-8F3K-2M9Q-X4AB-7TDC, without a U")
    return VotingCode(int(elector, 32), int(section, 32), int(secret, 32).to_bytes(SECRET_BYTES))


def read_printed(spelt: NDArray[np.uint8]) -> PrintedCodes:
    """Read codes (rows, characters) of one length; what is not spelt as it is printed is for `parse_code`."""
    section_digits = spelt.shape[1] - _PRINTED_CHARS
    shape = "E" * _ELECTOR_DIGITS + "-" + "S" * section_digits + "-0000-0000-1111-1111"
    values = _VALUES[spelt.T]
    expected = np.array([_HYPHEN if sign == "-" else 0 for sign in shape], np.uint8)

    def number(sign: str) -> NDArray[np.uint64]:
        found = np.zeros(len(spelt), np.uint64)
        for place, of in enumerate(shape):
            if of == sign:
                found = (found << _DIGIT_BITS) | values[place]
        return found

    halves = np.stack([number("0"), number("1")], axis=1).astype(">u8").view(np.uint8).reshape(-1, 2, 8)
    return PrintedCodes(
        number("E").astype(np.int64),
        number("S").astype(np.uint16),
        halves[:, :, -SECRET_BYTES // 2 :].reshape(-1, SECRET_BYTES),
        ((values & _NO_SIGN) == expected[:, np.newaxis]).all(axis=0),
    )


@lru_cache(maxsize=256)
def _cipher(log_id: str, election: str) -> Callable[[bytes], bytes]:
    key = sha256(f"roll-commitment/{log_id}/{election}".encode()).digest()[:_BLOCK_BYTES]
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305  one block each, a hash


def commitment(log_id: str, election: str, code: VotingCode) -> bytes:
    """Return the 10 bytes by which a code of this log's election is known. Raises ValueError for a number too large."""
    try:
        block = _block(code.elector, code.section, code.secret)
    except struct_error as fault:
        raise ValueError(f"no elector {code.elector} of section {code.section} fits a code") from fault
    mixed = int.from_bytes(_cipher(log_id, election)(block)) ^ int.from_bytes(block)
    return mixed.to_bytes(_BLOCK_BYTES)[:COMMITMENT_BYTES]


def commitments(
    log_id: str,
    election: str,
    electors: NDArray[np.int64],
    sections: NDArray[np.uint16],
    secret: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the commitments (rows, 10) of codes in columns: electors, sections, and secrets (rows, 10)."""
    blocks = np.empty((len(electors), _BLOCK_BYTES), np.uint8)
    blocks[:, 0:4] = electors.astype("<u4").view(np.uint8).reshape(-1, 4)
    blocks[:, 4:6] = sections.astype("<u2").view(np.uint8).reshape(-1, 2)
    blocks[:, 6:] = secret
    mixed = np.frombuffer(_cipher(log_id, election)(blocks.tobytes()), np.uint8).reshape(-1, _BLOCK_BYTES)
    return (mixed ^ blocks)[:, :COMMITMENT_BYTES]


def _to_base32(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 32)
        digits = ALPHABET[digit] + digits
    return digits
