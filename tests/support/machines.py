"""Judge, tally and rounds as pure machines, one after another, with crashes that bring each back to an earlier snapshot."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge
from shared.contract.codec import decode_as
from shared.contract.standings import Standing
from shared.runtime.follower import Machine
from shared.runtime.log import Outgoing
from tests.support.elections import LOG_ID, ROOT_KEY
from tests.support.evidence import OUTPUTS


def published(logs: Sequence[list[bytes]], rng: random.Random) -> list[Standing]:
    """Return every standing that is made of the shards' logs, repeats included, in the order they are published."""
    shards = len(logs)
    judged = [
        through(partial(Judge, LOG_ID, ROOT_KEY, s, shards, OUTPUTS), log, rng) for s, log in enumerate(logs)
    ]
    waiting = [
        through(partial(Tally, s, shards, "tallies", PartitionOf(1)), log, rng)
        for s, log in enumerate(judged)
    ]
    mixed: list[bytes] = []
    while any(waiting):
        mixed.append(rng.choice([shard for shard in waiting if shard]).pop(0))
    return [decode_as(Standing, value) for value in through(partial(Rounds, 0, "counts"), mixed, rng)]


def through(make: Callable[[], Machine], log: Sequence[bytes], rng: random.Random) -> list[bytes]:
    """Return what a machine says of a log, with crashes that bring it back to an earlier snapshot."""
    machine = make()
    said: list[bytes] = []
    snapshot, position, saved_at = machine.save(), 0, 0
    while position < len(log):
        size = rng.randrange(1, 6)
        machine.apply(log[position : position + size])
        position = min(len(log), position + size)
        if rng.random() < 0.7:
            said += _read_next(machine.drain())
            if rng.random() < 0.5:
                snapshot, saved_at = machine.save(), position
        if rng.random() < 0.2:
            machine = make()
            machine.restore(snapshot)
            position = saved_at
    return said + _read_next(machine.drain())


def _read_next(outgoing: Sequence[Outgoing]) -> list[bytes]:
    """Return what the next machine reads: of a judge what it writes to `ballots.judged`."""
    return [out.value for out in outgoing if out.topic not in (OUTPUTS.controls, OUTPUTS.rolls)]
