"""The method of equal shares: published examples, each rule by a small vote, and a plain second version over random ones."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.budget.ballots import BudgetVote, Choice, Project
from shared.rcv.budget.equal_shares import Completion, Measure, equal_shares, lots
from shared.rcv.budget.narrate import document, sentences
from tests.unit.cli.front import livecount
from tests.unit.rcv.formats.plain.test_pabulib import FILE


def vote_of(
    budget: int | Fraction,
    costs: Sequence[int | Fraction],
    *choices: tuple[int, tuple[int, ...]],
    points: Sequence[tuple[int, ...]] = (),
) -> BudgetVote:
    """Return a vote, given how many approve which projects."""
    given_points = points or [()] * len(choices)
    return BudgetVote(
        "Town",
        Fraction(budget),
        "scoring" if points else "approval",
        tuple(Project(f"p{place}", f"P{place}", Fraction(cost)) for place, cost in enumerate(costs)),
        tuple(
            Choice(wanted, tuple(map(Fraction, given)), ballots)
            for (ballots, wanted), given in zip(choices, given_points, strict=True)
        ),
        0,
    )


def test_a_minority_gets_its_share() -> None:
    """51 of 100 want five red projects, 49 five blue ones, and there is money for five: three and two, not five and none."""
    vote = vote_of(500, [100] * 10, (51, (0, 1, 2, 3, 4)), (49, (5, 6, 7, 8, 9)))
    outcome = equal_shares(vote, completion="none")
    assert sum(place < 5 for place in outcome.projects) == 2
    assert sum(place >= 5 for place in outcome.projects) == 2
    assert outcome.unspent == 100
    assert sum(place < 5 for place in equal_shares(vote).projects) == 3


def test_a_supporter_without_enough_pays_all_he_has() -> None:
    """Ten each: for P0 two pay 7.5 each; for P1 one has 2.5 left and gives it, the other gives 5.5."""
    vote = vote_of(30, [15, 8, 9], (1, (0,)), (1, (0, 1)), (1, (1,)))
    outcome = equal_shares(vote, completion="none", measure="number")
    assert [(each.project, each.price) for each in outcome.funded] == [(1, Fraction(4)), (0, Fraction(9))]
    assert [str(amount) for amount in outcome.left] == ["1", "0", "6"]
    vote = vote_of(30, [15, 8], (1, (0,)), (1, (0, 1)), (1, (1,)))
    outcome = equal_shares(vote, completion="none", measure="cost")
    assert [(each.project, each.pays) for each in outcome.funded] == [(1, Fraction(4)), (0, Fraction(9))]


@pytest.mark.parametrize(
    ("costs", "choices", "project", "settled_by"),
    [
        ([10, 15], [(2, (0,)), (3, (1,))], 1, "supporters"),
        ([12, 10], [(2, (0, 1))], 1, "cost"),
        ([10, 10], [(2, (0, 1))], 0, "lot"),
    ],
)
def test_level_projects_are_set_apart(
    costs: list[int], choices: list[tuple[int, tuple[int, ...]]], project: int, settled_by: str
) -> None:
    """By supporters, then the cheaper one, then the published lot; and the outcome says which it was."""
    measure: Measure = "number" if settled_by == "supporters" else "cost"
    first = equal_shares(vote_of(100, costs, *choices), completion="none", measure=measure, seed="7").funded[
        0
    ]
    assert (first.level, first.settled_by) == ((0, 1), settled_by)
    if settled_by == "lot":
        project = min((0, 1), key=lots(vote_of(100, costs), "7").__getitem__)
    assert first.project == project


def test_the_lot_is_the_published_digest() -> None:
    """`printf '%s' "0/p0" | b2sum` and so on, the last in order first."""
    assert sorted(lots(vote_of(1, [1] * 5), "0")) == [0, 1, 2, 3, 4]
    assert lots(vote_of(1, [1] * 5), "0") != lots(vote_of(1, [1] * 5), "1")


def test_a_withdrawn_project_takes_no_money() -> None:
    """As if no ballot named it; its supporters pay for others."""
    vote = vote_of(30, [20, 20], (2, (0, 1)), (1, (0,)))
    assert equal_shares(vote, completion="none").projects == (0,)
    assert equal_shares(vote, completion="none", withdrawn={0}).projects == (1,)


def test_nobody_voted() -> None:
    """Nothing is funded, and nothing fails."""
    outcome = equal_shares(vote_of(30, [20]))
    assert (outcome.projects, outcome.unspent, outcome.left) == ((), Fraction(30), ())
    assert equal_shares(vote_of(30, [20], (3, ()))).projects == ()


def test_too_small_a_unit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take for ever."""
    monkeypatch.setattr("shared.rcv.budget.equal_shares.MAX_ROUNDS", 10)
    with pytest.raises(ValueError, match="expected a larger --unit than 1/100"):
        equal_shares(vote_of(100, [90], (1, (0,)), (9, ())), unit=Fraction(1, 100))


