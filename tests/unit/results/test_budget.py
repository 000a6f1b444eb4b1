"""The page of a budget, its CSV and its card: every figure of the spending, and a sentence for each project that is not funded."""

import csv
from io import StringIO

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
