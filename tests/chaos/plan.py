"""What is broken when, drawn from a seed. Pure.

A salvo is two to SALVO acts within SPREAD_S, so that faults meet faults; the next waits until all are over. At most one broker
is hit in a salvo: the others hold the majority. A service may be hit again while it starts.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from typing import Final

SERVICES: Final = (
    *("intake", "validation", "validation-2", "counting", "counting-2"),
    *("results", "operator", "proofs"),
)
BROKERS: Final = ("kafka-1", "kafka-2", "kafka-3")
WAYS: Final = ("way to intake", "way to kafka-3", "way to valkey")
DISKS: Final = ("validation", "counting")
SALVO: Final = 4
SPREAD_S: Final = 1.5
SESSION_S: Final = 10.0
"""A consumer group gives a member up after this long: shared/runtime."""


class Kind(StrEnum):
    """What is done to a victim."""

    KILL = "kill -9"
    TERMINATE = "SIGTERM"
    PAUSE = "pause"
    LONG_PAUSE = "long pause"
    BROKER = "kill -9 of a broker"
    FLUSH = "FLUSHALL"
    VALKEY = "kill -9 of Valkey"
    CUT = "answers cut off"
    DISK = "disk full"
    PARTITION = "host cut off"
    MUTE = "nothing goes out"
    LOSS = "every third packet lost"
    DELAY = "delay, reordering"


HOSTS: Final = (*SERVICES, *BROKERS, "valkey")
NETWORK: Final = (Kind.PARTITION, Kind.MUTE, Kind.LOSS, Kind.DELAY)
"""What is done where every process has a host of its own; there are no proxies there, so no answers to cut off."""

VICTIMS: Final[Mapping[Kind, Sequence[str]]] = {
    Kind.KILL: SERVICES,
    Kind.TERMINATE: SERVICES,
    Kind.PAUSE: SERVICES,
    Kind.LONG_PAUSE: SERVICES[1:5],  # a zombie means something only where another instance takes over
    Kind.BROKER: BROKERS,
    Kind.FLUSH: ("valkey",),
    Kind.VALKEY: ("valkey",),
    Kind.CUT: WAYS,
    Kind.DISK: DISKS,
    **dict.fromkeys(NETWORK, HOSTS),
}
LASTS_S: Final[Mapping[Kind, tuple[float, float]]] = {
    Kind.PAUSE: (0.5, 4.0),
    Kind.LONG_PAUSE: (SESSION_S + 1.5, SESSION_S + 5),
    Kind.CUT: (1.0, 1.0),
    Kind.DISK: (6.5, 6.5),
    Kind.PARTITION: (1.0, SESSION_S + 4),
    Kind.MUTE: (1.0, SESSION_S + 4),
    Kind.LOSS: (2.0, 8.0),
    Kind.DELAY: (2.0, 8.0),
}


@dataclass(frozen=True)
class Act:
    """One fault: after `delay_s` in its salvo, for `lasts_s` where it lasts."""

    kind: Kind
    victim: str
    delay_s: float
    lasts_s: float = 0.0


@dataclass(frozen=True)
class Counts:
    """How many of which fault. SIGTERMs, flushes, cuts and full disks follow from the kills; `network` is how many of each."""

    kills: int
    pauses: int
    broker_kills: int
    network: int = 0

    @property
    def all(self) -> dict[Kind, int]:
        """Return how many acts of each kind."""
        long = max(1, self.pauses // 5) if self.pauses else 0
        some = -(-self.kills // 20)
        return {
            Kind.KILL: self.kills,
            Kind.TERMINATE: some,
            Kind.PAUSE: self.pauses - long,
            Kind.LONG_PAUSE: long,
            Kind.BROKER: self.broker_kills,
            Kind.FLUSH: some,
            Kind.VALKEY: some,
            Kind.CUT: 0 if self.network else 2 * some,
            Kind.DISK: -(-self.kills // 50),
            **dict.fromkeys(NETWORK, self.network),
        }


def salvos(counts: Counts, seed: int) -> list[list[Act]]:
    """Return all acts in a random order, grouped."""
    chance = random.Random(seed)
    left = [act for kind, n in counts.all.items() for act in _acts(kind, n, chance)]
    chance.shuffle(left)
    found = []
    while left:
        salvo = _salvo(left, chance.randint(2, SALVO))
        found.append([left[place] for place in salvo])
        left = [act for place, act in enumerate(left) if place not in salvo]
    return found


def _salvo(left: list[Act], size: int) -> list[int]:
    struck: dict[str, int] = {}
    for place, act in enumerate(left):
        struck.setdefault(_room(act, place), place)
        if len(struck) == size:
            break
    return list(struck.values())


def _room(act: Act, place: int) -> str:
    """Return what two acts of a salvo must not share."""
    if act.victim in BROKERS:
        return "a broker"
    if act.kind in NETWORK:
        return f"the host of {act.victim}"
    return f"act {place}" if act.victim in SERVICES and act.kind is not Kind.DISK else act.victim


def _acts(kind: Kind, times: int, chance: random.Random) -> list[Act]:
    """Return so many acts of a kind; every victim has its turn before one has a second."""
    turns = cycle(chance.sample(VICTIMS[kind], len(VICTIMS[kind])))
    return [
        Act(
            kind,
            next(turns),
            delay_s=round(chance.uniform(0, SPREAD_S), 3),
            lasts_s=round(chance.uniform(*LASTS_S.get(kind, (0.0, 0.0))), 3),
        )
        for _ in range(times)
    ]
