"""Small counts to look at: ballots in, a count and its contest out."""

from collections.abc import Mapping

from shared.contract.elections import Candidate, Contest, Method, Rules
from shared.rcv.count.profile import Profile
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate_counts, trace
from shared.rcv.count.trace import Traced
from shared.rcv.narrate.counted import Counted, counted_of

NAMES = ("Ada", "Basil", "Clara", "Dora", "Emil")
EVERYBODY = len(NAMES)


def contest(method: Method = "irv", seats: int = 1, candidates: int = EVERYBODY, **rules: object) -> Contest:
    """Return a contest between the first so many of `NAMES`."""
    return Contest(
        id="tea",
        title="Who makes tea",
        method=method,
        seats=seats,
        candidates=tuple(Candidate(id=name.lower(), name=name) for name in NAMES[:candidates]),
        rules=Rules(**rules),
        lot="7",
    )


def count(of: Contest, ballots: Mapping[str, int]) -> Count:
    """Return the count of ballots of one section, by their marks."""
    return tabulate_counts({(0, marks): number for marks, number in ballots.items()}, of, 1)


def counted(of: Contest, ballots: Mapping[str, int]) -> Counted:
    """Return the count of ballots of one section as it is narrated."""
    return counted_of(of, count(of, ballots), ["all"])


def traced(of: Contest, ballots: Mapping[str, int], marks: str) -> tuple[Traced, int]:
    """Return the trace of the ballots, and the row of one more ranking, whose ballot counts nothing."""
    rankings = Profile.of(of, 1)
    rankings.add((0, each, number) for each, number in ballots.items())
    rankings.add([(0, marks, 0)])
    return trace(rankings, of), rankings.row(0, marks)
