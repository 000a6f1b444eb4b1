"""Who does what in a rehearsal, and when: the casting in a random order, and mischief that cancels out. Pure.

Rule 1: the same papers and mischief give the same script.
Rule 2: in one scene an elector acts once, and a scene begins when all of the one before is in the log: an elector's
        acts stand there in their order.
Rule 3: each ballot has the verdict it must get. Those that must not count are marked otherwise than those that must.

An elector who votes twice is refused the second time. One who is voided late has voted and is restored. One who is
voided early is refused, restored, and votes again. A candidate who withdraws is reinstated while ballots still arrive.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from random import Random
from typing import NamedTuple

from services.cli.rehearsal.subject import Paper
from shared.contract.elections import Contest
from shared.contract.verdicts import Reason

TURNS = 12
"""Groups of electors who come to vote one after another."""


class Ballot(NamedTuple):
    """A ballot to be cast, and the verdict it must get."""

    elector: int
    ballot_id: str
    marks: str
    verdict: Reason


class Order(NamedTuple):
    """An operator's command, and what it is about."""

    command: str
    about: Mapping[str, object]


@dataclass
class Scene:
    """What happens at once: ballots, orders, and services that are killed."""

    ballots: list[Ballot] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)


class Mischief(NamedTuple):
    """Shares of the electors who vote twice and who are voided, withdrawals, and services that are killed on the way."""

    seed: int
    double_votes: float = 0.1
    voids: float = 0.05
    withdrawals: int = 1
    victims: Sequence[str] = ()


Act = Ballot | Order


def script(contest: Contest, papers: Sequence[Paper], mischief: Mischief) -> list[Scene]:
    """Return the scenes of a rehearsal of a contest with these papers, one for each elector."""
    writer = _Writer(papers, mischief.seed)
    turns = writer.shuffled(range(len(papers)))
    twice = set(turns[: ceil(len(turns) * mischief.double_votes)])
    voided = writer.shuffled(turns)[: ceil(len(turns) * mischief.voids)]
    early, late = set(voided[::2]), set(voided[1::2])
    scenes = [Scene() for _ in range(TURNS)]
    for place, elector in enumerate(turns):
        acts = writer.acts(elector, twice=elector in twice, early=elector in early, late=elector in late)
        _play(acts, scenes, place * TURNS // len(turns))
    for candidate in writer.withdrawn(contest, mischief.withdrawals):
        about = {"contest": contest.id, "candidate": candidate}
        out, back = writer.span(TURNS)
        scenes[out].orders.append(Order("withdraw", about))
        scenes[back].orders.append(Order("reinstate", about))
    for place, victim in enumerate(mischief.victims):
        scenes[1 + place * (len(scenes) - 1) // len(mischief.victims)].kills.append(victim)
    return scenes


class _Writer:
    """Draws all that is left to chance."""

    def __init__(self, papers: Sequence[Paper], seed: int) -> None:
        self._papers = papers
        self._seed = seed
        self._chance = Random(seed)  # noqa: S311 - an order of events, no secret

    def shuffled(self, electors: Sequence[int]) -> list[int]:
        """Return the electors in a random order."""
        return self._chance.sample(electors, len(electors))

    def withdrawn(self, contest: Contest, number: int) -> list[str]:
        """Return so many candidates who withdraw: never all, and none who is out already."""
        there = contest.included
        chosen = self._chance.sample(there, max(0, min(number, len(there) - 1)))
        return [contest.candidates[place].id for place in chosen]

    def span(self, scenes: int) -> list[int]:
        """Return two scenes, the first one first."""
        return sorted(self._chance.sample(range(scenes), 2))

    def acts(self, elector: int, *, twice: bool, early: bool, late: bool) -> Iterator[Act]:
        """Yield what an elector does and suffers, in order."""
        about = {"elector": elector}
        if early:
            yield Order("void", about)
            yield self._wrong(elector, "early", Reason.VOID_ELECTOR)
            yield Order("restore", about)
        yield self._ballot(elector, "first", self._papers[elector].marks, Reason.ACCEPTED)
        if twice:
            yield self._wrong(elector, "again", Reason.ALREADY_VOTED)
        if late:
            yield Order("void", about)
            yield Order("restore", about)

    def _wrong(self, elector: int, which: str, verdict: Reason) -> Ballot:
        """Return a ballot that must not count, marked otherwise than the one that does: as somebody else's, if can be."""
        right = self._papers[elector].marks
        marks = self._chance.choice(self._papers).marks
        return self._ballot(elector, which, marks if marks != right else "" if right else "0", verdict)

    def _ballot(self, elector: int, which: str, marks: str, verdict: Reason) -> Ballot:
        named = f"{self._seed}/{elector}/{which}".encode()
        return Ballot(elector, blake2b(named, digest_size=16).hexdigest(), marks, verdict)


def _play(acts: Iterable[Act], scenes: list[Scene], first: int) -> None:
    """Give an elector's acts to scenes, one after another from the `first` on."""
    for number, act in enumerate(acts, first):
        if number == len(scenes):
            scenes.append(Scene())
        if isinstance(act, Ballot):
            scenes[number].ballots.append(act)
        else:
            scenes[number].orders.append(act)
