"""Counts that go round by round and elect or eliminate by thresholds.

Plurality, the supplementary vote, instant run-off, bottoms-up, STV as RCTab counts it and electoral colleges differ in
a handful of rules, which are in `rulebook`. They share this course: whether there is a further round, the threshold, the
scores of an electoral college. The live count follows the same course, so a switch exists once.

The contests' switches are RCTab's, named in brackets where they are obeyed.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count as numbers

from shared.contract.elections import Contest
from shared.rcv.count.methods.rulebook import Rulebook, Situation, divides_votes, places_of
from shared.rcv.count.piles import Piles, Share
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Decision, Round, Transfer, round_of
from shared.rcv.count.ties import TieBreaker
from shared.rcv.count.trace import Snapshot

VotesBySection = Sequence[Sequence[int]]
"""For each section, the units of each candidate."""


class Course(Situation):
    """One count under way: it reads the votes of each round; what they decide, and whether there is another, follows."""

    def __init__(self, contest: Contest, ties: TieBreaker, rulebook: Rulebook) -> None:
        super().__init__(contest, ties)
        self._rulebook = rulebook
        self._last: tuple[Decision, ...] = ()

    def settle(self, by_section: VotesBySection) -> tuple[Decision, ...]:
        """Return what this round decides, and remember it."""
        votes = self._measure(by_section)
        self._set_threshold(by_section)
        self._last = self._rulebook.decide(self, votes) if self._can_decide(votes) else ()
        self.history.append(votes)
        if self._last:
            self.carry_out(self._last)
        return self._last

    def goes_on(self) -> bool:
        """Return whether the rules ask for a further round."""
        stops_here = len(self.history) == self.rules.stop_after_round or self.contest.method == "plurality"
        if stops_here or not self._last:
            return False
        if any(decision.outcome == "eliminated" for decision in self._last):
            return True
        if self.to_last_two:
            return len(self.hopeful) > 1
        # Where votes are divided a round after the last seat shows where the last surplus went.
        return self.divides and (not self.seats_left or bool(self.hopeful))

    def _measure(self, by_section: VotesBySection) -> Sequence[int] | Sequence[Fraction]:
        """Return what candidates are compared by: votes or, in an electoral college, scores."""
        if self.contest.method != "electoral-college":
            return (
                by_section[0]
                if len(by_section) == 1
                else [sum(votes) for votes in zip(*by_section, strict=True)]
            )
        self.scores = scores(by_section, self.contest.section_shares)
        return self.scores

    def _can_decide(self, votes: Sequence[int] | Sequence[Fraction]) -> bool:
        """Return whether there is anything to decide by: votes or, where the rules say so, that all are level."""
        return bool(self.history) or any(votes) or decides_without_votes(self.contest)

    def _set_threshold(self, by_section: VotesBySection) -> None:
        """Set the units that elect: of each round, until they are reached, or of the first for all.

        By STV they are the first round's, or each round's until the last seat is filled, of all votes that candidates hold.
        """
        if self.rules.threshold_each_round:
            frozen = not self.seats_left
        else:
            frozen = self.rules.first_round_threshold or self.divides or bool(self.elected)
        if frozen and self.history:
            return
        active = sum(map(sum, by_section))
        if active or self.history or decides_without_votes(self.contest):
            self.threshold = threshold_of(self.contest, active, self.unit)
            self.share = share_of(self.contest, active)


def by_thresholds(
    profile: Columns, contest: Contest, ties: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    """Yield the rounds."""
    course = Course(contest, ties, Rulebook(contest))
    piles = Piles(profile, contest, 10 ** places_of(contest), snapshots)
    for number in numbers(1):
        piles.record()
        by_section, continuing, seated = piles.by_section(), course.continuing, course.seated
        residue = piles.residue_by_section()
        decisions = course.settle([units[: len(contest.candidates)] for units in by_section])
        goes_on = course.goes_on()
        yield round_of(
            number,
            by_section,
            continuing,
            decisions,
            threshold=course.threshold,
            transfers=_carry_out(decisions, piles, course) if goes_on else (),
            seated=seated,
            residue_by_section=residue,
            scores=course.scores,
        )
        if not goes_on:
            return


def _carry_out(decisions: Sequence[Decision], piles: Piles, course: Course) -> tuple[Transfer, ...]:
    """Move the ballots of whom a round eliminates or, where votes are divided, the surplus of whom it elects.

    Once all seats are filled nobody needs a surplus: it is shown, and elects no more.
    """
    eliminated = [d.candidate for d in decisions if d.outcome == "eliminated"]
    if eliminated or not course.divides:
        return piles.eliminate(eliminated)
    assert course.threshold is not None, "votes are divided at a threshold"
    threshold, votes = course.threshold, course.history[-1]
    shares = {d.candidate: _surplus(int(votes[d.candidate]), threshold, course.unit) for d in decisions}
    return piles.divide(shares, threshold, is_needed=course.seats_left > 0)


def _surplus(votes: int, threshold: int, unit: int) -> Share:
    """Return what ballots pass on: RCTab's fraction of the surplus, to fixed places, times what each is worth."""
    fraction = max(0, votes - threshold) * unit // votes if votes else 0
    return lambda worth: worth * fraction // unit


def threshold_of(contest: Contest, active: int, unit: int) -> int | None:
    """Return the units that elect, given all `active` ones; None for methods that know no such number.

    Droop: the whole votes, or `places` decimals, just above V / (seats + 1); Hare: V / seats, rounded up; by
    percentage: the whole votes just above that part of V. Never below the minimum of votes, and never nothing.
    """
    rules = contest.rules
    minimum = rules.minimum_votes * unit
    share = share_of(contest, active)
    if share is not None:
        return max(share // 1 + 1, minimum)
    if contest.method in {"plurality", "bottoms-up", "electoral-college"} or not contest.seats:
        return None
    step = 1 if rules.fractional_threshold else unit
    if rules.quota == "hare" and divides_votes(contest):
        return max(-(-active // (contest.seats * step)) * step, step, minimum)
    return max((active // ((contest.seats + 1) * step) + 1) * step, minimum)


def share_of(contest: Contest, active: int) -> Fraction | None:
    """Return the part of all `active` votes that is to be exceeded, not rounded; None where no percentage elects."""
    percentage = contest.rules.percentage
    return None if percentage is None else active * Fraction(percentage) / 100


def decides_without_votes(contest: Contest) -> bool:
    """Return whether ties decide where nobody has a vote. Of no votes nobody has more than a percentage."""
    return contest.rules.decide_without_votes and contest.rules.percentage is None


def scores(by_section: VotesBySection, shares: Sequence[int]) -> tuple[Fraction, ...]:
    """Return each candidate's score: over the sections, the sum of share times part of the section's votes.

    As in the Labour Party's electoral college of 2010: a section's share is divided by the votes that still continue
    in it. No shares given: equal ones. A section where no vote continues gives nothing, and the others' shares are
    scaled up to the whole.
    """
    weights = list(shares) or [1] * len(by_section)
    parts = [(weight, votes) for weight, votes in zip(weights, by_section, strict=True) if any(votes)]
    whole = sum(weight for weight, _ in parts)
    return tuple(
        sum((Fraction(weight * votes[c], whole * sum(votes)) for weight, votes in parts), start=Fraction())
        for c in range(len(by_section[0]))
    )
