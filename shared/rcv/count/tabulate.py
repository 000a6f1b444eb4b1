"""The cold count: the rounds of a contest from its profile alone, and where every ballot was in them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from shared.contract.elections import Contest, Method
from shared.rcv.count.methods.by_batches import BATCH_PLACES
from shared.rcv.count.methods.by_thresholds import by_thresholds
from shared.rcv.count.methods.ers97 import ers97
from shared.rcv.count.methods.meek import meek
from shared.rcv.count.methods.meek_parcels import MEEK_PLACES
from shared.rcv.count.methods.new_zealand import new_zealand_stv
from shared.rcv.count.methods.northern_ireland import northern_ireland_stv
from shared.rcv.count.methods.rulebook import places_of
from shared.rcv.count.methods.scottish import SCOTTISH_PLACES, scottish_stv
from shared.rcv.count.profile import Columns, Profile, RankingCounts
from shared.rcv.count.rounds import Count, Round
from shared.rcv.count.ties import Ask, TieBreaker
from shared.rcv.count.trace import Snapshot, Traced

_Rounds = Callable[[Columns, Contest, TieBreaker, "list[Snapshot] | None"], Iterator[Round]]

_METHODS: Final[Mapping[Method, _Rounds]] = {
    "plurality": by_thresholds,
    "supplementary": by_thresholds,
    "irv": by_thresholds,
    "bottoms-up": by_thresholds,
    "electoral-college": by_thresholds,
    "stv-wigm": by_thresholds,
    "scottish-stv": scottish_stv,
    "ers97": ers97,
    "northern-ireland-stv": northern_ireland_stv,
    "meek": meek,
    "new-zealand-stv": new_zealand_stv,
}
"""Each method yields one round after another. `sequential-irv` is not here: it is one instant run-off a seat."""

_PLACES: Final[Mapping[Method, int]] = {
    "scottish-stv": SCOTTISH_PLACES,
    "ers97": BATCH_PLACES,
    "northern-ireland-stv": BATCH_PLACES,
    "meek": MEEK_PLACES,
    "new-zealand-stv": MEEK_PLACES,
}
"""Of methods whose statute fixes the decimal places of a vote; for the others the contest's rules do."""


def tabulate(profile: Columns, contest: Contest, ask: Ask | None = None) -> Count:
    """Return the count of a profile by the contest's method and rules: total, deterministic, exact.

    `ask` breaks ties where the rules ask somebody. Raises UnresolvedTie where nobody is there to be
    asked, ValueError if the rules cannot be carried out, such as where nobody reaches the minimum of votes.
    """
    return _count(profile, contest, ask, None)


def tabulate_counts(counts: RankingCounts, contest: Contest, sections: int, ask: Ask | None = None) -> Count:
    """Return the count of ballots, given how many of each section carry which marks. Raises as `tabulate` does."""
    changes = ((section, marks, ballots) for (section, marks), ballots in counts.items())
    return tabulate(Profile.of(contest, sections, changes), contest, ask)


def trace(profile: Columns, contest: Contest, ask: Ask | None = None) -> Traced:
    """Return the count of a profile and where its ballots were in each round. Raises as `tabulate` does."""
    snapshots: list[Snapshot] = []
    return Traced(_count(profile, contest, ask, snapshots), tuple(snapshots))


def runs(profile: Columns, contest: Contest, ask: Ask | None = None) -> Iterator[tuple[Contest, Traced]]:
    """Yield each run of a contest: one or, where seats are filled one after another, one for each seat.

    Such a run (RCTab's multi-pass IRV) is an instant run-off among those whom no run before has elected.
    """
    if contest.method != "sequential-irv":
        yield contest, trace(profile, contest, ask)
        return
    snapshots: list[Snapshot] = []
    for run, count in _seat_by_seat(profile, contest, ask, snapshots):
        yield run, Traced(count, tuple(snapshots))
        snapshots.clear()


def _count(profile: Columns, contest: Contest, ask: Ask | None, snapshots: list[Snapshot] | None) -> Count:
    assert contest.method != "equal-shares", "a budget has no rounds: see shared/rcv/budget"
    if contest.method != "sequential-irv":
        rounds = _METHODS[contest.method](profile, contest, TieBreaker(contest, ask), snapshots)
        # New Zealand's votes for a single vacancy are whole numbers.
        is_whole = contest.method == "new-zealand-stv" and contest.seats == 1
        places = 0 if is_whole else _PLACES.get(contest.method, places_of(contest))
        return Count(tuple(rounds), places)
    all_rounds: list[Round] = []
    for number, (_, count) in enumerate(_seat_by_seat(profile, contest, ask, snapshots), 1):
        all_rounds += [
            round_._replace(number=len(all_rounds) + round_.number, run=number) for round_ in count.rounds
        ]
    return Count(tuple(all_rounds))


def _seat_by_seat(
    profile: Columns, contest: Contest, ask: Ask | None, snapshots: list[Snapshot] | None
) -> Iterator[tuple[Contest, Count]]:
    """Yield each seat's run-off and its count; those elected are out of the next."""
    run = contest.model_copy(update={"method": "irv", "seats": 1})
    for _ in range(contest.seats):
        count = _count(profile, run, ask, snapshots)
        yield run, count
        run = run.excluding(count.elected)
        if not count.elected or not run.included:
            return
