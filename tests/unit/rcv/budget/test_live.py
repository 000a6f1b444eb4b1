"""A budget of a live contest: how marks are read, what comes and goes, and how long it waits between two counts."""

import pytest

from shared.contract.elections import Budget, Candidate, Contest, Election, Section
from shared.contract.mistakes import find_mistakes
from shared.rcv.budget.live import LiveShares, projects_of
from shared.rcv.trial import MAX_SHARES, objection
from tests.support.budgets import PROFILE, spent, town


@pytest.mark.parametrize(
    ("ballots", "marks", "projects"),
    [
        ("approvals", "2=0", (0, 2)),
        ("approvals", "3>1>>0", (0, 1, 3)),
        ("approvals", "*", ()),
        ("approvals", "", ()),
        ("ranked", "3>1>>0", (3, 1, 0)),
        ("ranked", "3>0=1>2", (3,)),
        ("ranked", "3>3>1", (3, 1)),
    ],
)
def test_marks_are_approvals_or_an_order(ballots: str, marks: str, projects: tuple[int, ...]) -> None:
    """Approvals are marks at any rank; a rank that holds several ends an order."""
    assert projects_of(marks, town(ballots)) == projects  # type: ignore[arg-type]  # one of the two


def test_ballots_come_and_go_and_projects_withdraw() -> None:
    """What is left is counted as if nothing else had ever been there."""
    contest = town()
    method = LiveShares(contest)
    method.apply([(0, "4", 70), (1, "0=1=2=3=4", 9)])
    method.withdraw(1)
    method.spend()
    method.apply([(0, "4", -70), (1, "0=1=2=3=4", -9)])
    method.apply([(section, marks, ballots) for (section, marks), ballots in PROFILE.items()])
    method.restore(1)
    assert method.spend() == spent().spending
    method.withdraw(1)
    assert method.spend() == spent(of=town(out=(1,))).spending
    with pytest.raises(AssertionError, match="more often than it was cast"):
        method.apply([(0, "3", -1)])


def test_shares_are_enlarged_a_bounded_number_of_times() -> None:
    """One supporter of what costs the whole budget, of a thousand: he never has it all, and the count ends."""
    contest = town(completion="add-one")
    method = LiveShares(contest)
    method.apply([(0, "4", 1), (0, "", 999)])
    spending = method.spend()
    assert spending.funded == ()
    assert spending.share == "150.15"  # 200 times a hundredth of 50.05 more


def test_ranks_are_worth_more_the_higher_they_are() -> None:
    """Two projects as dear and as often named: the one that is ranked higher comes first."""
    contest = Contest(
        id="c",
        title="C",
        method="equal-shares",
        lot="1",
        candidates=tuple(Candidate(id=name, name=name, cost=10) for name in "ab"),
        budget=Budget(amount=20, ballots="ranked"),
    )
    for marks, first in (("0>1", "a"), ("1>0", "b")):
        method = LiveShares(contest)
        method.apply([(0, marks, 5)])
        assert method.spend().funded[0].project == first


def definition(contest: Contest, electors: int = 100) -> Election:
    """Return an election of one contest."""
    return Election(
        id="town",
        title="Town",
        epoch="test",
        sections=(Section(id="all", name="All", electors=electors),),
        contests=(contest,),
    )


def test_what_would_take_too_long_is_refused_before_it_is_frozen() -> None:
    """Electors times projects have a bound."""
    assert objection(definition(town())) is None
    found = objection(definition(town(), MAX_SHARES // 4))
    assert found is not None
    assert found.where == "contests[0].candidates"
    assert "expected at most 4 projects" in found.expected


def test_every_mistake_of_a_budget_has_its_place() -> None:
    """Costs beyond the budget, none, or where none may be; seats, rules and write-ins that mean nothing there."""
    raw = definition(town()).model_dump(mode="json")
    assert find_mistakes(raw) == []
    contest = raw["contests"][0]
    contest["seats"], contest["rules"]["places"], contest["rules"]["max_ranks"] = 2, 3, 2
    contest["candidates"][0]["cost"] = 50_051
    del contest["candidates"][1]["cost"]
    contest["candidates"][2]["cost"] = -1
    contest["candidates"][3]["cost"] = "4500.505"
    contest["candidates"][4]["write_in"] = True
    assert {of.where for of in find_mistakes(raw)} == {
        *(f"contests[0].candidates[{place}].cost" for place in range(4)),
        *("contests[0].candidates[4].write_in", "contests[0].seats"),
        *("contests[0].rules.places", "contests[0].rules.max_ranks"),
    }
    contest = definition(town()).model_dump(mode="json")["contests"][0]
    contest["method"] = "irv"
    assert {of.where for of in find_mistakes({**raw, "contests": [contest]})} == {
        "contests[0].budget",
        *(f"contests[0].candidates[{place}].cost" for place in range(5)),
    }
    contest["method"] = "equal-shares"
    del contest["budget"]
    (one,) = find_mistakes({**raw, "contests": [contest]})
    assert (one.where, one.suggestion) == (
        "contests[0].budget",
        "budget: {amount: 50000, ballots: approvals}",
    )
