"""pabutools: the method of equal shares over votes that it is given, a line of JSON each; it answers what is funded."""

import json
import sys
from typing import Any

from pabutools import election as pb  # type: ignore[import-not-found]
from pabutools import fractions, rules
from pabutools.tiebreaking import TieBreakingRule  # type: ignore[import-not-found]


def funded(asked: dict[str, Any]) -> list[int]:
    """Return the projects that are funded, by place."""
    exact = fractions.frac
    projects = [pb.Project(str(place), exact(*cost)) for place, cost in enumerate(asked["costs"])]
    instance = pb.Instance(projects, budget_limit=exact(*asked["budget"]))
    if asked["scored"]:
        scores = [{projects[place]: exact(points) for place, points in ballot} for ballot in asked["ballots"]]
        profile = pb.CardinalProfile([pb.CardinalBallot(each) for each in scores], instance=instance)
        measure = pb.Additive_Cardinal_Sat
    else:
        wanted = [[projects[place] for place, _ in ballot] for ballot in asked["ballots"]]
        profile = pb.ApprovalProfile([pb.ApprovalBallot(each) for each in wanted], instance=instance)
        measure = pb.Cost_Sat if asked["measure"] == "cost" else pb.Cardinality_Sat
    options = {
        "sat_class": measure,
        "tie_breaking": TieBreakingRule(lambda _, __, project: asked["order"][int(project.name)]),
    }
    # Their word: an elector's share grows by one.
    larger = {"voter_budget_increment": 1} if asked["completion"].startswith("add") else {}
    found = list(rules.method_of_equal_shares(instance, profile, **options, **larger))
    if asked["completion"].endswith("most"):
        found = rules.greedy_utilitarian_welfare(
            instance, profile, initial_budget_allocation=found, **options
        )
    return sorted(int(project.name) for project in found)


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(funded(json.loads(line))) + "\n")
