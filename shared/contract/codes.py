"""Voting codes: an elector's number and section, and a truncated keyed MAC that makes them genuine.

A code is what an elector types: three groups in Crockford's base 32 (no I, L, O, U), such as
"0CKR7-1-8F3K-2M9Q-X4AB": number, section, MAC. Reading is kind: case, spaces and hyphens do not matter
within the MAC, and O, I, L are read as 0, 1, 1.

The MAC is BLAKE2s (RFC 7693) keyed for one election, cut to 60 bits: a guess is right once in 2^60.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b, blake2s

import msgspec

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAC_DIGITS = 12
MAC_BITS = 5 * MAC_DIGITS
MAX_CODE_CHARS = 40

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_TYPED = f"{ALPHABET}OILU{ALPHABET[10:].lower()}oilu "
_TO_PYTHON = str.maketrans(dict(zip(_TYPED, [*_DIGITS, *"011~", *_DIGITS[10:], *"011~", None], strict=True)))
"""From Crockford's digits, as they are typed, to those of `int(…, 32)`: spaces go, and U is none."""
_SHAPE = re.compile(r"([0-9a-v]{1,7})-([0-9a-v]{1,3})-([0-9a-v-]{12,})")


class BadCode(ValueError):
    """Text that is no voting code, and what was expected."""


class VotingCode(msgspec.Struct, frozen=True, gc=False):
    """What a code says. Whether it is genuine, `code_mac` tells."""

    elector: int
    section: int
    mac: int


def election_key(master: bytes, election: str) -> bytes:
    """Return the key of one election's codes, derived from the deployment's master secret (32 bytes or more)."""
    assert len(master) >= 32, "a master secret has 32 bytes or more"
    return blake2b(election.encode(), key=master[:64], digest_size=32, person=b"voting-codes").digest()


def fingerprint(key: bytes) -> str:
    """Return what an opening record names a key by, without giving it away."""
    return blake2b(key, digest_size=8, person=b"fingerprint").hexdigest()


def code_mac(key: bytes, elector: int, section: int) -> int:
    """Return the 60-bit MAC of an elector's number and section."""
    return code_macs(key)(elector, section)


@lru_cache(maxsize=1024)
def code_macs(key: bytes) -> Callable[[int, int], int]:
    """Return `code_mac` of one key, for those who need many: the key is taken in once."""
    keyed, number = blake2s(key=key, digest_size=8).copy, int.from_bytes

    def mac_of(elector: int, section: int) -> int:
        mac = keyed()
        mac.update(b"%d/%d" % (elector, section))
        return number(mac.digest()) >> (64 - MAC_BITS)

    return mac_of


def issue_code(key: bytes, elector: int, section: int) -> str:
    """Return the voting code of an elector."""
    mac = _to_base32(code_mac(key, elector, section)).rjust(MAC_DIGITS, "0")
    return f"{_to_base32(elector).rjust(5, '0')}-{_to_base32(section)}-{mac[:4]}-{mac[4:8]}-{mac[8:]}"


def parse_code(text: str) -> VotingCode:
    """Read a voting code. Raises BadCode."""
    if len(text) > MAX_CODE_CHARS:
        raise BadCode(f"a voting code has at most {MAX_CODE_CHARS} characters")
    shape = _SHAPE.fullmatch(text.translate(_TO_PYTHON))
    elector, section, mac = shape.groups() if shape else ("", "", "")
    mac = mac.replace("-", "")
    if len(mac) != MAC_DIGITS:
        raise BadCode("a voting code looks like 0CKR7-1-8F3K-2M9Q-X4AB, without a U")
    return VotingCode(int(elector, 32), int(section, 32), int(mac, 32))


def _to_base32(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 32)
        digits = ALPHABET[digit] + digits
    return digits
