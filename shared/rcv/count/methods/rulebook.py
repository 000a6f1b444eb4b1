"""Whom a round elects or eliminates, by which rule, and by how much: the rules of every method by thresholds.

Each rule is one small function that names its candidates; the first that names any settles the round. While undeclared
write-ins hold a vote nobody is elected, and they are eliminated first. A tie is broken only where it matters.

`votes` are units, or an electoral college's scores: rules compare them and add them up.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from shared.contract.elections import Contest
from shared.contract.standings import Outcome
from shared.rcv.count.rounds import Decision, Why
from shared.rcv.count.ties import Sought, TieBreaker

Votes = Sequence[int] | Sequence[Fraction]


class Situation:
    """Where a count is: what the rounds so far have settled, which is all that a rule reads beside the round's votes."""

    def __init__(self, contest: Contest, ties: TieBreaker) -> None:
        self.contest = contest
        self.rules = contest.rules
        self.ties = ties
        self.divides = divides_votes(contest)
        self.unit = 10 ** places_of(contest)
        self.minimum = contest.rules.minimum_votes * self.unit
        """Units below which a candidate is eliminated."""
        self.hopeful = list(contest.included)
        """Those neither elected nor out."""
        self.electable = [c for c in self.hopeful if not contest.candidates[c].write_in]
        """Those who can still be elected: undeclared write-ins never are."""
        self.elected: list[int] = []
        self.continuing: tuple[int, ...] = tuple(self.hopeful)
        """Those who hold votes that a decision may still move: where no surplus does, an elected one as well."""
        self.history: list[Sequence[int] | Sequence[Fraction]] = []
        self.threshold: int | None = None
        self.share: Fraction | None = None
        """By percentage: the units that are to be exceeded, not rounded."""
        self.scores: tuple[Fraction, ...] = ()

    @property
    def seats_left(self) -> int:
        """Seats nobody is elected to yet."""
        return self.contest.seats - len(self.elected)

    @property
    def seated(self) -> tuple[int, ...]:
        """Those elected in earlier rounds who keep votes that no decision moves any more."""
        return tuple(self.elected) if self.divides else ()

    @property
    def to_last_two(self) -> bool:
        """Whether the count goes on after a winner until two are left [continueUntilTwoCandidatesRemain]."""
        return self.rules.finish == "last-two" and self.contest.method in {"irv", "electoral-college"}

    def carry_out(self, decisions: Iterable[Decision]) -> None:
        """Let those elected be elected, and those eliminated be out."""
        decided = {decision.candidate: decision.outcome for decision in decisions}
        self.elected += [c for c, outcome in decided.items() if outcome == "elected"]
        self.hopeful = [c for c in self.hopeful if c not in decided]
        self.electable = [c for c in self.electable if c not in decided]
        self.continuing = tuple(self.hopeful)
        if self.elected and not self.divides:
            self.continuing = tuple(sorted((*self.hopeful, *self.elected)))


def divides_votes(contest: Contest) -> bool:
    """Return whether the surplus of the elected moves on, so that votes are divided."""
    return contest.method == "stv-wigm"


def places_of(contest: Contest) -> int:
    """Return the decimal places of a count by rounds: none where no vote is divided."""
    return contest.rules.places if divides_votes(contest) else 0


_Rule = Callable[[Situation, Votes], Iterator[Decision]]
_Applies = Callable[[Contest], bool]


class Rulebook:
    """The rules that can settle a round of one contest, picked once."""

    def __init__(self, contest: Contest) -> None:
        self._winners = tuple(rule for applies, rule in _WINNERS if applies(contest))
        self._losers = tuple(rule for applies, rule in _LOSERS if applies(contest))
        has_write_ins = any(candidate.write_in for candidate in contest.candidates)
        self._drops_write_ins = has_write_ins and contest.method != "plurality"

    def decide(self, course: Situation, votes: Votes) -> tuple[Decision, ...]:
        """Return what a round settles: nothing if nobody is left, or nobody has what the rules ask of all."""
        if self._drops_write_ins:
            of = course.contest.candidates
            write_ins = [c for c in course.hopeful if of[c].write_in and votes[c] > 0]
            if write_ins:
                return tuple(_drop(course, write_ins, "write-in", votes))
        elected = _first(self._winners, course, votes)
        if elected or _nobody_would_be_left(course, votes):
            return elected
        return _first(self._losers, course, votes)


def _first(rules: Sequence[_Rule], course: Situation, votes: Votes) -> tuple[Decision, ...]:
    """Return the decisions of the first rule that names anybody."""
    for rule in rules:
        if decisions := tuple(rule(course, votes)):
            return decisions
    return ()


