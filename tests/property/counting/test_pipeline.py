"""Judge, tally and rounds as pure machines: restarted anywhere, given anything twice, they say the same."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.tabulate import counted
from shared.contract.elections import Contest, Method
from shared.contract.packs import Ballot
from shared.contract.standings import results_of
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile
from shared.rcv.scenarios import what_if
from tests.support.budgets import with_budget
from tests.support.elections import FRUIT, Life, election
from tests.support.machines import published

SHARDS = 2
ELECTORS = 12
RANKINGS = ("", "0", "1>0", "2>1>3", "3>>2", "0=1", "2>0=1")

METHODS: tuple[tuple[Method, int], ...] = (
    ("irv", 1),
    ("scottish-stv", 2),
    ("ers97", 2),
    ("northern-ireland-stv", 2),
    ("meek", 2),
    ("new-zealand-stv", 2),
    ("stv-wigm", 2),
    ("sequential-irv", 2),
    ("electoral-college", 1),
)

Truth = dict[int, tuple[int, tuple[str, str]]]


class World:
    """A life's log by shard, and which ballots must count in the end."""

    def __init__(self, rng: random.Random) -> None:
        method, seats = rng.choice(METHODS)
        self.definition = election(electors=ELECTORS, method=method, seats=seats)
        if rng.random() < 0.2:
            self.definition = with_budget(self.definition, rng.choice(("approvals", "ranked")))
        life = Life(self.definition, SHARDS, {elector: elector % 2 for elector in range(ELECTORS)})
        self.logs = life.begin()
        self.first: Truth = {}
        self.void: set[int] = set()
        self.out: set[str] = set()
        for step in range(rng.randrange(40)):
            self._step(life, rng, step)
        closed = life.closed()
        for shard, log in enumerate(self.logs):
            log.append(closed)
            log.append(life.ballot(shard, ballot=10_000))

    def _step(self, life: Life, rng: random.Random, step: int) -> None:
        elector = rng.randrange(ELECTORS)
        log = self.logs[elector % SHARDS]
        what = rng.random()
        if what > 0.93:
            self._change_candidate(life, rng)
            return
        if what < 0.1:
            self.void.add(elector)
            self._order(life.voided(elector))
        elif what < 0.2:
            self.void.discard(elector)
            self._order(life.restored(elector))
        else:
            log.append(
                life.pack(*[self._ballot(life, one, rng, step) for one in self._together(elector, rng)])
            )

    def _together(self, elector: int, rng: random.Random) -> list[int]:
        """Return who is in one pack: electors of one shard, some of them twice."""
        return [elector, *rng.choices(range(elector % SHARDS, ELECTORS, SHARDS), k=rng.choice((0, 0, 1, 4)))]

    def _ballot(self, life: Life, elector: int, rng: random.Random, step: int) -> Ballot:
        rankings = (rng.choice(RANKINGS), rng.choice(("", "0", "1>0")))
        if elector not in self.void:
            self.first.setdefault(elector, (elector % 2, rankings))
        return life.cast(elector, *rankings, ballot=100 + 100 * step + rng.randrange(100))

    def _order(self, control: bytes) -> None:
        """Write a control into every shard."""
        for log in self.logs:
            log.append(control)

    def _change_candidate(self, life: Life, rng: random.Random) -> None:
        """Withdraw or reinstate somebody, in every shard: between its other records, wherever that is."""
        candidate = rng.choice(FRUIT)
        control = life.reinstated(candidate) if candidate in self.out else life.withdrawn(candidate)
        if candidate in self.out or len(self.out) < len(FRUIT) - 1:
            self.out ^= {candidate}
        self._order(control)

    def contest(self, place: int) -> Contest:
        """Return a contest as it must be counted."""
        contest = self.definition.contests[place]
        return contest.excluding({contest.place(name) for name in self.out} if contest.id == "fruit" else ())

    def profile(self, contest: int) -> dict[tuple[int, str], int]:
        """Return the ballots that must count: section and marks."""
        found: dict[tuple[int, str], int] = {}
        for elector, (section, rankings) in self.first.items():
            if elector not in self.void:
                ranking = (section, rankings[contest])
                found[ranking] = found.get(ranking, 0) + 1
        return found


@given(st.integers(0, 2**32))
@settings(max_examples=150)
def test_the_last_standing_is_the_cold_count_whatever_crashed_and_was_said_twice(seed: int) -> None:
    """Crashes between records, repeats after a restart, shards interleaved in any way that keeps their order."""
    rng = random.Random(seed)
    world = World(rng)
    standings = published(world.logs, rng)

    for number in range(len(world.definition.contests)):
        contest = world.contest(number)
        last = max((s for s in standings if s.contest.id == contest.id), key=lambda s: s.sequence)
        assert last.sequence == sum(map(len, world.logs))
        assert last.contest == contest
        assert last.balance.late == SHARDS
        expected = counted(world.profile(number), contest)
        assert results_of(last.rounds, last.elected, last.places, last.spending) == expected
        if contest.method == "equal-shares":
            assert last.spending is not None
            continue
        profile = Profile.of(contest, 2, ((*of, n) for of, n in world.profile(number).items()))
        answers = what_if(profile, contest, with_two=True) if len(profile) else None
        assert last.what_if == (None if answers is None else what_if_of(answers, contest))
