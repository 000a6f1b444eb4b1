"""Pages without figures. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuidePage:
    """How programs and other pages use a contest's result."""

    base: str
    """Where the public finds the service."""
    path: str
    election_path: str
    title: str


@dataclass(frozen=True, slots=True)
class MissingPage:
    """The page of an address where there is nothing."""

    path: str