# Winners: elected are ...


def _most_votes(course: Situation, votes: Votes) -> Iterator[Decision]:
    """Plurality: ... those with the most votes."""
    left = list(course.electable)
    for _ in range(min(course.contest.seats, len(left))):
        decision = _best(course, left, "most", votes)
        left.remove(decision.candidate)
        yield decision


def _all_with_their_share(course: Situation, votes: Votes) -> Iterator[Decision]:
    """Bottoms-up by percentage: ... all who are left, once each of them has the share."""
    if all(votes[c] >= _threshold(course) for c in course.hopeful):
        yield from _elect(course, course.electable, "percentage", votes)


def _more_than_half(course: Situation, votes: Votes) -> Iterator[Decision]:
    """Electoral college: ... whoever has more than half of all scores."""
    if course.seats_left:
        yield from _elect(
            course, [c for c in course.electable if 2 * votes[c] > sum(votes)], "majority", votes
        )


def _as_many_as_seats(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... all who are left, if there is a seat for each."""
    if 0 < len(course.hopeful) <= course.seats_left:
        yield from _one_or_several(course, course.electable, "remaining", votes)


def _better_of_last_two(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... whoever leads of two, where the first round's threshold, which neither may reach, holds for all."""
    if course.seats_left and len(course.hopeful) == 2 and course.electable:
        yield _best(course, course.electable, "last-two", votes)


def _at_threshold(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... those at the threshold."""
    if not course.seats_left:
        return
    threshold = _threshold(course)
    reached = [c for c in course.electable if votes[c] >= threshold]
    why: Why = "majority" if course.contest.seats == 1 and course.rules.quota == "droop" else "quota"
    yield from _one_or_several(course, reached, why, votes)


def _one_of_two_level(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... one of the last two, who are level."""
    if (
        course.seats_left
        and len(course.hopeful) == 2
        and course.electable
        and min(votes[c] for c in course.hopeful) >= course.minimum
    ):
        yield _best(course, course.electable, "last-two", votes)


# Losers: if nobody is elected and somebody must go, eliminated are ...


def _below_minimum(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... all below the minimum of votes."""
    low = [c for c in _can_be_eliminated(course) if votes[c] < course.minimum]
    yield from _drop(course, low, "below-minimum", votes)


def _below_share(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... all below the share, at once, where the rules cut off. Whoever has just the share stays, and is not elected."""
    low = [c for c in course.hopeful if votes[c] < _share(course)]
    yield from _drop(course, low, "below-percentage", votes)


def _all_but_top_two(course: Situation, votes: Votes) -> Iterator[Decision]:
    """Supplementary vote: ... all but the two with the most votes, where two can be elected."""
    if len(course.hopeful) <= 2 or len(course.electable) < 2:
        return
    first = _best(course, course.electable, "most", votes)
    others = [c for c in course.electable if c != first.candidate]
    top = [first, _best(course, others, "most", votes)]
    stay = {decision.candidate for decision in top}
    for c in course.hopeful:
        if c not in stay:
            lost = next((decision for decision in top if c in decision.tied), None)
            how = ((), "votes") if lost is None else (lost.tied, lost.settled_by)
            yield Decision(c, "eliminated", "not-in-top-two", _margin(course, c, votes), *how)


def _batch(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... the most whose votes, all together, are still fewer than the next one's."""
    batch = _cannot_overtake(course, votes)
    if len(batch) > 1:
        yield from _drop(course, batch, "batch", votes)


def _last(course: Situation, votes: Votes) -> Iterator[Decision]:
    """... the one with the fewest votes."""
    if may_go := _can_be_eliminated(course):
        yield _worst(course, may_go, "fewest", votes)


def _can_be_eliminated(course: Situation) -> Sequence[int]:
    """Return among whom a round that elects nobody eliminates somebody; nobody where the count is decided."""
    if len(course.hopeful) == 1 and not course.elected:
        return ()
    undecided = course.seats_left > 0 or course.rules.percentage is not None
    shows_last_two = course.to_last_two and len(course.continuing) > 2
    return course.continuing if undecided or shows_last_two else ()


def _nobody_would_be_left(course: Situation, votes: Votes) -> bool:
    """Return whether nobody who can be elected has what the rules ask of all: the count cannot be decided."""
    minimum: Fraction | int = course.minimum
    if course.rules.percentage is not None and course.rules.cutoff_elimination:
        minimum = max(minimum, _share(course))
    return all(votes[c] < minimum for c in course.continuing if not course.contest.candidates[c].write_in)


def _cannot_overtake(course: Situation, votes: Votes) -> list[int]:
    """Return the largest batch that leaves somebody for each seat or, where the last two must be shown, two.

    In a round that eliminates no surplus is waiting, so nothing but the batch's own votes can ever come to one of it: with
    several seats, too, nobody of it could overtake the next one (Minneapolis, Code of Ordinances, section 167.20).
    """
    batch: list[int] = []
    smaller: list[int] = []
    seen: list[int] = []
    may_go = _can_be_eliminated(course)
    for tally in sorted({votes[c] for c in may_go}):
        fills_seats = len([c for c in course.electable if c not in seen]) >= course.seats_left
        if len(seen) > len(batch) and fills_seats and sum(votes[c] for c in seen) < tally:
            smaller, batch = batch, list(seen)
        seen += [c for c in may_go if votes[c] == tally]
    leaves_one = len(batch) == len(course.continuing) - 1
    return smaller if course.to_last_two and leaves_one else batch


# Which rules a contest has, in the order in which they are asked.


def _has_quota(contest: Contest) -> bool:
    return contest.rules.percentage is None and contest.method in {"irv", "supplementary", "stv-wigm"}


_WINNERS: Final[tuple[tuple[_Applies, _Rule], ...]] = (
    (lambda contest: contest.method == "plurality", _most_votes),
    (lambda contest: contest.rules.percentage is not None, _all_with_their_share),
    (lambda contest: contest.method == "electoral-college", _more_than_half),
    (lambda contest: contest.rules.percentage is None and contest.method != "plurality", _as_many_as_seats),
    (lambda contest: contest.method == "irv" and contest.rules.first_round_threshold, _better_of_last_two),
    (_has_quota, _at_threshold),
    (lambda contest: contest.method in {"irv", "supplementary", "electoral-college"}, _one_of_two_level),
)

_LOSERS: Final[tuple[tuple[_Applies, _Rule], ...]] = (
    (lambda contest: contest.rules.minimum_votes > 0, _below_minimum),
    (lambda contest: contest.rules.percentage is not None and contest.rules.cutoff_elimination, _below_share),
    (lambda contest: contest.method == "supplementary", _all_but_top_two),
    (lambda contest: contest.rules.batch_elimination and contest.method in {"irv", "stv-wigm"}, _batch),
    (lambda contest: contest.method != "plurality", _last),
)


# Decisions.


def _one_or_several(course: Situation, winners: Sequence[int], why: Why, votes: Votes) -> Iterator[Decision]:
    if len(winners) > 1 and course.divides and course.rules.winners_per_round == "one":
        yield _best(course, winners, why, votes)
    else:
        yield from _elect(course, winners, why, votes)


def _elect(course: Situation, winners: Sequence[int], why: Why, votes: Votes) -> Iterator[Decision]:
    for c in sorted(winners, key=lambda c: (-votes[c], c)):
        yield Decision(c, "elected", why, _margin(course, c, votes), ())


def _drop(course: Situation, losers: Sequence[int], why: Why, votes: Votes) -> Iterator[Decision]:
    for c in losers:
        yield Decision(c, "eliminated", why, _margin(course, c, votes), ())


def _best(course: Situation, among: Sequence[int], why: Why, votes: Votes) -> Decision:
    return _pick(course, among, "winner", why, votes)


def _worst(course: Situation, among: Sequence[int], why: Why, votes: Votes) -> Decision:
    return _pick(course, among, "loser", why, votes)


def _pick(course: Situation, among: Sequence[int], sought: Sought, why: Why, votes: Votes) -> Decision:
    edge = (max if sought == "winner" else min)([votes[c] for c in among])
    level = tuple([c for c in among if votes[c] == edge])
    candidate, settled_by = course.ties.pick(level, sought, course.history)
    outcome: Outcome = "elected" if sought == "winner" else "eliminated"
    tied = level if len(level) > 1 else ()
    return Decision(candidate, outcome, why, _margin(course, candidate, votes), tied, settled_by)


def _margin(course: Situation, candidate: int, votes: Votes) -> int | None:
    """Return the units to the nearest other candidate; none in an electoral college, whose scores are no votes."""
    if course.scores:
        return None
    own = votes[candidate]
    return min([abs(int(votes[c] - own)) for c in course.continuing if c != candidate], default=None)


def _threshold(course: Situation) -> int:
    assert course.threshold is not None, "a percentage gives a threshold"
    return course.threshold


def _share(course: Situation) -> Fraction:
    assert course.share is not None, "a percentage gives a share"
    return course.share
