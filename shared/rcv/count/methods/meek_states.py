"""What each round of a count by keep factors starts from, and the rounds made of it.

Methods that give the elected a keep factor (Meek's, New Zealand's) yield one state for each step that decides something.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from shared.contract.standings import Ending
from shared.rcv.count.methods.meek_parcels import Parcels, Parts, flow_of
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Decision, Round, Transfer, round_of, transfers_from
from shared.rcv.count.trace import Snapshot


class State(NamedTuple):
    """What a round starts from and what it decides."""

    parcels: Parcels
    parts: list[Parts]
    """By parcel, what one ballot leaves with whom."""
    units: list[list[int]]
    """By section and holder."""
    continuing: tuple[int, ...]
    seated: tuple[int, ...]
    quota: int | None
    decisions: tuple[Decision, ...]


def rounds_of(profile: Columns, states: Sequence[State], snapshots: list[Snapshot] | None) -> Iterator[Round]:
    """Yield the rounds: each the votes on which somebody is elected or defeated, and where they go from there."""
    if snapshots is not None:
        snapshots += (_snapshot(state, profile.candidates) for state in states)
    for number, (state, following) in enumerate(zip_longest(states, states[1:]), 1):
        yield round_of(
            number,
            state.units,
            state.continuing,
            state.decisions,
            threshold=state.quota,
            transfers=() if following is None else _transfers(profile, state, following),
            seated=state.seated,
        )


def unmoved(before: State, defeated: int) -> State:
    """Return the state after: nobody needs the votes of the last one defeated, so they move no further.

    Who is left and what is decided are still to be put in.
    """
    holders = len(before.units[0])
    nobody = holders - len(ENDINGS) + ENDINGS.index(Ending.SURPLUS)
    parts = [
        {nobody if holder == defeated else holder: worth for holder, worth in left.items()}
        for left in before.parts
    ]
    units = before.parcels.units(parts, holders)
    return before._replace(parts=parts, units=units)


def _snapshot(state: State, candidates: int) -> Snapshot:
    of_row, parts, nobody = state.parcels.of_row, state.parts, candidates + ENDINGS.index(Ending.SURPLUS)
    ways = zip(state.parcels.ways, parts, strict=True)
    ends = [nobody if nobody in left else way[-1] for way, left in ways]
    holder = np.array(ends, np.intp)[of_row]
    value = np.array([left[end] for end, left in zip(ends, parts, strict=True)], np.int64)[of_row]
    # Whoever was elected in the round before, which moved nothing, still holds ballots whole.
    behind = [
        {c: worth for c, worth in left.items() if c != end} for end, left in zip(ends, parts, strict=True)
    ]
    kept = {c: np.array([left.get(c, 0) for left in behind], np.int64)[of_row] for c in state.seated}
    return Snapshot(holder, value, kept)


def _transfers(profile: Columns, before: State, after: State) -> tuple[Transfer, ...]:
    """Return where votes go from one round to the next: what each ballot takes from one holder it gives to another."""
    # Ballots are grouped by their parcels before and after, as one number: a flow is worked out once for each pair.
    pairs = before.parcels.of_row * len(after.parts) + after.parcels.of_row
    distinct, of_row = np.unique(pairs, return_inverse=True)
    _, _, ballots = profile.columns()
    ballots_of = np.zeros(len(distinct), np.int64)
    np.add.at(ballots_of, of_row, ballots)
    flows: Counter[tuple[int, int]] = Counter()
    for pair, number in zip(distinct.tolist(), ballots_of.tolist(), strict=True):
        here, there = divmod(pair, len(after.parts))
        for flow, units in flow_of(before.parts[here], after.parts[there]).items():
            flows[flow] += units * number
    received: dict[int, list[int]] = {}
    for (source, target), units in flows.items():
        received.setdefault(source, [0] * len(before.units[0]))[target] = units
    return tuple(t for c in sorted(received) for t in transfers_from(c, received[c], profile.candidates))
