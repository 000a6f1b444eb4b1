"""The page of a budget, its CSV and its card: every figure of the spending, and a sentence for each project that is not funded."""

import csv
import json
from io import StringIO
from pathlib import Path
from urllib.request import urlopen

from services.results.course import Moment, Place, moment
from services.results.exports import rounds_csv, wide_csv
from services.results.pages import environment
from services.results.views.cards import contest_card
from services.results.views.contest import contest_page
from services.results.views.declaration import declaration
from services.results.views.summary import summary
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Phase
from shared.contract.standings import Standing
from tests.support.budgets import spent, town
from tests.support.gateway import gateway

AS_OF_MS = 1_750_000_000_000


def page(standing: Standing) -> str:
    """Return the main part of a contest's page."""
    return environment().get_template("standing.html").render(view=contest_page(standing, AS_OF_MS))


def test_the_page_shows_where_the_money_goes_and_why_a_project_is_not_funded() -> None:
    """Three projects of four; the library's supporters have too little."""
    standing = spent(of=town(out=(4,)))
    assert decode_as(Standing, encode(standing)) == standing
    view = contest_page(standing, AS_OF_MS)
    assert view.headline == "3 of 4 projects are funded, with £35,000.50 of £50,050."
    assert view.how == "Equal shares: a budget of £50,050"
    assert view.spending is not None
    shown = [(part.name, part.share, part.left, part.width) for part in view.spending.parts]
    assert shown == [
        ("Cycle lanes", "£18,000", "0.00", "35.96"),
        ("A youth centre", "£12,500", "35.96", "24.97"),
        ("Trees in the square", "£4,500.50", "60.93", "8.99"),
        ("Not spent", "£15,049.50", "69.93", "30.06"),
    ]
    assert "£250.25 at first" in view.spending.share
    html = page(standing)
    assert (
        "Its 120 supporters together have £22,320.84 left of their shares, £7,679.16 less than it costs"
        in html
    )
    assert "Each of its 130 supporters pays at most £138.46." in html
    assert "Withdrawn: A longer pier." in html
    assert "rctab.json" not in html


def test_while_ballots_can_come_nothing_is_stated_as_a_fact() -> None:
    """It would be so if it ended now."""
    view = contest_page(spent(Phase.OPEN), AS_OF_MS)
    assert view.headline == "3 of 5 projects are funded if it ended now, with £35,000.50 of £50,050."
    assert view.spending is not None
    assert view.spending.title.endswith("would be spent if it ended now")
    assert view.refreshes


def test_nobody_voted() -> None:
    """There is a page, and it says so."""
    standing = spent(profile={})
    assert contest_page(standing, AS_OF_MS).headline == "No ballots were counted."
    assert "no ballot names it" in page(standing).lower()


def test_level_projects_and_completion_are_said() -> None:
    """What settled a tie, and what was funded because money was left."""
    standing = spent(of=town("approvals", completion="most"), profile={(0, "2"): 3, (0, "3"): 3, (0, "1"): 1})
    html = page(standing)
    assert "As the most wanted for its cost that still fits" in html
    level = spent(of=town(), profile={(0, "1=2"): 4})
    assert "level with A youth centre: it " in page(level) or "level with Cycle lanes: it " in page(level)


def test_csv_has_a_line_for_each_project() -> None:
    """Those that are funded in their order, with what their supporters pay; then the others with what is missing."""
    standing = spent(of=town(out=(4,)))
    assert wide_csv(standing) == rounds_csv(standing)
    rows = list(csv.DictReader(StringIO(rounds_csv(standing))))
    assert [(row["project_id"], row["cost"], row["outcome"], row["place"]) for row in rows] == [
        ("p1", "18000", "funded", "1"),
        ("p2", "12500", "funded", "2"),
        ("p3", "4500.5", "funded", "3"),
        ("p0", "30000", "not funded", ""),
    ]
    assert rows[0]["pays"] == "138.461538461538"
    assert rows[-1]["missing"] == "7679.156643356644"


def test_card_summary_and_declaration_name_what_is_funded() -> None:
    """Each bar is a part of the budget."""
    standing = spent()
    assert [(bar.name, bar.share) for bar in contest_card(standing).bars] == [
        ("Cycle lanes", "£18,000"),
        ("A youth centre", "£12,500"),
        ("Trees in the square", "£4,500.50"),
    ]
    assert summary(standing, AS_OF_MS).elects == ""
    declared = declaration(standing, AS_OF_MS)
    assert declared.final
    assert ("Not spent", "£15,049.50") in declared.facts
    assert declared.result is not None
    assert len(declared.result.rows) == 5


def course(*standings: Standing) -> list[Moment]:
    """Return the moments of standings that are a minute apart."""
    return [
        moment(encode(of), Place(of.sequence, AS_OF_MS + minute * 60_000, 0, minute))
        for minute, of in enumerate(standings)
    ]


def test_the_race_of_a_budget_is_of_supporters_and_of_what_was_funded_when() -> None:
    """The library is funded while few want the lanes; then the lanes are, and it is not: the withdrawal is named with both."""
    few = {(0, "0=1"): 90, (1, ""): 5}
    standings = spent(Phase.OPEN, profile=few), spent(Phase.OPEN), spent(of=town(out=(4,)))
    assert standings[0].elected != standings[1].elected
    view = contest_page(standings[-1], AS_OF_MS, course=course(*standings))
    assert view.race is not None
    lanes = {lane.name: lane for lane in view.race.lanes}
    assert lanes["Cycle lanes"].share == "65.0%"  # 130 of 200 ballots
    assert lanes["A new library"].said == "94.7% at first"  # 90 of 95
    assert [(of.left, of.width) for of in lanes["A youth centre"].ahead] == [("50.00", "50.00")]
    assert view.race.turns[0].sentence == (
        "A longer pier withdrew. Voting closed. The same is funded before and after."
    )
    assert "was funded" in page_of(view)


def page_of(view: object) -> str:
    """Return the main part of a page."""
    return environment().get_template("standing.html").render(view=view)


def test_the_project_that_lacks_least_is_named_first() -> None:
    """With its cost and what it lacks; nothing where all are funded."""
    spending = contest_page(spent(Phase.OPEN), AS_OF_MS).spending
    assert spending is not None
    assert spending.nearest.startswith("A new library (£30,000): its 120 supporters together have £22,320.84")


def test_the_history_of_a_budget_has_its_supporters(tmp_path: Path) -> None:
    """What is funded, who supports what, and what is not spent, of every standing that is kept."""
    of = spent(Phase.OPEN)
    with gateway(tmp_path, of) as running:
        running.keep(of, AS_OF_MS)
        with urlopen(f"{running.url}/v1/elections/harbour/contests/town/history") as answer:
            (kept,) = json.load(answer)["kept"]
    assert kept["elected"] == ["p1", "p2", "p3"]
    supporters = {
        each["project"]: each["supporters"]
        for part in ("funded", "not_funded")
        for each in kept["spending"][part]
    }
    assert supporters == {"p0": 120, "p1": 130, "p2": 65, "p3": 55, "p4": 10}
    assert kept["spending"]["unspent"] == "15049.5"
