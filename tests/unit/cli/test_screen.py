"""What a terminal shows, wide and narrow, as plain text."""

import pytest
from rich.console import Console

from services.cli.terminal.look import ASCII, UNICODE, Glyphs, bar
from services.cli.terminal.screen import screen
from shared.contract.elections import Contest, Method
from tests.unit.rcv.narrate.counted import contest, counted

BALLOTS = {"0>1": 400, "1>0": 350, "2>1>0": 200, "3>2>1": 120, "4>0": 30}


def shown(of: Contest, ballots: dict[str, int], width: int, glyphs: Glyphs = UNICODE) -> list[str]:
    """Return the lines on a terminal of so many columns."""
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as captured:
        for part in screen(counted(of, ballots), width, glyphs):
            console.print(part)
    return captured.get().splitlines()


def test_a_wide_terminal_has_the_rounds_side_by_side() -> None:
    """All in one heading, the final one marked, candidates as they finished."""
    lines = shown(contest(), BALLOTS, 140)
    (heading,) = [line for line in lines if "Round 1 " in line and "Round 2 " in line]
    assert "final" in heading
    starts = [line[:9].strip() for line in lines]
    assert [
        name for name in starts if name in {"★ Ada", "★ Basil", "Ada", "Basil", "✗ Clara", "✗ Dora", "✗ Emil"}
    ] == [
        "★ Basil",
        "Ada",
        "✗ Clara",
        "✗ Dora",
        "✗ Emil",
    ]


def test_a_narrow_terminal_has_them_one_after_another() -> None:
    """A title for each round; none starts a table."""
    lines = shown(contest(), BALLOTS, 60)
    titles = [line.partition(" ─")[0] for line in lines if line.startswith("Round ")]
    assert titles == ["Round 1", "Round 2", "Round 3", "Round 4, final"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize(
    "method", ["irv", "scottish-stv", "meek", "bottoms-up", "sequential-irv", "stv-wigm"]
)
def test_no_line_is_wider_than_the_terminal(method: Method, width: int) -> None:
    """So that nothing wraps into the next line."""
    seats = 1 if method == "irv" else 2
    assert max(map(len, shown(contest(method, seats=seats), BALLOTS, width))) <= width


def test_a_cell_has_votes_change_share_and_bar() -> None:
    """Ada's second round: 30 more, made 430 of 1,100, 39.1%."""
    lines = shown(contest(), BALLOTS, 140)
    place = next(number for number, line in enumerate(lines) if line.startswith("  Ada"))
    assert "430" in lines[place]
    assert "+30" in lines[place]
    assert "━" in lines[place + 1]
    assert "39.1%" in lines[place + 1]


def test_the_eliminated_lose_what_they_had() -> None:
    """Emil's 30 are gone in round 2."""
    lines = shown(contest(), BALLOTS, 140)
    assert next(line for line in lines if line.startswith("✗ Emil")).rstrip().endswith("-30")


def test_an_old_terminal_gets_ascii() -> None:
    """No character that it could not show."""
    assert all(line.isascii() for width in (60, 140) for line in shown(contest(), BALLOTS, width, ASCII))


def test_places_that_are_not_shown_are_said_to_be_missing() -> None:
    """Scottish votes have five."""
    lines = shown(contest("scottish-stv", seats=2), BALLOTS, 80)
    assert lines[-1].strip() == "Shown to 2 of 5 decimal places; --json has them all."


def test_who_is_elected_stands_at_the_end() -> None:
    """Where the eye is when the rounds have run through."""
    assert shown(contest(), BALLOTS, 80)[-1].strip() == "Elected in round 4: Basil"
    assert shown(contest(), {"": 2}, 80)[-1].strip() == "Nobody is elected."


def test_a_bar_is_half_a_character_exact_and_shows_the_threshold() -> None:
    """7 of 10 on ten columns, with a mark at 8; once reached the mark is covered."""
    assert bar(7, 8, 10, 10, "", UNICODE).plain == "━━━━━━━ │ "
    assert bar(9, 8, 10, 10, "", UNICODE).plain == "━━━━━━━━━ "
    assert bar(15, None, 100, 10, "", UNICODE).plain == "━╸        "
    assert bar(0, None, 0, 3, "", UNICODE).plain == "   "
