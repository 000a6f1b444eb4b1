"""One engine in one process: it reads ballots, then counts once for each line it is sent.

Rule 1: an engine is a file with two functions. `build` turns decoded ballots into what the engine counts, as its
        documentation says to; `count` counts that and returns the winners by index.
Rule 2: imports, reading the ballots and collecting garbage are outside the clock, and the ballots are nothing
        that is collected again. CPU time is compared.
Rule 3: peers live in an environment of their own, where this file is all they know of the project.
"""

import gc
import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Ballots = list[tuple[int, ...]]
Build = Callable[[Ballots, int, int], Any]
"""Given ballots, how many candidates there are, how many seats."""
Count = Callable[[Any], list[int]]


def serve(build: Build, count: Count) -> None:
    """Answer each line of standard input with one run: CPU and wall seconds, and the winners."""
    path, candidates, seats = sys.argv[1:]
    ballots: Ballots = pickle.loads(Path(path).read_bytes())
    gc.freeze()
    for _ in sys.stdin:
        gc.collect()
        built, build_seconds = _timed(build, ballots, int(candidates), int(seats))
        gc.collect()
        winners, count_seconds = _timed(count, built)
        answer = {"build": build_seconds, "count": count_seconds, "winners": sorted(map(int, winners))}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        del built


def _timed(do: Callable[..., Any], *given: Any) -> tuple[Any, dict[str, float]]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = do(*given)
    return result, {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
