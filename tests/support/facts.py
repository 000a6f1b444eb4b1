"""What two tabulators that were written apart must agree about, and a count with its trace."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from services.audit import tabulate as audit
from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.profile import Profile, RankingCounts
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate_counts, trace
from tests.support.strategies import MAX_SECTIONS


class Facts(NamedTuple):
    """What both tabulators find in a round, in the candidates' ids and in votes."""

    votes: dict[str, Fraction]
    inactive: dict[Ending, Fraction]
    falls: set[str]
    elected: tuple[str, ...]
    """In the order of the decisions."""
    threshold: Fraction | None
    moved: tuple[str, ...]
    """Scottish STV: whose surplus moves on now."""
    residue: Fraction
    scores: dict[str, Fraction]


def core_facts(count: Count, contest: Contest) -> list[Facts]:
    """Return what a count says."""
    ids, unit = [candidate.id for candidate in contest.candidates], 10**count.places
    return [
        Facts(
            {ids[c]: Fraction(round_.votes[c], unit) for c in (*round_.continuing, *round_.seated)},
            {ending: Fraction(units, unit) for ending, units in round_.inactive.items() if units},
            {ids[c] for c in round_.eliminated},
            tuple(ids[c] for c in round_.elected),
            None if round_.threshold is None or by_share(contest) else Fraction(round_.threshold, unit),
            tuple(ids[d.candidate] for d in round_.decisions if d.outcome == "transferred"),
            Fraction(round_.residue, unit),
            {ids[c]: round_.scores[c] for c in round_.continuing} if round_.scores else {},
        )
        for round_ in count.rounds
    ]


def audit_facts(rounds: Sequence[audit.Round], contest: Contest) -> list[Facts]:
    """Return the same of the second tabulator."""
    return [
        Facts(
            {name: Fraction(votes) for name, votes in {**round_.votes, **round_.seated}.items()},
            {ending: Fraction(votes) for ending, votes in round_.inactive.items()},
            set(round_.eliminated),
            round_.elected,
            None if round_.threshold is None or by_share(contest) else Fraction(round_.threshold),
            () if round_.transferred is None else (round_.transferred,),
            Fraction(round_.residue),
            dict(round_.scores),
        )
        for round_ in rounds
    ]


def by_share(contest: Contest) -> bool:
    """Return whether a percentage elects: the audit says what is to be exceeded, the core the whole votes that do."""
    return contest.rules.percentage is not None


def tabulated(profile: RankingCounts, contest: Contest) -> Count:
    """Return the reference count over all the sections there can be."""
    return tabulate_counts(profile, contest, MAX_SECTIONS)


def check_trace(profile: RankingCounts, contest: Contest) -> None:
    """Hold a trace to the count: where each ballot is, and what it is worth there."""
    rankings = Profile.of(contest, MAX_SECTIONS)
    rankings.add((section, marks, ballots) for (section, marks), ballots in profile.items())
    traced = trace(rankings, contest)
    assert traced.count == tabulated(profile, contest)
    _, _, ballots = rankings.columns()
    for round_, snapshot in zip(traced.count.rounds, traced.snapshots, strict=True):
        lies: Counter[int] = Counter()
        for row, number in enumerate(ballots.tolist()):
            lies[int(snapshot.holder[row])] += number * (
                1 if snapshot.value is None else int(snapshot.value[row])
            )
            for candidate, units in snapshot.kept.items():
                assert units.dtype.kind in "iO", "votes are whole numbers of units"
                lies[candidate] += number * int(units[row])
        for candidate, votes in enumerate(round_.votes):
            assert lies[candidate] == votes or (candidate in round_.seated and lies[candidate] - votes >= 0)
        assert sum(lies.values()) - sum(round_.votes) - sum(round_.inactive.values()) == round_.residue
