"""`python -m tests.simulation`: run seeds, replay one, or show that every mutant is killed."""

import argparse
import math
import os
import sys
import time
from collections import Counter

from tests.simulation.mutants import MUTANTS
from tests.simulation.run import Outcome, simulate
from tests.simulation.sweep import MUTANT_SEEDS, first_kill, outcomes, replay_command
from tests.simulation.transcript import Transcript

SEEDS = 2_000
REPORT_EVERY_S = 5.0
EXAMPLES = """examples:
  python -m tests.simulation --seeds 2000          run 2,000 seeds
  python -m tests.simulation --seed 17             replay seed 17 and print what happens in it
  python -m tests.simulation mutants               how many seeds it takes to kill each mutant"""


def main() -> None:
    """Run what is asked for. Exit code 1 if an invariant does not hold, or a mutant lives."""
    arguments = _arguments()
    if arguments.what == "mutants":
        raise SystemExit(0 if _kill_all() else 1)
    if arguments.seed is not None:
        raise SystemExit(_replay(arguments.seed))
    raise SystemExit(
        _sweep(range(arguments.start, arguments.start + arguments.seeds), arguments.jobs, arguments.minutes)
    )


def _sweep(seeds: range, jobs: int, minutes: float) -> int:
    began, reported = time.monotonic(), 0.0
    occurred: Counter[str] = Counter()
    failing: list[Outcome] = []
    virtual_s = 0.0
    for number, outcome in enumerate(outcomes(seeds, jobs), start=1):
        occurred += outcome.occurred
        virtual_s += outcome.virtual_s
        if outcome.violation:
            failing.append(outcome)
            _say(f"seed {outcome.seed}: {outcome.violation}\n  again: {replay_command(outcome.seed)}")
        if time.monotonic() - reported > REPORT_EVERY_S or number == len(seeds):
            reported = time.monotonic()
            rate = number / (reported - began)
            _say(f"{number:,} of {len(seeds):,} seeds, {rate:.1f} a second, {len(failing)} failing")
        if time.monotonic() - began > 60 * minutes:
            _say(f"stopped after {minutes:g} minutes: {number:,} seeds")
            break
    _say(f"{virtual_s / 3600:.1f} hours of virtual time in {time.monotonic() - began:.0f} s; what occurred:")
    for fault, times in occurred.most_common():
        _say(f"  {times:10,}  {fault}")
    _say("every invariant held" if not failing else f"failing seeds: {[outcome.seed for outcome in failing]}")
    return 1 if failing else 0


def _replay(seed: int) -> int:
    transcript = Transcript()
    outcome = simulate(seed, transcript)
    _say("\n".join(transcript.lines))
    _say(f"seed {seed}: {outcome.violation or 'every invariant held'}")
    _say(f"{outcome.steps:,} steps, {outcome.virtual_s:.1f} s of virtual time, trace {outcome.trace}")
    return 1 if outcome.violation else 0


def _kill_all() -> bool:
    lives: list[str] = []
    _say(f"{'mutant':50} {'breaks':18} seeds  what was noticed")
    for mutant in MUTANTS:
        killed = first_kill(mutant, range(MUTANT_SEEDS))
        if killed is None:
            lives.append(mutant.name)
        seeds, why = (
            ("-", f"lives after {MUTANT_SEEDS:,} seeds")
            if killed is None
            else (str(killed.seed + 1), killed.violation)
        )
        _say(f"{mutant.name:50} {mutant.breaks:18} {seeds:>5}  {str(why)[:90]}")
    _say(f"{len(MUTANTS) - len(lives)} of {len(MUTANTS)} mutants killed")
    return not lives


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__.partition(": ")[2],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=["seeds", "mutants"], default="seeds")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many (default {SEEDS:,})")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="replay this one and print it line by line")
    parser.add_argument("--minutes", type=float, default=math.inf, help="after which to stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
