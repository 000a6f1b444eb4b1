"""Ballots for the Labour Party's leadership election of 2010, an electoral college of three sections.

Published are the first and the last round's votes of each section, and the scores of all four rounds to two decimals.
How many votes went where in between is published for the MPs and MEPs; for the members and affiliates the flows here
are modelled, so that with them every published figure comes out.
"""

from collections import deque

DAVID, ED, BALLS, BURNHAM, ABBOTT = range(5)
NAMES = ("David Miliband", "Ed Miliband", "Ed Balls", "Andy Burnham", "Diane Abbott")
SECTIONS = ("MPs and MEPs", "members", "affiliates")
ELIMINATED = (ABBOTT, BURNHAM, BALLS)

Flow = tuple[int, int, int, int]
"""Votes that go to David, Ed, Balls and Burnham; the rest name nobody else."""

FLOWS: tuple[dict[int, Flow], ...] = (
    {ABBOTT: (0, 4, 1, 0), BURNHAM: (14, 8, 2, 0), BALLS: (15, 26, 0, 0)},
    {ABBOTT: (3_133, 2_286, 128, 3_035), BURNHAM: (3_296, 3_898, 5_586, 0), BALLS: (4_480, 11_828, 0, 0)},
    {ABBOTT: (0, 11_042, 7_426, 5_389), BURNHAM: (5_601, 8_710, 5_860, 0), BALLS: (16_476, 12_068, 0, 0)},
)


def profile(first_round: dict[str, dict[str, int]]) -> dict[tuple[int, str], int]:
    """Return a profile of the three sections, given the first round's votes by section and name."""
    profile: dict[tuple[int, str], int] = {}
    for section, flows in enumerate(FLOWS):
        piles = [deque([(str(c), first_round[SECTIONS[section]][name])]) for c, name in enumerate(NAMES)]
        for eliminated in ELIMINATED:
            for target, votes in enumerate(flows[eliminated]):
                _hand_on(piles[eliminated], piles[target], f">{target}", votes)
        for pile in piles:
            for marks, ballots in pile:
                profile[section, marks] = profile.get((section, marks), 0) + ballots
    return profile


def _hand_on(source: deque[tuple[str, int]], target: deque[tuple[str, int]], mark: str, votes: int) -> None:
    while votes:
        marks, ballots = source.popleft()
        taken = min(votes, ballots)
        target.append((marks + mark, taken))
        if ballots > taken:
            source.appendleft((marks, ballots - taken))
        votes -= taken
