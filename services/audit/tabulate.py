"""The second tabulator: the same rules, read again and written again, to be held against the first.

Rule 1: it shares nothing with the counting service, neither code nor state; it knows only the contract.
Rule 2: it is slow and plain: in each round every paper is read from its first rank, as people at a table would.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from shared.contract.elections import Contest, Rules
from shared.contract.standings import Results


class Round(NamedTuple):
    """One round, in the candidates' ids."""

    votes: dict[str, int]
    """Votes of each continuing candidate."""
    inactive: dict[str, int]
    """Ballots that stand with nobody, by the reason; a reason without ballots is left out."""
    eliminated: str | None
    elected: str | None


def tabulate(profile: Mapping[tuple[int, str], int], contest: Contest) -> list[Round]:
    """Return the rounds of `profile`: how many ballots of each section carry which marks."""
    papers: Counter[str] = Counter()
    for (_, marks), ballots in profile.items():
        papers[marks] += ballots
    rounds = [_round(papers, contest, {c.id for c in contest.candidates})]
    while rounds[-1].eliminated is not None:
        rounds.append(_round(papers, contest, rounds[-1].votes.keys() - {rounds[-1].eliminated}))
    return rounds


def results(rounds: Sequence[Round]) -> Results:
    """Return what the rounds say, in the form a certificate compares."""
    return Results(
        rounds=tuple(round_.votes for round_ in rounds),
        inactive=tuple(round_.inactive for round_ in rounds),
        elected=tuple(round_.elected for round_ in rounds if round_.elected is not None),
    )


def _round(papers: Mapping[str, int], contest: Contest, continuing: Collection[str]) -> Round:
    ids = [candidate.id for candidate in contest.candidates]
    piles: Counter[str | int] = Counter()
    for marks, ballots in papers.items():
        piles[_pile(marks, contest.rules, [name in continuing for name in ids])] += ballots
    votes = {name: piles.pop(place, 0) for place, name in enumerate(ids) if name in continuing}
    inactive = {str(reason): ballots for reason, ballots in piles.items() if ballots}
    best_last = sorted(votes, key=lambda name: (votes[name], _falls(name, contest)))
    if sum(votes.values()) == 0:
        return Round(votes, inactive, None, None)
    if _is_over(votes, contest):
        return Round(votes, inactive, None, best_last[-1])
    return Round(votes, inactive, best_last[0], None)


def _is_over(votes: Mapping[str, int], contest: Contest) -> bool:
    """Return whether the count stops with the candidate who now leads."""
    if contest.method == "plurality" or len(votes) < 3:
        return True
    return contest.rules.finish == "majority" and 2 * max(votes.values()) > sum(votes.values())


def _falls(name: str, contest: Contest) -> str:
    """Return the lot of a candidate: of those who are level, the one with the lowest falls."""
    return blake2b((contest.lot + "/" + name).encode("utf-8")).hexdigest()


def _pile(marks: str, rules: Rules, continues: Sequence[bool]) -> int | str:
    """Read a paper down to the first candidate who continues; return the candidate, or why there is none."""
    seen: set[int] = set()
    blanks, said_anything = 0, False
    for rank in marks.split(">")[: rules.max_ranks]:
        if rank == "":
            blanks += 1
            continue
        if rules.max_skipped_ranks is not None and blanks > rules.max_skipped_ranks:
            return "skipped"
        names = {int(name) for name in rank.split("=")}
        if rules.repeated_candidate == "exhaust" and names & seen:
            return "repeated"
        if len(names) > 1 and rules.overvote == "exhaust":
            return "overvote"
        if len(names) == 1:
            said_anything = True
            if any(continues[name] for name in names):
                return names.pop()
        seen |= names
        blanks = 0
    return "choices" if said_anything else "blank"
