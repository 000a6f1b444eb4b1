"""The reference count: what the rounds of a contest are, said as plainly as we can.

Every round looks at every paper again. That is slow, and the point: nothing here is clever enough to be wrong.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count as numbers
from typing import NamedTuple

from services.counting.core.decide import settle
from services.counting.core.lot import draw_lot
from services.counting.core.normalise import ENDINGS, normalise
from services.counting.core.rounds import Count, Round, transfers_from
from shared.contract.elections import Contest

Profile = Mapping[tuple[int, str], int]
"""How many ballots of each section carry which marks."""


class Papers(NamedTuple):
    """Ballots of one section that are counted alike."""

    section: int
    path: tuple[int, ...]
    ballots: int

    def holder(self, out: frozenset[int]) -> int:
        """Return who holds them when the candidates in `out` have fallen."""
        return next(holder for holder in self.path if holder not in out)


def tabulate(profile: Profile, contest: Contest, sections: int) -> Count:
    """Return the count of `profile` by the contest's method and rules: total, deterministic, exact.

    Each ballot counts for its first choice still standing. While a round eliminates somebody (see `decide`), the
    ballots are looked at again without that candidate. Plurality eliminates nobody: one round.
    """
    return Count(tuple(_rounds(_papers(profile, contest), contest, sections)))


def _papers(profile: Profile, contest: Contest) -> list[Papers]:
    assert min(profile.values(), default=0) >= 0, "a ranking was retracted more often than it was cast"
    alike: Counter[tuple[int, tuple[int, ...]]] = Counter()
    for (section, marks), ballots in profile.items():
        alike[section, normalise(marks, contest.rules).path(len(contest.candidates))] += ballots
    return [Papers(section, path, ballots) for (section, path), ballots in alike.items()]


def _rounds(papers: Sequence[Papers], contest: Contest, sections: int) -> Iterator[Round]:
    candidates = range(len(contest.candidates))
    lot = draw_lot(contest)
    out: frozenset[int] = frozenset()
    for number in numbers(1):
        held = _held(papers, out, sections, len(candidates))
        continuing = tuple(c for c in candidates if c not in out)
        round_ = settle(number, held, continuing, contest, lot)
        moved = ((c, _moved(papers, out, c, len(candidates))) for c in round_.eliminated)
        yield replace(
            round_, transfers=tuple(t for c, to in moved for t in transfers_from(c, to, len(candidates)))
        )
        if not round_.eliminated:
            return
        out |= round_.eliminated


def _held(papers: Sequence[Papers], out: frozenset[int], sections: int, candidates: int) -> list[list[int]]:
    """Return, for each section, the ballots of each holder."""
    held = [[0] * (candidates + len(ENDINGS)) for _ in range(sections)]
    for alike in papers:
        held[alike.section][alike.holder(out)] += alike.ballots
    return held


def _moved(papers: Sequence[Papers], out: frozenset[int], falling: int, candidates: int) -> list[int]:
    """Return, for each holder, the ballots that reach it when `falling` goes out too."""
    moved = [0] * (candidates + len(ENDINGS))
    for alike in papers:
        if alike.holder(out) == falling:
            moved[alike.holder(out | {falling})] += alike.ballots
    return moved
