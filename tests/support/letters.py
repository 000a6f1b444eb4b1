"""Contests between the letters of the alphabet, and ballots spelled as they are ranked."""

from collections.abc import Sequence
from typing import Any

from services.audit.tabulate import Round
from shared.contract.elections import Candidate, Contest, Method, Rules

LETTERS = "abcdefgh"


def letters(
    number: int,
    method: Method = "irv",
    seats: int = 1,
    *,
    lot: str = "tests",
    excluded: str = "",
    write_in: str = "",
    section_shares: tuple[int, ...] = (),
    **rules: Any,
) -> Contest:
    """Return a contest between the first letters of the alphabet."""
    return Contest(
        id="letters",
        title="Letters",
        method=method,
        seats=seats,
        candidates=tuple(
            Candidate(id=c, name=c.upper(), excluded=c in excluded, write_in=c in write_in)
            for c in LETTERS[:number]
        ),
        rules=Rules(**rules),
        lot=lot,
        section_shares=section_shares,
    )


def cast(**ballots: int) -> dict[tuple[int, str], int]:
    """Return a profile: `abc=5` is five ballots that rank a, then b, then c."""
    return {
        (0, ">".join(str(LETTERS.index(c)) for c in ranking.strip("_"))): number
        for ranking, number in ballots.items()
    }


def outcomes(rounds: Sequence[Round]) -> list[str]:
    """Return who is elected and who falls, round by round."""
    return ["".join(round_.elected) + "-" + "".join(round_.eliminated) for round_ in rounds]
