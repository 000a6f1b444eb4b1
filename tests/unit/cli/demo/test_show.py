"""The bars in the terminal never go back, and never show a stage ahead of what its successors imply."""

from io import StringIO

from rich.console import Console

from services.cli.demo.official import BALLOTS
from services.cli.demo.show import Show


def shown(show: Show) -> str:
    """Return what the terminal shows."""
    console = Console(width=100, record=True, file=StringIO())
    console.print(show)
    return console.export_text()


def test_a_report_that_comes_late_does_not_hold_a_stage_back() -> None:
    """What is shown has been judged and counted, whatever the monitor last heard."""
    show = Show()
    show.update({"cast": 0, "judged": 0, "counted": 0, "shown": 0}, 10.0, {})
    show.update({"cast": BALLOTS, "judged": 266_825, "counted": 0, "shown": BALLOTS + 500}, 40.0, {})

    assert shown(show).count(f"{BALLOTS}/{BALLOTS}") == 4
    assert all(round(rate) == round(BALLOTS / 30) for rate in show.rates.values())


def test_a_stage_that_restarts_keeps_its_bar_and_shows_how_far_it_is_behind() -> None:
    """A restarted service reports an earlier place for a moment."""
    show = Show()
    show.update({"cast": 3_000, "judged": 2_000, "counted": 1_500, "shown": 1_000}, 1.0, {})
    show.update({"cast": 4_000, "judged": 100, "counted": 0, "shown": 1_000}, 2.0, {})

    assert "2000/422664" in shown(show)
    assert "2,500 behind" in shown(show)
