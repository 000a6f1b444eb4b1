"""Records of one part of a bundle, framed so that damage is found and its place known. Pure.

A frame is a line `OFFSET LENGTH CHECKSUM`, the record's bytes, and a line feed. Offsets count up from zero. The
checksum is the CRC-32 of the part's name, a space, the offset, a line feed, and the record's bytes, in 8 hexadecimal
digits: a record at another place is as wrong as a changed one.
"""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

MAX_RECORD_BYTES: Final = 1024 * 1024
MAX_LINE_BYTES: Final = 64


class BadFrame(ValueError):
    """A frame that is not as it was written, and its offset."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(why)
        self.offset = offset


class Readable(Protocol):
    """What frames are read from."""

    def readline(self, limit: int) -> bytes:
        """Return a line of at most `limit` bytes."""

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer at the end."""


def frame(part: str, offset: int, value: bytes) -> bytes:
    """Return a record's frame."""
    return b"%b%b\n" % (_line(part, offset, value), value)


def read_frames(part: str, file: Readable) -> Iterator[bytes]:
    """Yield the records of a part. Raises BadFrame."""
    offset = 0
    while line := file.readline(MAX_LINE_BYTES):
        value = file.read(_length(line, offset))
        if line != _line(part, offset, value) or file.read(1) != b"\n":
            raise BadFrame(offset, "its bytes do not match its checksum")
        yield value
        offset += 1


def _line(part: str, offset: int, value: bytes) -> bytes:
    checksum = zlib.crc32(value, zlib.crc32(b"%b %d\n" % (part.encode(), offset)))
    return b"%d %d %08x\n" % (offset, len(value), checksum)


def _length(line: bytes, offset: int) -> int:
    words = line.split(b" ")
    if len(words) != 3 or not words[1].isdigit() or int(words[1]) > MAX_RECORD_BYTES:
        raise BadFrame(offset, f"expected a line of offset, length and checksum, found {line!r}")
    return int(words[1])
