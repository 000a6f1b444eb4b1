"""What a target of fuzzing is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """A parser, the name of the file it gets, and what its files look like."""

    file: str
    try_one: Callable[[Path], None]
    """Raises whatever breaks a rule."""
    seeds: tuple[bytes, ...]
    words: tuple[str, ...]
