"""What the core is measured at alone, without peers: each measure in a fresh process, printed as JSON.

Run as `python -m tests.bench.alone MEASURE NUMBER`.

Rule 1: a batch is what the live path hands over: a thousand ballots, each a change of its own, applied and counted.
Rule 2: ballots are made, and garbage is collected, outside the clock. CPU time is shown.
Rule 3: what was counted is compared with the cold count before a figure is shown.
"""

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from shared.contract.elections import Candidate, Contest
from shared.rcv.count.live import LiveMethod, open_method
from shared.rcv.count.profile import Change, Profile
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.live_scenarios import LiveScenarios
from shared.rcv.scenarios import what_if
from tests.bench.ballots import COUNCIL, EIGHT, MAYOR, WIDE, Shape, marks, profile, ranks

BATCH = 1_000
BATCHES = 200
SEED = 3
FRESH = 4
"""Seed of the ballots that arrive while the clock runs."""


def contest_of(candidates: int, method: str = "irv", seats: int = 1) -> Contest:
    """Return a contest with so many candidates."""
    standing = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(candidates))
    return Contest.model_validate(
        {
            "id": "bench",
            "title": "Bench",
            "method": method,
            "seats": seats,
            "candidates": standing,
            "lot": "1",
        }
    )


def batches(number: int) -> dict[str, float]:
    """Live IRV: milliseconds of a batch when so many ballots of the wide shape were counted before."""
    seconds = _live(WIDE, number)
    return {"median_ms": 1e3 * median(seconds), "p99_ms": 1e3 * float(np.percentile(seconds, 99))}


def what_ifs(number: int, shape: Shape = WIDE) -> dict[str, float]:
    """Return milliseconds of all what-ifs after each batch, kept up, when so many ballots of a shape were counted before."""
    contest, counted = contest_of(shape.candidates), profile(shape, number, SEED)
    live = open_method(contest, 1)
    live.apply([(0, marks, times) for marks, times in counted.items()])
    kept_up = LiveScenarios(contest, live.profile)
    count = live.count()
    first_s = _seconds(lambda: kept_up.answers(count))
    cold_s = _seconds(lambda: what_if(live.profile, contest, count=count, with_two=True))
    seconds: list[float] = []
    for rows in ranks(shape, BATCH * BATCHES, FRESH):
        arriving: list[Change] = [(0, marks, 1) for marks in marks(rows)]
        for start in range(0, len(arriving), BATCH):
            live.apply(arriving[start : start + BATCH])
            count = live.count()
            seconds.append(_seconds(partial(kept_up.answers, count)))
    assert kept_up.answers(count) == what_if(live.profile, contest, with_two=True), (
        "kept up and counted cold differ"
    )
    return {
        "median_ms": 1e3 * median(seconds),
        "p99_ms": 1e3 * float(np.percentile(seconds, 99)),
        "first_ms": 1e3 * first_s,
        "cold_ms": 1e3 * cold_s,
    }


def growth(number: int) -> dict[str, float]:
    """Return nanoseconds that one more ballot costs, applied and counted live, when so many were counted before."""
    per_ballot = 1e9 / BATCH
    return {
        "mayor_ns": per_ballot * median(_live(MAYOR, number)),
        "council_ns": per_ballot * median(_live(COUNCIL, number)),
    }


def memory(number: int) -> dict[str, float]:
    """Return bytes of resident memory that each of so many distinct rankings takes, its marks included."""
    limit = 20 * 19 * 18 * 17 * 16
    assert number < limit, f"20 candidates and five ranks make {limit} rankings"
    distinct = _distinct(number)
    before = _resident()
    rankings = Profile(20, 1, contest_of(20).rules)
    for start in range(0, number, BATCH):
        rankings.add([(0, ">".join(map(str, row)), 1) for row in distinct[start : start + BATCH].tolist()])
    gc.collect()
    assert len(rankings) == number, "each of them is distinct"
    return {"bytes": (_resident() - before) / number}


def _live(shape: Shape, number: int) -> list[float]:
    """Return CPU seconds of each batch that arrives after so many ballots."""
    counted = profile(shape, number, SEED)
    live = open_method(contest_of(shape.candidates), 1)
    live.apply([(0, marks, times) for marks, times in counted.items()])
    live.count()
    arriving = [row for rows in ranks(shape, BATCH * BATCHES, FRESH) for row in marks(rows)]
    changes: list[Change] = [(0, marks, 1) for marks in arriving]
    gc.collect()
    gc.freeze()
    seconds = [_batch(live, changes[start : start + BATCH]) for start in range(0, len(changes), BATCH)]
    _agrees(live, counted + Counter(arriving), shape.candidates)
    return seconds


def _batch(live: LiveMethod, changes: list[Change]) -> float:
    start = time.process_time()
    live.apply(changes)
    live.count()
    return time.process_time() - start


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _agrees(live: LiveMethod, counted: Counter[str], candidates: int) -> None:
    cold = tabulate_counts({(0, marks): times for marks, times in counted.items()}, contest_of(candidates), 1)
    assert live.count() == cold, "live and cold count differ"


def _distinct(number: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return distinct rankings of five of twenty candidates, in an order as mixed as arrivals are."""
    chosen = np.random.default_rng(SEED).permutation(20 * 19 * 18 * 17 * 16)[:number]
    rows = np.empty((number, 5), np.int64)
    for place in range(5):
        chosen, rows[:, place] = np.divmod(chosen, 20 - place)
    for place in range(4, -1, -1):  # from "the how-manieth of those left" to candidates
        later = rows[:, place + 1 :]
        later += later >= rows[:, place : place + 1]
    return rows


def _resident() -> int:
    """Return the bytes of memory this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


MEASURES: dict[str, Callable[[int], dict[str, float]]] = {
    "batches": batches,
    "what_ifs": what_ifs,
    "what_ifs_of_two": partial(what_ifs, shape=EIGHT),
    "growth": growth,
    "memory": memory,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(MEASURES[sys.argv[1]](int(sys.argv[2]))))
