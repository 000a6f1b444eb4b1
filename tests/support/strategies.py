"""Hypothesis strategies for contests and the ballots cast in them.

Small on purpose: few candidates, few ballots, so that ties, flips of the order and repeated rankings are common.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, get_args

from hypothesis import strategies as st

from shared.contract.ballots import UNNAMED, format_marks
from shared.contract.elections import BY_STATUTE, Candidate, Contest, Method, Rules

MAX_CANDIDATES = 8
MAX_SECTIONS = 3

Change = tuple[int, str, int]
"""Section, marks, ballots more (or fewer)."""

reading = st.fixed_dictionaries(
    {
        "max_ranks": st.none() | st.integers(1, 5),
        "overvote": st.sampled_from(["exhaust", "skip", "exhaust-if-several-continue"]),
        "max_skipped_ranks": st.none() | st.integers(0, 2),
        "repeated_candidate": st.sampled_from(["skip", "exhaust"]),
    }
)
"""Switches that say how a ballot is read."""

rules = reading.map(lambda switches: Rules(**switches))

minimum = st.sampled_from([0, 0, 0, 1, 2, 5])

ties = st.sampled_from(["lot", "random", "earlier-rounds-then-random", "candidate-order", "permutation"])

SWITCHES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "plurality": {"minimum_votes": minimum},
    "irv": {
        "minimum_votes": minimum,
        "finish": st.sampled_from(["majority", "last-two"]),
        "stop_after_round": st.none() | st.integers(1, 3),
        "batch_elimination": st.booleans(),
        "first_round_threshold": st.booleans(),
    },
    "sequential-irv": {"minimum_votes": minimum, "batch_elimination": st.booleans()},
    "bottoms-up": {
        "minimum_votes": minimum,
        "first_round_threshold": st.booleans(),
        "cutoff_elimination": st.booleans(),
    },
    "stv-wigm": {
        "minimum_votes": minimum,
        "quota": st.sampled_from(["droop", "hare"]),
        "fractional_threshold": st.booleans(),
        "places": st.sampled_from([1, 2, 4, 10]),
        "winners_per_round": st.sampled_from(["several", "one"]),
        "threshold_each_round": st.booleans(),
        "batch_elimination": st.booleans(),
    },
}
"""Switches that say how the rounds of a method go."""

percentages = st.integers(1, 60) | st.sampled_from([Decimal(text) for text in ("12.5", "33.3", "50.0")])

SEVERAL_SEATS = {
    "plurality",
    "sequential-irv",
    "bottoms-up",
    "stv-wigm",
    "scottish-stv",
    "ers97",
    "northern-ireland-stv",
    "meek",
    "new-zealand-stv",
}


@st.composite
def contests(draw: st.DrawFn, methods: Sequence[str] = get_args(Method), *, live: bool = True) -> Contest:
    """Draw a contest of any method, rules and lot; some candidates are excluded, up to two stand for write-ins.

    One that need not be held live may let ties decide where nobody has a vote.
    """
    method = draw(st.sampled_from(methods))
    places = draw(st.integers(1, MAX_CANDIDATES))
    switches = draw(reading) | {name: draw(switch) for name, switch in SWITCHES.get(method, {}).items()}
    if not live and method not in BY_STATUTE:
        switches["decide_without_votes"] = draw(st.booleans())
    percentage = draw(st.none() | percentages) if method == "bottoms-up" else None
    seats = draw(st.integers(1, 3)) if method in SEVERAL_SEATS else 1
    named = places
    if method not in BY_STATUTE:
        named -= draw(st.sampled_from([0, 0, 1, 2]))
    return Contest(
        id="contest",
        title="A contest",
        method=method,
        seats=seats if percentage is None else 0,
        candidates=tuple(
            Candidate(
                id=f"c{place}",
                name=f"Candidate {place}",
                excluded=place > 0 and draw(st.integers(0, 9)) == 0,
                write_in=place >= max(1, named),
            )
            for place in range(places)
        ),
        rules=Rules(
            **switches, percentage=percentage, ties="lot" if method == "new-zealand-stv" else draw(ties)
        ),
        lot=str(draw(st.integers(0, 99))),
        section_shares=draw(shares) if method == "electoral-college" else (),
    )


shares = st.just(()) | st.lists(st.integers(1, 5), min_size=MAX_SECTIONS, max_size=MAX_SECTIONS).map(tuple)


@st.composite
def clean_marks(draw: st.DrawFn, candidates: int) -> str:
    """Draw a ballot that ranks some of the candidates, one at a rank."""
    order = draw(st.permutations(range(candidates)))
    return format_marks([(candidate,) for candidate in order[: draw(st.integers(0, candidates))]])


@st.composite
def untidy_marks(draw: st.DrawFn, candidates: int) -> str:
    """Draw a ballot with any blank ranks, overvotes and repeated candidates."""
    rank = st.sets(st.integers(0, candidates - 1), max_size=2).map(sorted) | st.just(UNNAMED)
    return format_marks(draw(st.lists(rank, max_size=candidates)))


def marks(candidates: int) -> st.SearchStrategy[str]:
    """Draw a ballot, as tidy as most or as untidy as some."""
    return clean_marks(candidates) | untidy_marks(candidates)


def profiles(contest: Contest, max_rankings: int = 12) -> st.SearchStrategy[dict[tuple[int, str], int]]:
    """Draw how many ballots of each section carry which marks."""
    rankings = st.tuples(st.integers(0, MAX_SECTIONS - 1), marks(len(contest.candidates)))
    return st.dictionaries(rankings, st.integers(0, 4), max_size=max_rankings)


@st.composite
def streams(draw: st.DrawFn, contest: Contest, max_batches: int = 8) -> list[list[Change]]:
    """Draw batches of changes among a handful of rankings; no ranking ever has fewer than no ballots."""
    rankings = draw(st.lists(marks(len(contest.candidates)), min_size=1, max_size=8))
    change = st.tuples(st.integers(0, MAX_SECTIONS - 1), st.sampled_from(rankings), st.integers(-4, 4))
    held: dict[tuple[int, str], int] = {}
    batches: list[list[Change]] = []
    for wanted in draw(st.lists(st.lists(change, max_size=10), min_size=1, max_size=max_batches)):
        batches.append([])
        for section, ranking, ballots in wanted:
            had = held.get((section, ranking), 0)
            held[section, ranking] = max(0, had + ballots)
            batches[-1].append((section, ranking, held[section, ranking] - had))
    return batches
