"""What the tests of all plain formats do: put a text into a file, read it, and look at ballots or the refusal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.records import BallotFile, FormatError


def read(path: Path, text: str | bytes) -> BallotFile:
    """Return what a file at `path` with this text says."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_ballots(path)


def counts(file: BallotFile) -> dict[str, int]:
    """Return how many ballots carry which marks, in any section."""
    return {marks: ballots for marks, ballots, _ in file.ballots}


def refusal(path: Path, act: Callable[[], object]) -> str:
    """Return why something at `path` is refused, without the path."""
    with pytest.raises(FormatError) as caught:
        act()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")
