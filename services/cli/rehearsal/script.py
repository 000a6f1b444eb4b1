"""Who does what in a rehearsal, and when: casting in a random order, and disturbances that cancel out. Pure.

The same ballots and disturbances give the same script. In one step an elector acts once, and a step begins when all of the
one before is in the log: so an elector's acts stand there in their order. Each ballot has the verdict it must get; those that
must not count are marked otherwise than those that must.

An elector who votes twice is refused the second time. One who is voided late has voted and is restored. One who is
voided early is refused, restored, and votes again. A candidate who withdraws is reinstated while ballots still arrive.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from random import Random
from typing import NamedTuple

import msgspec

from services.cli.rehearsal.subject import SectionRanking
from shared.contract.ballots import UNNAMED, parse_marks
from shared.contract.elections import Contest
from shared.contract.lifecycle import Command
from shared.contract.verdicts import Reason

TURNS = 12
"""Groups of electors who come to vote one after another."""
SEVERAL = ["*"]
"""How a form names several candidates at a rank who are not known."""


class Ballot(NamedTuple):
    """A ballot to be cast, and the verdict it must get."""

    elector: int
    ballot_id: str
    marks: str
    verdict: Reason


class Order(NamedTuple):
    """An officer's command, and what it is about."""

    command: Command
    about: Mapping[str, object]


@dataclass
class Step:
    """What happens at once: ballots, orders, and services that are killed."""

    ballots: list[Ballot] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)


class Disturbances(NamedTuple):
    """Shares of the electors who vote twice and who are voided, withdrawals, and services that are killed on the way."""

    seed: int
    double_votes: float = 0.1
    voids: float = 0.05
    withdrawals: int = 1
    victims: Sequence[str] = ()


def script(contest: Contest, ballots: Sequence[SectionRanking], how: Disturbances) -> list[Step]:
    """Return the steps of a rehearsal of a contest with these ballots, one for each elector."""
    writer = _Writer(ballots, how.seed)
    turns = writer.shuffled(range(len(ballots)))
    twice = set(turns[: ceil(len(turns) * how.double_votes)])
    voided = writer.shuffled(turns)[: ceil(len(turns) * how.voids)]
    early, late = set(voided[::2]), set(voided[1::2])
    steps = [Step() for _ in range(TURNS)]
    for place, elector in enumerate(turns):
        acts = writer.acts(elector, twice=elector in twice, early=elector in early, late=elector in late)
        for number, act in enumerate(acts, place * TURNS // len(turns)):
            if number == len(steps):
                steps.append(Step())
            if isinstance(act, Ballot):
                steps[number].ballots.append(act)
            else:
                steps[number].orders.append(act)
    for candidate in writer.withdrawn(contest, how.withdrawals):
        about = {"contest": contest.id, "candidate": candidate}
        out, back = writer.span(TURNS)
        steps[out].orders.append(Order(Command.WITHDRAW, about))
        steps[back].orders.append(Order(Command.REINSTATE, about))
    for place, victim in enumerate(how.victims):
        steps[1 + place * (len(steps) - 1) // len(how.victims)].kills.append(victim)
    return steps


class _Writer:
    """Draws all that is left to chance."""

    def __init__(self, ballots: Sequence[SectionRanking], seed: int) -> None:
        self._ballots = ballots
        self._seed = seed
        self._chance = Random(seed)  # noqa: S311 - an order of events, no secret

    def shuffled(self, electors: Sequence[int]) -> list[int]:
        """Return the electors in a random order."""
        return self._chance.sample(electors, len(electors))

    def withdrawn(self, contest: Contest, number: int) -> list[str]:
        """Return so many candidates who withdraw: never all, and none who has withdrawn already."""
        there = contest.included
        chosen = self._chance.sample(there, max(0, min(number, len(there) - 1)))
        return [contest.candidates[place].id for place in chosen]

    def span(self, steps: int) -> list[int]:
        """Return two steps, the first one first."""
        return sorted(self._chance.sample(range(steps), 2))

    def acts(self, elector: int, *, twice: bool, early: bool, late: bool) -> Iterator[Ballot | Order]:
        """Yield an elector's ballots and the orders about them, in order."""
        about = {"elector": elector}
        if early:
            yield Order(Command.VOID, about)
            yield self._wrong(elector, "early", Reason.VOID_ELECTOR)
            yield Order(Command.RESTORE, about)
        yield self._ballot(elector, "first", self._ballots[elector].marks, Reason.ACCEPTED)
        if twice:
            yield self._wrong(elector, "again", Reason.ALREADY_VOTED)
        if late:
            yield Order(Command.VOID, about)
            yield Order(Command.RESTORE, about)

    def _wrong(self, elector: int, which: str, verdict: Reason) -> Ballot:
        """Return a ballot that must not count, marked otherwise than the one that does: as another elector's, if can be."""
        right = self._ballots[elector].marks
        marks = self._chance.choice(self._ballots).marks
        return self._ballot(elector, which, marks if marks != right else "" if right else "0", verdict)

    def _ballot(self, elector: int, which: str, marks: str, verdict: Reason) -> Ballot:
        named = f"{self._seed}/{elector}/{which}".encode()
        return Ballot(elector, blake2b(named, digest_size=16).hexdigest(), marks, verdict)


def ballot_forms(contest: Contest, ballots: Iterable[Ballot], codes: Sequence[str]) -> list[bytes]:
    """Return a request body for each ballot, with the voting code of its elector."""
    rankings = _Rankings(contest)
    return [
        b'{"ballot_id":"%s","code":"%s","rankings":%s}'
        % (ballot.ballot_id.encode(), codes[ballot.elector].encode(), rankings[ballot.marks])
        for ballot in ballots
    ]


class _Rankings(dict[str, bytes]):
    """The JSON of each distinct ranking, made once."""

    def __init__(self, contest: Contest) -> None:
        super().__init__()
        self._contest = contest.id
        self._ids = [candidate.id for candidate in contest.candidates]

    def __missing__(self, marks: str) -> bytes:
        ranks = [
            SEVERAL if rank == UNNAMED else [self._ids[candidate] for candidate in rank]
            for rank in parse_marks(marks)
        ]
        self[marks] = msgspec.json.encode({self._contest: ranks})
        return self[marks]
