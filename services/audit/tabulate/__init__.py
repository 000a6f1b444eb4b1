"""The second tabulator: the same rules, read again and written again, to be held against the first. Pure.

It shares nothing with the counting library, neither code nor state; it knows only the contract. It is slow and plain:
in each round every ballot is read from its first rank, as people at a table would do it. Numbers are whole numbers and
fractions, rounded only where a rule asks for it.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeVar

from services.audit.tabulate.ballots import ranks_of, way
from services.audit.tabulate.bottoms_up import bottoms_up
from services.audit.tabulate.college import electoral_college
from services.audit.tabulate.equal_shares import equal_shares
from services.audit.tabulate.ers97 import ers97
from services.audit.tabulate.meek import meek
from services.audit.tabulate.new_zealand import new_zealand_stv
from services.audit.tabulate.northern_ireland import northern_ireland_stv
from services.audit.tabulate.rounds import Round
from services.audit.tabulate.runoff import irv, plurality, supplementary
from services.audit.tabulate.scottish import scottish_stv
from services.audit.tabulate.table import Table
from services.audit.tabulate.ties import Ask, NobodyToAsk, Outcome
from services.audit.tabulate.wigm import stv_wigm
from shared.contract.elections import Contest, Method
from shared.contract.standings import Results

__all__ = [
    "Ask",
    "NobodyToAsk",
    "Outcome",
    "Profile",
    "Round",
    "counted",
    "passes",
    "ranks_of",
    "results",
    "tabulate",
    "way",
]

Profile = Mapping[tuple[int, str], int]
"""How many ballots of each section carry which marks."""

Name = TypeVar("Name", bound=str)
"""A candidate's id, or an ending."""

_METHODS: Final[Mapping[Method, Callable[[Table], None]]] = {
    "plurality": plurality,
    "supplementary": supplementary,
    "irv": irv,
    "sequential-irv": irv,
    "bottoms-up": bottoms_up,
    "stv-wigm": stv_wigm,
    "scottish-stv": scottish_stv,
    "ers97": ers97,
    "northern-ireland-stv": northern_ireland_stv,
    "meek": meek,
    "new-zealand-stv": new_zealand_stv,
    "electoral-college": electoral_college,
}


def counted(profile: Profile, contest: Contest) -> Results:
    """Return what a certificate compares: of `profile`'s rounds or, where a budget is spent, of its spending.

    Raises as `tabulate` does.
    """
    if contest.method != "equal-shares":
        return results(tabulate(profile, contest))
    spending = equal_shares(profile, contest)
    elected = tuple(of.project for of in spending.funded)
    return Results(rounds=(), inactive=(), elected=elected, spending=spending)


def tabulate(profile: Profile, contest: Contest, ask: Ask | None = None) -> list[Round]:
    """Return the rounds of `profile`; of a sequential contest the rounds of all passes, one after another.

    Raises NobodyToAsk where the rules ask somebody about a tie and `ask` is not given; ValueError if marks are
    misspelt or a section has no share.
    """
    return [round_ for rounds in passes(profile, contest, ask) for round_ in rounds]


def passes(profile: Profile, contest: Contest, ask: Ask | None = None) -> list[list[Round]]:
    """Return the rounds of each pass: one a seat for a sequential contest, else one. Raises as `tabulate` does.

    Each pass draws its ties from the start: RCTab sets its generator anew.
    """
    assert contest.method != "equal-shares", "a budget has no rounds"
    found: list[list[Round]] = []
    elected: list[str] = []
    for _ in range(contest.seats if contest.method == "sequential-irv" else 1):
        table = Table(profile, contest, ask, without=elected)
        if not table.continuing and found:
            break
        _METHODS[contest.method](table)
        found.append(table.rounds)
        winners = [winner for round_ in table.rounds for winner in round_.elected]
        if not winners:
            break
        elected += winners
    return found


def results(rounds: Sequence[Round]) -> Results:
    """Return the rounds in the form a certificate compares: votes in units of their last decimal place."""
    return Results(
        rounds=tuple(_units({**round_.votes, **round_.seated}, round_.places) for round_ in rounds),
        inactive=tuple(_units(round_.inactive, round_.places) for round_ in rounds),
        elected=tuple(winner for round_ in rounds for winner in round_.elected),
        places=max((round_.places for round_ in rounds), default=0),
    )


def _units(votes: Mapping[Name, Fraction | int], places: int) -> dict[Name, int]:
    whole = {name: Fraction(number) * 10**places for name, number in votes.items()}
    assert all(number.denominator == 1 for number in whole.values()), f"more than {places} places: {votes}"
    return {name: int(number) for name, number in whole.items()}
