"""The private keys of whoever gives orders: files on that person's own machine, one key each.

A key file holds 64 hexadecimal digits and is readable by its owner only. It never leaves the machine: what is sent are
signatures.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.contract.elections import Election, Official
from shared.contract.signing import new_private_key, public_key

SUFFIX = ".key"
OFFICER_KEY = "officer.key"


class BadKey(ValueError):
    """A file that holds no private key, and what was expected."""


class KeyRing:
    """Private keys by public key."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    @classmethod
    def of(cls, *privates: bytes) -> "KeyRing":
        """Return a ring of these private keys."""
        return cls({public_key(private): private for private in privates})

    @classmethod
    def read(cls, folder: Path) -> "KeyRing":
        """Return the keys of a folder, or of one file. Raises BadKey."""
        files = [folder] if folder.is_file() else sorted(folder.glob(f"*{SUFFIX}"))
        return cls.of(*map(read_key, files))

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def private(self, key: str) -> bytes:
        """Return the private key of a public one. Raises KeyError."""
        return self._keys[key]


def read_key(file: Path) -> bytes:
    """Return the private key of a file. Raises BadKey."""
    try:
        private = bytes.fromhex(file.read_text().strip())
    except (OSError, ValueError) as fault:
        raise BadKey(f"{file}: expected a private key of 64 hexadecimal digits ({fault})") from fault
    if len(private) != 32:
        raise BadKey(f"{file}: expected a private key of 64 hexadecimal digits, found {2 * len(private)}")
    return private


def with_officer(election: Election, folder: Path, name: str) -> Election:
    """Return a definition with the officer whose key is in a keys folder, if it names no officials. Raises BadKey."""
    if election.officials:
        return election
    officer = Official(name=name, key=public_key(read_key(folder / OFFICER_KEY)))
    return election.model_copy(update={"officials": (officer,)})


def write_key(file: Path) -> str:
    """Make a new key, write it to a file that must not exist, for its owner's eyes only; return the public key."""
    private = new_private_key()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(private.hex() + "\n")
    return public_key(private)
