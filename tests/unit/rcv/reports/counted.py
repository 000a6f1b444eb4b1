"""Counted contests to write reports of."""

from collections.abc import Sequence

from shared.contract.elections import Candidate, Contest, Method, Rules
from shared.rcv.count.profile import Profile
from shared.rcv.count.tabulate import trace
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.reports.tabulated import Settings, Stamp, Tabulated, rows_of

STAMP = Stamp("Livecount", "1.2.3", "2026-05-07T21:00:00+01:00")


def ballots(*piles: tuple[int, str], precinct: str | None = None) -> list[CastVoteRecord]:
    """Return records: so many of each marks."""
    marks = [marks for number, marks in piles for _ in range(number)]
    return [CastVoteRecord(f"{precinct}-{place}", m, precinct, None) for place, m in enumerate(marks, 1)]


def contest(
    names: Sequence[str], *, method: Method = "irv", seats: int = 1, rules: Rules | None = None
) -> Contest:
    """Return a contest; a name in brackets stands for undeclared write-ins."""
    candidates = [
        Candidate(id=f"c{place}", name=name.strip("()"), write_in=name.startswith("("))
        for place, name in enumerate(names)
    ]
    return Contest(
        id="test",
        title="Test",
        method=method,
        seats=seats,
        candidates=tuple(candidates),
        rules=rules or Rules(ties="candidate-order"),
        lot="1",
    )


def count(of: Contest, records: Sequence[CastVoteRecord], settings: Settings | None = None) -> Tabulated:
    """Return the contest, counted."""
    rankings = Profile.of(of, 1)
    rankings.add((0, record.marks, 1) for record in records)
    return Tabulated(
        of, trace(rankings, of), records, rows_of(rankings, records), settings or Settings("Test")
    )


def two_elected_at_once(settings: Settings | None = None) -> Tabulated:
    """Return two seats filled in the first round, while a third candidate still stands and would receive votes."""
    records = [
        *ballots((4, "0>2"), (2, "0"), (3, "1>2"), precinct="Town"),
        *ballots((3, "1>2"), (2, "2"), (1, ""), precinct="Hill"),
    ]
    return count(contest("ABC", method="stv-wigm", seats=2), records, settings)