# A plain second version: elector by elector, prices found by trying who pays all he has.


def plain(vote: BudgetVote, share: Fraction, measure: Measure) -> tuple[list[int], list[Fraction]]:
    """Return what shares of this size fund, and what each elector has left."""
    electors = [vote.worth(choice) for choice in vote.choices for _ in range(choice.ballots)]
    left = [share] * len(electors)
    funded: list[int] = []
    while True:
        prices = {}
        for place, project in enumerate(vote.projects):
            scale = project.cost if measure == "cost" else Fraction(1)
            worth = {at: wanted[place] * scale for at, wanted in enumerate(electors) if place in wanted}
            if place not in funded and worth and sum(left[at] for at in worth) >= project.cost:
                prices[place] = (
                    plain_price(project.cost, worth, left),
                    -len(worth),
                    project.cost,
                    lots(vote, "0")[place],
                )
        if not prices:
            return funded, left
        chosen = min(prices, key=prices.__getitem__)
        scale = vote.projects[chosen].cost if measure == "cost" else Fraction(1)
        for at, wanted in enumerate(electors):
            if chosen in wanted:
                left[at] -= min(left[at], prices[chosen][0] * wanted[chosen] * scale)
        funded.append(chosen)


def plain_price(cost: Fraction, worth: dict[int, Fraction], left: list[Fraction]) -> Fraction:
    """Return the least price at which the payments reach the cost: at one of the bends, or between two."""
    bends = sorted({left[at] / worth[at] for at in worth})
    for bend in bends:
        if sum(min(left[at], bend * worth[at]) for at in worth) >= cost:
            poor = [at for at in worth if left[at] / worth[at] < bend]
            rich = [at for at in worth if at not in poor]
            return (cost - sum(left[at] for at in poor)) / sum(worth[at] for at in rich)
    raise AssertionError("they have enough")


@st.composite
def small_votes(draw: st.DrawFn) -> BudgetVote:
    """Draw a small vote of approvals or points, so that level prices are common."""
    costs = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    places = st.sets(st.integers(0, len(costs) - 1)).map(lambda wanted: tuple(sorted(wanted)))
    choices = draw(st.lists(st.tuples(st.integers(1, 3), places), min_size=1, max_size=5))
    scored = draw(st.booleans())
    points = [tuple(draw(st.integers(1, 3)) for _ in wanted) for _, wanted in choices] if scored else ()
    return vote_of(draw(st.integers(1, 40)), costs, *choices, points=points)


