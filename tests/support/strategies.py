"""Hypothesis strategies for contests and the papers cast in them.

Small on purpose: few candidates, few ballots, so that ties, flips of the order and repeated rankings are common.
"""

from collections.abc import Sequence

from hypothesis import strategies as st

from shared.contract.ballots import format_marks
from shared.contract.elections import Candidate, Contest, Rules

MAX_CANDIDATES = 8
MAX_SECTIONS = 3

Change = tuple[int, str, int]
"""Section, marks, ballots more (or fewer)."""

rules = st.builds(
    Rules,
    max_ranks=st.none() | st.integers(1, 5),
    overvote=st.sampled_from(["exhaust", "skip"]),
    max_skipped_ranks=st.none() | st.integers(0, 2),
    repeated_candidate=st.sampled_from(["skip", "exhaust"]),
    finish=st.sampled_from(["majority", "last-two"]),
)


@st.composite
def contests(draw: st.DrawFn, methods: Sequence[str] = ("irv", "plurality")) -> Contest:
    """Draw a contest of any method, rules and lot."""
    candidates = draw(st.integers(1, MAX_CANDIDATES))
    return Contest(
        id="contest",
        title="A contest",
        method=draw(st.sampled_from(methods)),
        candidates=tuple(Candidate(id=f"c{place}", name=f"Candidate {place}") for place in range(candidates)),
        rules=draw(rules),
        lot=draw(st.sampled_from(["heads", "tails", "edge"])),
    )


@st.composite
def clean_marks(draw: st.DrawFn, candidates: int) -> str:
    """Draw a paper that ranks some of the candidates, one at a rank."""
    order = draw(st.permutations(range(candidates)))
    return format_marks([(candidate,) for candidate in order[: draw(st.integers(0, candidates))]])


@st.composite
def untidy_marks(draw: st.DrawFn, candidates: int) -> str:
    """Draw a paper with any blank ranks, overvotes and repeated candidates."""
    rank = st.sets(st.integers(0, candidates - 1), max_size=2).map(sorted)
    return format_marks(draw(st.lists(rank, max_size=candidates)))


def marks(candidates: int) -> st.SearchStrategy[str]:
    """Draw a paper, as tidy as most or as untidy as some."""
    return clean_marks(candidates) | untidy_marks(candidates)


def profiles(contest: Contest, max_rankings: int = 12) -> st.SearchStrategy[dict[tuple[int, str], int]]:
    """Draw how many ballots of each section carry which marks."""
    rankings = st.tuples(st.integers(0, MAX_SECTIONS - 1), marks(len(contest.candidates)))
    return st.dictionaries(rankings, st.integers(0, 4), max_size=max_rankings)


@st.composite
def streams(draw: st.DrawFn, contest: Contest, max_batches: int = 8) -> list[list[Change]]:
    """Draw batches of changes among a handful of papers; no ranking ever has fewer than no ballots."""
    papers = draw(st.lists(marks(len(contest.candidates)), min_size=1, max_size=8))
    change = st.tuples(st.integers(0, MAX_SECTIONS - 1), st.sampled_from(papers), st.integers(-4, 4))
    held: dict[tuple[int, str], int] = {}
    batches: list[list[Change]] = []
    for wanted in draw(st.lists(st.lists(change, max_size=10), min_size=1, max_size=max_batches)):
        batches.append([])
        for section, paper, ballots in wanted:
            had = held.get((section, paper), 0)
            held[section, paper] = max(0, had + ballots)
            batches[-1].append((section, paper, held[section, paper] - had))
    return batches
