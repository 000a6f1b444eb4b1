"""A budget counted live, by the library and by the auditor: the same projects, in the same order, to the last place."""

from hypothesis import given
from hypothesis import strategies as st

from services.audit.tabulate import counted
from shared.contract.ballots import format_marks
from shared.contract.elections import Budget, Candidate, Contest, Rules
from shared.contract.standings import Spending
from shared.rcv.budget.live import LiveShares

Profile = dict[tuple[int, str], int]


@st.composite
def votes(draw: st.DrawFn) -> tuple[Contest, Profile]:
    """Return a contest by equal shares and ballots in it, however they are marked."""
    projects = draw(st.integers(1, 6))
    ranked = draw(st.booleans())
    amount = draw(st.integers(1, 400))
    costs = st.one_of(st.integers(1, amount), st.decimals(1, amount, places=2), st.sampled_from([1, amount]))
    contest = Contest(
        id="spend",
        title="Spend",
        method="equal-shares",
        candidates=tuple(
            Candidate(
                id=f"p{place}", name=f"P{place}", cost=draw(costs), excluded=draw(st.integers(0, 5)) == 0
            )
            for place in range(projects)
        ),
        lot=draw(st.sampled_from(["1", "2", "three"])),
        rules=Rules(max_ranks=draw(st.none() | st.integers(1, projects)) if ranked else None),
        budget=Budget(
            amount=amount,
            ballots="ranked" if ranked else "approvals",
            completion=draw(st.sampled_from(["none", "most", "add-one", "add-one-then-most"])),
            measure=draw(st.sampled_from(["cost", "number"])),
            unit=draw(st.sampled_from([1, 7, 100])),
        ),
    )
    rank = st.lists(
        st.integers(0, projects - 1), unique=True, max_size=projects if draw(st.booleans()) else 1
    )
    marks = st.one_of(st.lists(rank, max_size=projects).map(format_marks), st.sampled_from(["", "*", "0>*"]))
    profile = draw(st.dictionaries(st.tuples(st.integers(0, 1), marks), st.integers(1, 30), max_size=12))
    return contest, profile


def live(contest: Contest, profile: Profile) -> Spending:
    """Return the live count of a profile."""
    method = LiveShares(contest)
    method.apply([(section, marks, ballots) for (section, marks), ballots in profile.items()])
    return method.spend()


@given(votes())
def test_two_programs_spend_alike(vote: tuple[Contest, Profile]) -> None:
    """Every field, and nothing is overspent."""
    contest, profile = vote
    spending = live(contest, profile)
    found = counted(profile, contest)
    assert found.spending == spending
    assert found.elected == tuple(of.project for of in spending.funded)
    assert not spending.unspent.startswith("-")
