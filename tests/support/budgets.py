"""A town's budget to be spent in equal shares, and standings of it."""

from collections import Counter
from typing import Literal

from services.counting.ledger import ShardLedger
from services.counting.standing import standing_of
from shared.contract.elections import Budget, Candidate, Contest, Election, Phase
from shared.contract.standings import Standing
from shared.rcv.budget.live import LiveShares
from tests.support.elections import election

PROFILE = {(0, "0=1"): 90, (0, "0=3"): 30, (1, "1=2"): 40, (1, "2=3"): 25, (0, "4"): 10, (1, ""): 5}
"""200 ballots, so that each has a share of 250.25."""
PROJECTS = ("A new library", "Cycle lanes", "A youth centre", "Trees in the square", "A longer pier")


def town(
    ballots: Literal["approvals", "ranked"] = "approvals", out: tuple[int, ...] = (), **terms: object
) -> Contest:
    """Return the contest of five projects; those at the places `out` are withdrawn."""
    costs = (30_000, 18_000, 12_500, "4500.50", 40_000)
    return Contest(
        id="town",
        title="What is the money spent on?",
        method="equal-shares",
        lot="4711",
        candidates=tuple(
            Candidate.model_validate(
                {"id": f"p{place}", "name": name, "cost": cost, "excluded": place in out}
            )
            for place, (name, cost) in enumerate(zip(PROJECTS, costs, strict=True))
        ),
        budget=Budget.model_validate({"amount": 50_050, "currency": "£", "ballots": ballots, **terms}),
    )


def as_budget(of: Contest, ballots: Literal["approvals", "ranked"] = "approvals") -> Contest:
    """Return a contest as one that spends a budget: its candidates cost 10, 20 and so on, and there is money for half of them."""
    candidates = tuple(
        one.model_copy(update={"cost": 10 * place}) for place, one in enumerate(of.candidates, 1)
    )
    amount = max(10 * len(candidates), sum(10 * place for place in range(1, len(candidates) + 1)) // 2)
    return Contest.model_validate(
        {
            **of.model_dump(),
            "method": "equal-shares",
            "seats": 1,
            "candidates": [one.model_dump() for one in candidates],
            "rules": {},
            "budget": {"amount": amount, "ballots": ballots},
        }
    )


def with_budget(definition: Election, ballots: Literal["approvals", "ranked"] = "approvals") -> Election:
    """Return an election whose first contest spends a budget."""
    first, *others = definition.contests
    return definition.model_copy(update={"contests": (as_budget(first, ballots), *others)})


def spent(
    phase: Phase = Phase.CLOSED, of: Contest | None = None, profile: dict[tuple[int, str], int] = PROFILE
) -> Standing:
    """Return the standing of a town's budget at that phase."""
    contest = of or town()
    definition = election("harbour").model_copy(update={"contests": (contest,)})
    turnout = [
        sum(ballots for (section, _), ballots in profile.items() if section == place)
        for place in range(len(definition.sections))
    ]
    method = LiveShares(contest)
    method.apply([(section, marks, ballots) for (section, marks), ballots in profile.items()])
    accepted = sum(turnout)
    ledger = ShardLedger.empty(len(turnout))
    ledger = ShardLedger(accepted, ledger.head, phase, Counter({"accepted": accepted}), 0, tuple(turnout))
    return standing_of(definition, contest, [ledger], method.spend())
