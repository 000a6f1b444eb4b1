"""A roll as the returning officer makes it, offline: a voting code for each elector, and the commitments that go up.

Electors are numbered 0 .. electors - 1, section after section in the election's order. A *roll file* holds what everybody
may know: one line of JSON, then 10 bytes of commitment an elector. The secrets leave the officer's machine in letters only.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from shared.contract.codes import ALPHABET, COMMITMENT_BYTES, SECRET_BYTES, SECRET_DIGITS, commitments
from shared.contract.elections import Election, Frozen
from shared.contract.events import MAX_CHUNK_ELECTORS, RollPart, roll_part
from shared.contract.ids import MAX_ELECTORS, ElectionId, LogId

ROLL: Final = "roll/1"
BLOCK_ELECTORS: Final = 100_000
"""Electors whose codes are made together."""
CSV_HEAD: Final = "elector,section,code\n"
_SYMBOLS: Final = np.frombuffer(ALPHABET.encode(), np.uint8)
_NUMBER_DIGITS: Final = 5


class RollHead(Frozen):
    """The first line of a roll file."""

    type: str = ROLL
    log: LogId
    election: ElectionId
    electors: int = Field(ge=0, le=MAX_ELECTORS)


class Roll(Frozen, arbitrary_types_allowed=True):
    """The commitments of an election's electors, (electors, 10) bytes by elector number."""

    head: RollHead
    commitments: NDArray[np.uint8]

    def part(self, shard: int, shards: int) -> NDArray[np.uint8]:
        """Return the commitments of one shard's electors, by their places in it."""
        return self.commitments[shard::shards]

    def parts(self, shards: int) -> tuple[RollPart, ...]:
        """Return what the opening control names of each shard."""
        return tuple(roll_part(self.part(shard, shards).tobytes()) for shard in range(shards))

    def chunks(self, shard: int, shards: int) -> Iterator[tuple[int, bytes]]:
        """Yield a shard's part in chunks for one record each: the first place, and the commitments."""
        part = self.part(shard, shards)
        for first in range(0, len(part), MAX_CHUNK_ELECTORS):
            yield first, part[first : first + MAX_CHUNK_ELECTORS].tobytes()

    def encoded(self) -> bytes:
        """Return the roll file."""
        return self.head.model_dump_json().encode() + b"\n" + self.commitments.tobytes()


def read_roll(content: bytes) -> Roll:
    """Read a roll file. Raises ValueError that says what was expected."""
    line, _, rest = content.partition(b"\n")
    try:
        head = RollHead.model_validate_json(line)
    except ValidationError as fault:
        raise ValueError(f"line 1: expected the head of a roll file ({fault.errors()[0]['msg']})") from fault
    if head.type != ROLL:
        raise ValueError(f"line 1: expected type {ROLL}, found {head.type}")
    if len(rest) != COMMITMENT_BYTES * head.electors:
        expected = COMMITMENT_BYTES * head.electors
        raise ValueError(
            f"expected {expected} bytes of commitments for {head.electors} electors, found {len(rest)}"
        )
    return Roll(head=head, commitments=np.frombuffer(rest, np.uint8).reshape(-1, COMMITMENT_BYTES))


def roll_of(election: Election, log_id: str, blocks: Iterable[NDArray[np.uint8]]) -> Roll:
    """Return the roll of commitments that come in blocks, by elector number; of nobody, if there are no electors."""
    head = RollHead(log=log_id, election=election.id, electors=election.electors)
    return Roll(head=head, commitments=np.concatenate([np.empty((0, COMMITMENT_BYTES), np.uint8), *blocks]))


def section_of_electors(election: Election) -> NDArray[np.uint16]:
    """Return, for each elector number, the place of the elector's section."""
    counts = [section.electors for section in election.sections]
    return np.repeat(np.arange(len(counts), dtype=np.uint16), counts)


def section_ranges(election: Election) -> dict[str, range]:
    """Return each section's elector numbers, by section id."""
    ends = list(accumulate(section.electors for section in election.sections))
    return {
        section.id: range(end - section.electors, end)
        for section, end in zip(election.sections, ends, strict=True)
    }


def new_secrets(electors: int) -> NDArray[np.uint8]:
    """Return secrets (electors, 10) from the system's randomness."""
    return np.frombuffer(secrets.token_bytes(SECRET_BYTES * electors), np.uint8).reshape(-1, SECRET_BYTES)


def make_codes(election: Election, log_id: str) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield new codes of the whole roll, block by block: lines of CSV for the letters, and the commitments."""
    sections, names = section_of_electors(election), [section.id for section in election.sections]
    for start in range(0, election.electors, BLOCK_ELECTORS):
        electors = np.arange(start, min(start + BLOCK_ELECTORS, election.electors))
        where, secret = sections[start : start + len(electors)], new_secrets(len(electors))
        codes = spelt_codes(electors, where, secret)
        lines = "".join(
            [
                f"{n},{names[s]},{c}\n"
                for n, s, c in zip(electors.tolist(), where.tolist(), codes, strict=True)
            ]
        )
        yield lines, commitments(log_id, election.id, electors, where, secret)


def spelt_codes(
    electors: NDArray[np.int64], sections: NDArray[np.uint16], secret: NDArray[np.uint8]
) -> Sequence[str]:
    """Return codes as they are printed; `str` of each `VotingCode`, by columns."""
    digits = _digits_of_secrets(secret)
    numbers = _digits_of_numbers(electors)
    spelt_secrets = _SYMBOLS[digits].tobytes().decode()
    spelt_numbers = _SYMBOLS[numbers].tobytes().decode()
    width = numbers.shape[1]
    found = []
    for row, (elector, section) in enumerate(zip(electors.tolist(), sections.tolist(), strict=True)):
        secret_text = spelt_secrets[SECRET_DIGITS * row : SECRET_DIGITS * (row + 1)]
        number = spelt_numbers[width * row : width * (row + 1)]
        number = number[-_NUMBER_DIGITS:] if elector < 32**_NUMBER_DIGITS else number.lstrip("0")
        groups = "-".join((secret_text[:4], secret_text[4:8], secret_text[8:12], secret_text[12:]))
        found.append(f"{number}-{_spelt_section(section)}-{groups}")
    return found


def _digits_of_secrets(secret: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the 16 base-32 digits of each secret, (rows, 16)."""
    bits = np.unpackbits(secret, axis=1).reshape(len(secret), SECRET_DIGITS, 5)
    weights = np.array([16, 8, 4, 2, 1], np.uint8)
    digits: NDArray[np.uint8] = (bits * weights).sum(axis=2, dtype=np.uint8)
    return digits


def _digits_of_numbers(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return seven base-32 digits of each number, (rows, 7)."""
    shifts = np.arange(30, -1, -5)
    return ((numbers[:, None] >> shifts) & 31).astype(np.uint8)


def _spelt_section(section: int) -> str:
    high, low = divmod(section, 32)
    return f"{ALPHABET[high]}{ALPHABET[low]}" if high else ALPHABET[low]
