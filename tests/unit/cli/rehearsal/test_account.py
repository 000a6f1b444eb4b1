"""How a rehearsal is shown, and how folders of reports are compared."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from services.cli.rehearsal.every import different_files
from services.cli.rehearsal.run import Outcome
from services.cli.rehearsal.show import MAX_DIFFERENCES, bars, first_differences, table
from shared.contract.standings import Balance

BALANCE = Balance(
    cast=1_210,
    accepted=1_000,
    duplicate=200,
    late=0,
    voided=10,
    rejected=0,
    reasons={"accepted": 1_000, "already-voted": 200, "void-elector": 10},
)


def outcome(*differences: str) -> Outcome:
    """Return the outcome of a rehearsal of a thousand records."""
    return Outcome(1_000, BALANCE, 3, {"open": 0.5, "cast": 2.0}, differences, ("intake",), (Path("report"),))


def shown(of: Outcome) -> list[list[str]]:
    """Return the words of each line of the table."""
    console = Console(file=StringIO(), width=60)
    console.print(table(of))
    assert isinstance(console.file, StringIO)
    return [line.split() for line in console.file.getvalue().splitlines()]


def test_the_account_shows_what_became_of_every_ballot() -> None:
    """By reason, with the rate, and whether all is well."""
    lines = shown(outcome())
    for line in ("records 1,000", "already-voted 200", "ballots a second, cast 605", "services killed 1"):
        assert line.split() in lines
    assert ["equal", "to", "the", "cold", "count", "yes"] in lines
    assert ["equal", "to", "the", "cold", "count", "no"] in shown(outcome("round 1"))


def test_of_many_differences_the_first_are_shown() -> None:
    """And how many there are."""
    many = [f"elector {number}" for number in range(MAX_DIFFERENCES + 5)]
    assert list(first_differences(outcome(*many))) == [*many[:MAX_DIFFERENCES], "and 5 more"]
    assert list(first_differences(outcome(*many[:2]))) == many[:2]


def test_bars_are_for_terminals() -> None:
    """A log stays as it is."""
    console = Console(file=StringIO())
    with bars(console) as seen:
        seen(10, 5, 20)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == ""


def test_files_differ_by_name_and_by_content(tmp_path: Path) -> None:
    """At any depth."""
    live, cold = tmp_path / "live", tmp_path / "cold"
    for folder in (live, cold):
        (folder / "by precinct").mkdir(parents=True)
        (folder / "same").write_text("1")
        (folder / "by precinct" / "other").write_text(folder.name)
    (cold / "missing").touch()
    assert list(different_files(live, cold)) == [
        "by precinct/other differs",
        "missing is written by one of the two only",
    ]
