"""Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint): who says that a tree of so many leaves has this root.

A checkpoint is text of three lines, origin, size and root (base64), then an empty line, then one line a signature:

    — NAME BASE64(key id, 4 bytes | Ed25519 signature, 64 bytes)

A key id is the first four bytes of SHA-256(name | line feed | 0x01 | public key). A verifier key for public clients is
`NAME+KEY ID+BASE64(0x01 | public key)`.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from services.proofs.tree import HASH_BYTES
from shared.contract.signing import is_signed, sign

DASH: Final = "\N{EM DASH}"
_ED25519 = b"\x01"


class BadNote(ValueError):
    """Text that is no signed note or checkpoint, or a signature that does not hold; and what was expected."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree at one size."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the note's text, which is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A signer: a name without spaces or plus signs, and an Ed25519 public key in hexadecimal digits."""

    name: str
    key: str

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that stand before each of its signatures."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + bytes.fromhex(self.key)).digest()[:4]

    def verifier(self) -> str:
        """Return the key as public clients read it."""
        body = base64.b64encode(_ED25519 + bytes.fromhex(self.key)).decode()
        return f"{self.name}+{self.key_id.hex()}+{body}"


def origin_of(log_id: str, shard: int) -> str:
    """Return the name of one shard's tree."""
    return f"livecount/{log_id}/{shard}"


def signed_note(text: str, signer: NamedKey, private: bytes) -> str:
    """Return a text with one signature."""
    return f"{text}\n{signature_line(text, signer, private)}"


def signature_line(text: str, signer: NamedKey, private: bytes) -> str:
    """Return the line that signs a note's text; a witness adds its own to a checkpoint."""
    body = base64.b64encode(signer.key_id + bytes.fromhex(sign(private, text.encode()))).decode()
    return f"{DASH} {signer.name} {body}\n"


def open_note(note: str, known: NamedKey) -> str:
    """Return a note's text if `known` has signed it. Raises BadNote."""
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not note.endswith("\n"):
        raise BadNote("expected text, an empty line, and signatures, each line ended by a line feed")
    text += "\n"
    for line in lines.split("\n")[:-1]:
        dash, _, rest = line.partition(" ")
        name, _, body = rest.partition(" ")
        if dash != DASH or name != known.name:
            continue
        try:
            raw = base64.b64decode(body, validate=True)
        except binascii.Error as fault:
            raise BadNote(f"signature of {name}: expected base64") from fault
        if raw[:4] == known.key_id and is_signed(known.key, raw[4:].hex(), text.encode()):
            return text
    raise BadNote(f"expected a signature of {known.name} that holds")


def read_checkpoint(note: str, known: NamedKey) -> Checkpoint:
    """Return the checkpoint that `known` has signed. Raises BadNote."""
    lines = open_note(note, known).split("\n")[:-1]
    if len(lines) < 3:
        raise BadNote("expected lines of origin, size and root")
    origin, size, root = lines[:3]
    if not size.isdecimal() or (size != "0" and size.startswith("0")):
        raise BadNote(f"line 2: expected a size, found {size!r}")
    try:
        decoded = base64.b64decode(root, validate=True)
    except binascii.Error as fault:
        raise BadNote("line 3: expected a root in base64") from fault
    if len(decoded) != HASH_BYTES:
        raise BadNote(f"line 3: expected a root of {HASH_BYTES} bytes, found {len(decoded)}")
    return Checkpoint(origin, int(size), decoded)
