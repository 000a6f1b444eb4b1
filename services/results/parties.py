"""Seats by party over all contests of an election: who holds them by complete counts, and who would as others stand now. Pure.

A candidate whose definition names no party is counted under none. Parties are compared as they are spelt: a definition with two
spellings of one is refused before it is frozen.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

from services.results.exports import plain
from shared.contract.elections import Contest
from shared.rcv.narrate.counted import FINAL

COLUMNS = ("party", "seats", "final", "ahead")


class Held(NamedTuple):
    """A party's seats."""

    party: str
    """Empty: of candidates without one."""
    final: int
    """In contests whose count is complete or certified."""
    ahead: int
    """In the others, if they ended now."""

    @property
    def seats(self) -> int:
        """All of them."""
        return self.final + self.ahead


class InContest(NamedTuple):
    """Who has a contest's seats at present."""

    status: str
    parties: tuple[str, ...]
    """Of those who are elected or ahead, one a seat; empty for those without."""


@dataclass(frozen=True, slots=True)
class SeatsByParty:
    """The seats of an election."""

    held: tuple[Held, ...]
    """Most seats first, then most that are final, then by name; parties without a seat too."""
    seats: int
    """Of all contests; where a percentage decides how many are elected, as many as are elected or ahead."""

    @property
    def open(self) -> int:
        """Seats that nobody is ahead for."""
        return self.seats - sum(of.seats for of in self.held)


def seats_by_party(
    contests: Iterable[Contest], known_of: Callable[[str], InContest | None]
) -> SeatsByParty | None:
    """Return the seats of these contests, None if no candidate has a party; `known_of` gives what is known of one, by its id."""
    listed = tuple(contests)
    parties = {candidate.party for contest in listed for candidate in contest.candidates}
    if not any(parties):
        return None
    final: Counter[str] = Counter()
    ahead: Counter[str] = Counter()
    seats = 0
    for contest in listed:
        known = known_of(contest.id)
        held = () if known is None else known.parties
        (final if known is not None and known.status in FINAL else ahead).update(held)
        seats += max(contest.seats, len(held))
    rows = (Held(party, final[party], ahead[party]) for party in parties)
    kept = sorted(rows, key=lambda of: (-of.seats, -of.final, not of.party, of.party.casefold(), of.party))
    return SeatsByParty(tuple(of for of in kept if of.party or of.seats), seats)


def seats_csv(found: SeatsByParty) -> str:
    """Return it as CSV (RFC 4180), a line a party; `ahead` is provisional."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows((plain(of.party), of.seats, of.final, of.ahead) for of in found.held)
    return out.getvalue()
