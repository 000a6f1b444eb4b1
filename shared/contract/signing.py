"""Signatures: Ed25519 (RFC 8032) over the bytes that are carried, and the keys by which they are checked.

A public key is 64 hexadecimal digits. Nothing here holds a private key longer than a call takes.
"""

from typing import Annotated, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import StringConstraints

KEY_CHARS: Final = 64
SIGNATURE_CHARS: Final = 128

PublicKey = Annotated[str, StringConstraints(pattern=rf"^[0-9a-f]{{{KEY_CHARS}}}$")]
Signature = Annotated[str, StringConstraints(pattern=rf"^[0-9a-f]{{{SIGNATURE_CHARS}}}$")]


def new_private_key() -> bytes:
    """Return a new private key: 32 bytes from the system's randomness."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key(private: bytes) -> str:
    """Return the public key of a private one."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()


def sign(private: bytes, message: bytes) -> str:
    """Return the signature of a message."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(message).hex()


def is_signed(key: str, signature: str, message: bytes) -> bool:
    """Return whether `signature` is that of `message` under a public key. Raises nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_in_message(log_id: str, challenge: str) -> bytes:
    """Return what somebody signs to sign in. It is no JSON, so it can never be taken for a control."""
    return f"livecount sign-in/1 {log_id} {challenge}".encode()
