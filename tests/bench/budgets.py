"""The method of equal shares beside pabutools, over random votes: `python -m tests.bench.budgets [--votes N] [--seed S]`.

With `--time`, without the peer: how long live contests of several sizes take, and the auditor.

pabutools stands in the peers' environment (`make bench-peers`), for its licence is the GPL. It funds projects that no ballot names
with what is left; we do not, so these are left out of the comparison. Exits 1 at the first difference.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from time import process_time
from typing import Any, NamedTuple, get_args

from services.audit.tabulate import counted
from shared.contract.elections import Budget, Candidate, Contest
from shared.rcv.budget.ballots import BudgetVote, Choice, Project
from shared.rcv.budget.equal_shares import Completion, Measure, equal_shares, lots
from shared.rcv.budget.live import LiveShares

SIZES = ((100, 20), (1_000, 30), (10_000, 50), (100_000, 200))
AUDITED = 10_000
"""Ballots up to which the auditor is timed, too."""
MOST_TICKED = 8
PEER = Path(".livecount/peers/bin/python")


class Trial(NamedTuple):
    """A vote and how it is decided."""

    vote: BudgetVote
    completion: Completion
    measure: Measure


def drawn(random: Random) -> Trial:
    """Return a small vote, so that level prices are common."""
    costs = [
        Fraction(random.randint(1, 120), random.choice([1, 1, 1, 10])) for _ in range(random.randint(1, 7))
    ]
    scored = random.random() < 0.3
    choices = []
    for _ in range(random.randint(1, 9)):
        wanted = tuple(sorted(random.sample(range(len(costs)), random.randint(0, len(costs)))))
        choices.append(Choice(wanted, tuple(Fraction(random.randint(1, 4)) for _ in wanted if scored), 1))
    projects = tuple(Project(str(place), str(place), cost) for place, cost in enumerate(costs))
    vote = BudgetVote(
        "t",
        Fraction(random.randint(1, 200)),
        "scoring" if scored else "approval",
        projects,
        tuple(choices),
        0,
    )
    measure: Measure = "number" if scored else random.choice(get_args(Measure))
    return Trial(vote, random.choice(get_args(Completion)), measure)


def asked(trial: Trial) -> dict[str, Any]:
    """Return a trial as the peer takes it, with our order of level projects."""
    vote = trial.vote
    named = [sum(place in choice.projects for choice in vote.choices) for place in range(len(vote.projects))]
    lot = lots(vote, "0")
    order = sorted(
        range(len(named)), key=lambda place: (-named[place], vote.projects[place].cost, lot[place])
    )
    return {
        "costs": [project.cost.as_integer_ratio() for project in vote.projects],
        "budget": vote.budget.as_integer_ratio(),
        "scored": vote.kind == "scoring",
        "measure": trial.measure,
        "completion": trial.completion,
        "order": [order.index(place) for place in range(len(order))],
        "ballots": [
            [[place, int(worth)] for place, worth in vote.worth(choice).items()] for choice in vote.choices
        ],
    }


def compare(trials: Sequence[Trial]) -> int | None:
    """Return the number of the first trial whose outcomes differ, None if there is none."""
    lines = "".join(json.dumps(asked(trial)) + "\n" for trial in trials)
    peer = [str(PEER), "tests/bench/peers/fund_pabutools.py"]
    answers = subprocess.run(
        peer, input=lines, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for number, (trial, answer) in enumerate(zip(trials, answers, strict=True)):
        supported = {place for choice in trial.vote.choices for place in choice.projects}
        outcome = equal_shares(trial.vote, completion=trial.completion, measure=trial.measure)
        if sorted(outcome.projects) != [place for place in json.loads(answer) if place in supported]:
            return number
    return None


def timed(ballots: int, projects: int, random: Random) -> str:
    """Return how long a live contest of so many ballots takes, whose electors tick up to 8 projects, popular ones more often."""
    costs = [random.randint(5, 100) * 1_000 for _ in range(projects)]
    contest = Contest(
        id="town",
        title="Town",
        method="equal-shares",
        lot="1",
        candidates=tuple(Candidate(id=f"p{n}", name=f"P{n}", cost=cost) for n, cost in enumerate(costs)),
        budget=Budget(amount=sum(costs) // 4),
    )
    popular = [1 / (1 + place / 20) for place in range(projects)]
    cast = Counter(
        "=".join(
            map(str, sorted(set(random.choices(range(projects), popular, k=random.randint(1, MOST_TICKED)))))
        )
        for _ in range(ballots)
    )
    method = LiveShares(contest)
    method.apply((0, marks, number) for marks, number in cast.items())
    begun = process_time()
    spending = method.spend()
    live, begun = process_time() - begun, process_time()
    audited = ""
    if ballots <= AUDITED:
        assert counted({(0, marks): number for marks, number in cast.items()}, contest).spending == spending
        audited = f", the auditor {process_time() - begun:.1f} s"
    return (
        f"{ballots:,} ballots ({len(cast):,} different) of {projects} projects: {live:.2f} s{audited}; "
        f"{len(spending.funded)} funded, {live / method.work * 1e6:.2f} us a unit of work"
    )


def main() -> None:
    """Compare, and say how many votes agree."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time", action="store_true", help="say how long live contests take")
    options = parser.parse_args()
    if options.time:
        for ballots, projects in SIZES:
            sys.stdout.write(f"{timed(ballots, projects, Random(options.seed))}\n")
            sys.stdout.flush()
        return
    random = Random(options.seed)
    trials = [drawn(random) for _ in range(options.votes)]
    different = compare(trials)
    if different is not None:
        raise SystemExit(f"vote {different} differs: {asked(trials[different])}")
    sys.stdout.write(f"{len(trials):,} votes: all as pabutools has them\n")


if __name__ == "__main__":
    main()
