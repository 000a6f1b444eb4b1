"""Small counts to look at: papers in, a count and its contest out."""

from collections.abc import Mapping

from services.cli.terminal.bars import ASCII
from services.cli.terminal.look import Look
from shared.contract.elections import Candidate, Contest, Method, Rules
from shared.rcv.count.profile import Profile
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate_counts, trace
from shared.rcv.count.trace import Traced

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


def count(of: Contest, papers: Mapping[str, int]) -> Count:
    """Return the count of papers of one section, by their marks."""
    return tabulate_counts({(0, marks): ballots for marks, ballots in papers.items()}, of, 1)


def traced(of: Contest, papers: Mapping[str, int], marks: str) -> tuple[Traced, int]:
    """Return the trace of the papers, and the row of one more ranking, whose paper counts nothing."""
    rankings = Profile.of(of, 1)
    rankings.add((0, each, ballots) for each, ballots in papers.items())
    rankings.add([(0, marks, 0)])
    return trace(rankings, of), rankings.row(0, marks)


def look(names: tuple[str, ...] = NAMES) -> Look:
    """Return how it looks where there is nothing but ASCII."""
    return Look(names, ASCII, "Quota")