@given(small_votes(), st.sampled_from(["cost", "number"]))
def test_two_versions_agree(vote: BudgetVote, measure: Measure) -> None:
    """Projects, their order and what everybody has left, exactly."""
    outcome = equal_shares(vote, completion="none", measure=measure)
    funded, left = plain(vote, vote.budget / vote.ballots, measure)
    assert list(outcome.projects) == funded
    assert [
        amount
        for amount, choice in zip(outcome.left, vote.choices, strict=True)
        for _ in range(choice.ballots)
    ] == left


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("both", "second", "first", "share", "paid", "measure"),
    [
        (5, 3, 9, 39, 21, "number"),
        (2, 4, 7, 1560, 853, "number"),
        (5, 2, 15, 568, 37, "cost"),
        (2, 5, 16, 320, 16, "cost"),
    ],
)
def test_whoever_has_just_his_part_is_on_one_side_of_the_price(
    both: int, second: int, first: int, share: int, paid: int, measure: Measure
) -> None:
    """Each project costs what those who want both have left of their share after the other, times all who want it; amounts are tenths.

    Whether they pay all that they have or their part is the same, but by floats each of it led to the other, for ever.
    """
    costs = [Fraction((both + first) * paid, 10), Fraction((both + second) * (share - paid), 10)]
    budget = Fraction((both + second + first) * share, 10)
    vote = vote_of(budget, costs, (both, (0, 1)), (second, (1,)), (first, (0,)))
    outcome = equal_shares(vote, completion="none", measure=measure)
    assert sorted(outcome.projects) == [0, 1]
    assert outcome.left == (Fraction(0), Fraction(paid, 10), Fraction(share - paid, 10))


@given(
    small_votes(),
    st.sampled_from(["none", "most", "add-one", "add-one-then-most"]),
    st.sampled_from(["cost", "number"]),
)
def test_the_money_adds_up(vote: BudgetVote, completion: Completion, measure: Measure) -> None:
    """Nothing is overspent, no share is negative, and whoever is not funded could not be; Add1 then has no room left."""
    outcome = equal_shares(vote, completion=completion, measure=measure)
    costs = [vote.projects[place].cost for place in outcome.projects]
    assert len(set(outcome.projects)) == len(costs)
    assert outcome.unspent == vote.budget - sum(costs) >= 0
    assert all(0 <= left <= outcome.share for left in outcome.left)
    supported = {place for choice in vote.choices for place in choice.projects}
    assert supported.issuperset(outcome.projects)
    for place, lacks in outcome.missing.items():
        assert lacks.missing > 0
        if completion in ("most", "add-one-then-most") and place in supported:
            assert vote.projects[place].cost > outcome.unspent
    assert len(list(sentences(vote, outcome))) == len(vote.projects)
    json.dumps(document(vote, outcome))


def test_the_command_says_what_is_funded_and_what_the_others_lack(tmp_path: Path) -> None:
    """`livecount count FILE.pb`, in words and as JSON."""
    (tmp_path / "b.pb").write_text(FILE)
    shown = livecount("count", tmp_path / "b.pb", "--completion", "none").stdout
    assert (
        "A path; and a bench (40.50) is funded: each of its 2 supporters pays at most 20.25, level with A park: it is cheaper."
        in shown
    )
    assert (
        "A park (60) is not funded: its 2 supporters together have 26.16 left of their shares, "
        "33.84 less than it costs; of the budget 59.50 is left."
    ) in shown
    assert "A pool (90) is not funded: no ballot names it." in shown
    answer = json.loads(
        livecount("count", tmp_path / "b.pb", "--exclude", "a PATH; and a bench", "--json").stdout
    )
    assert [project["id"] for project in answer["funded"]] == ["park"]
    assert answer["withdrawn"] == ["path"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seats", "3"], "expected options of participatory budgets, found --seats"),
        (
            ["--method", "irv", "--whatif"],
            "expected options of participatory budgets, found --method, --whatif",
        ),
        (["--exclude", "tree"], "expected a project, found 'tree'"),
        (["--unit", "0"], "expected an amount above 0"),
    ],
)
def test_the_command_refuses_other_options(tmp_path: Path, options: list[str], said: str) -> None:
    """They are about rankings."""
    (tmp_path / "b.pb").write_text(FILE)
    answer = livecount("count", tmp_path / "b.pb", *options)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert said in answer.stderr
