"""Ballots that give the official figures exactly.

Fixed by the figures: leader first preferences in each section; deputy first preferences, and where each vote went
when Bradshaw and then Eagle fell. Drawn at random from the seed: every preference the figures do not reveal, in
proportion to first preferences and with one chance in five to stop; which leader ranking stands with which deputy
ranking; and the order in which the ballots are cast.

An elector's ballot id follows from its number, so that a run that is repeated repeats its ballots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec
import numpy as np

from services.cli.demo import official

STOP_CHANCE = 0.2
BRADSHAW, EAGLE = "ben-bradshaw", "angela-eagle"

Ranking = tuple[str, ...]


@dataclass(frozen=True)
class Ballots:
    """For each elector number its ballot, and the order of casting."""

    section: Sequence[int]
    leader: Sequence[Ranking]
    deputy: Sequence[Ranking]
    order: Sequence[int]


def synthesise(seed: int = 2015) -> Ballots:
    """Return the 422,664 ballots, the same for the same seed."""
    rng = np.random.default_rng(seed)
    leader: list[Ranking] = []
    section: list[int] = []
    for place, figures in enumerate(official.LEADER_BY_SECTION.values()):
        ballots = _leader_ballots(figures, rng)
        leader += ballots
        section += [place] * len(ballots)
    deputy = _shuffled(_deputy_ballots(rng), rng)
    return Ballots(section, leader, deputy, rng.permutation(official.BALLOTS).tolist())


def _leader_ballots(figures: Mapping[str, int], rng: np.random.Generator) -> list[Ranking]:
    weights = official.LEADER_ROUNDS[0]
    heads = [(name,) for name, votes in figures.items() for _ in range(votes)]
    return _shuffled(_completed(heads, weights, rng), rng)


def _deputy_ballots(rng: np.random.Generator) -> list[Ranking]:
    first = official.DEPUTY_ROUNDS[0]
    fixed: list[Ranking] = [()] * (official.BALLOTS - official.DEPUTY_VALID)
    open_ended: list[Ranking] = []
    via_bradshaw = _shuffled(
        [(BRADSHAW, name) for name, votes in official.BRADSHAW_TO.items() if name for _ in range(votes)], rng
    )
    fixed += [(BRADSHAW,)] * official.BRADSHAW_TO[None]
    of_eagle: list[Ranking] = [(EAGLE,)] * first[EAGLE]
    of_eagle += [head for head in via_bradshaw if head[1] == EAGLE]
    open_ended += [head for head in via_bradshaw if head[1] != EAGLE]
    targets = [name for name, votes in official.EAGLE_TO.items() for _ in range(votes)]
    for head, target in zip(_shuffled(of_eagle, rng), targets, strict=True):
        (open_ended if target else fixed).append((*head, target) if target else head)
    open_ended += [
        (name,) for name, votes in first.items() if name not in (BRADSHAW, EAGLE) for _ in range(votes)
    ]
    return fixed + _completed(open_ended, first, rng)


def _completed(
    heads: Sequence[Ranking], weights: Mapping[str, int], rng: np.random.Generator
) -> list[Ranking]:
    """Return the ballots with further preferences drawn: those already named are never named again."""
    names = list(weights)
    order = np.argsort(
        rng.exponential(size=(len(heads), len(names))) / np.array(list(weights.values())), axis=1
    )
    lengths = rng.geometric(STOP_CHANCE, size=len(heads)) - 1
    return [
        (*head, *[names[i] for i in ranks if names[i] not in head][:length])
        for head, ranks, length in zip(heads, order.tolist(), lengths.tolist(), strict=True)
    ]


def _shuffled(ballots: Sequence[Ranking], rng: np.random.Generator) -> list[Ranking]:
    return [ballots[place] for place in rng.permutation(len(ballots)).tolist()]


def ballot_forms(ballots: Ballots, codes: Sequence[str]) -> list[bytes]:
    """Return the ballots with the voting codes of their electors, as request bodies in casting order."""
    leader, deputy = _Marks(), _Marks()
    return [
        b'{"ballot_id":"%s","code":"%s","rankings":{"leader":%s,"deputy":%s}}'
        % (
            _ballot_id(elector),
            codes[elector].encode(),
            leader[ballots.leader[elector]],
            deputy[ballots.deputy[elector]],
        )
        for elector in ballots.order
    ]


class _Marks(dict[Ranking, bytes]):
    """The JSON of each distinct ranking, made once."""

    def __missing__(self, ranking: Ranking) -> bytes:
        self[ranking] = msgspec.json.encode([[name] for name in ranking])
        return self[ranking]


def _ballot_id(elector: int) -> bytes:
    return blake2b(b"demo %d" % elector, digest_size=16).hexdigest().encode()
