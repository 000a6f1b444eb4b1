"""Engines count the same ballots by turns, each in a process of its own.

Rule 1: A B C A B C …: what disturbs the machine disturbs all alike. Ratios are taken within a turn, then the median.
Rule 2: the first turn warms up and is not counted.
Rule 3: engines that name other winners are reported as wrong, not as fast.
"""

import json
import os
import pickle
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal, Self

from tests.bench.ballots import Ranking

What = Literal["count", "whole"]

OURS = "livecount"
PEERS_PYTHON = Path(".livecount/peers/bin/python")
_FOLDER = Path(__file__).with_name("peers")
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Race:
    """The same ballots for every engine."""

    ballots: list[Ranking]
    candidates: int
    seats: int

    def run(self, engines: list[str], turns: int, folder: Path, patience_s: float) -> dict[str, "Times"]:
        """Return each engine's times. Raises AssertionError if one names other winners than ours does."""
        path = folder / "ballots.pickle"
        path.write_bytes(pickle.dumps(self.ballots))
        started = [Engine(name, path, self, patience_s) for name in engines]
        try:
            for turn in range(turns + 1):
                for engine in started:
                    engine.turn(warm=turn > 0)
        finally:
            for engine in started:
                engine.stop()
        return {engine.name: engine.times for engine in started}


@dataclass
class Times:
    """CPU seconds, turn by turn; and what went wrong, if something did."""

    build: list[float] = field(default_factory=list)
    count: list[float] = field(default_factory=list)
    winners: list[int] = field(default_factory=list)
    fault: str = ""

    def seconds(self, what: What) -> list[float]:
        """Return the seconds of counting, or of the whole: building and counting."""
        return (
            self.count
            if what == "count"
            else [sum(both) for both in zip(self.build, self.count, strict=True)]
        )

    def times_slower(self, ours: Self, what: What) -> float:
        """Return the median over the turns of this engine's seconds by ours."""
        pairs = zip(self.seconds(what), ours.seconds(what), strict=True)
        return median(theirs / own for theirs, own in pairs)


class Engine:
    """One engine's process."""

    def __init__(self, name: str, ballots: Path, race: Race, patience_s: float) -> None:
        self.name, self.times, self._patience_s = name, Times(), patience_s
        ours = name == OURS
        python = sys.executable if ours else str(_PROJECT / PEERS_PYTHON)
        self._process = subprocess.Popen(
            [
                python,
                "-W",
                "ignore",
                _FOLDER / f"count_{name}.py",
                ballots,
                str(race.candidates),
                str(race.seats),
            ],
            env={**os.environ, "PYTHONPATH": str(_PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def turn(self, *, warm: bool) -> None:
        """Let it count once, and note its times if it is warm. One that failed before is passed over."""
        if self.times.fault:
            return
        answer = self._ask()
        if not answer:
            return
        said = json.loads(answer)
        self.times.winners = said["winners"]
        if warm:
            self.times.build.append(said["build"]["cpu"])
            self.times.count.append(said["count"]["cpu"])

    def _ask(self) -> str:
        process = self._process
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        assert process.stderr is not None, "it is a pipe"
        try:
            process.stdin.write("\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._fails(process.stderr.read())
        if not select.select([process.stdout], [], [], self._patience_s)[0]:
            self.times.fault = f"more than {self._patience_s:.0f} s"
            return ""
        return process.stdout.readline() or self._fails(process.stderr.read())

    def _fails(self, error: str) -> str:
        self.times.fault = f"fails: {error.strip().splitlines()[-1][:100]}" if error.strip() else "fails"
        return ""

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
