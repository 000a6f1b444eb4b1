"""A definition as its ballot and its result will look, before it is frozen: plain values for the page of a new election. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.contract.elections import Contest, Election
from shared.contract.standings import Spending, decimal
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.narrate.numbers import shown_amount
from shared.rcv.narrate.words import how
from shared.rcv.trial import sample_count

MOST_ROUNDS: Final = 6
"""Shown side by side; of more the first ones and the last."""


class Drawn(NamedTuple):
    """One contest: its ballot, and the rounds of made-up votes."""

    title: str
    how: str
    note: str
    candidates: Sequence[str]
    ballot: str
    """What an elector does."""
    outcome: str
    """What becomes of those in `elected`."""
    elected: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def drawn(election: Election) -> list[Drawn]:
    """Return every contest as it will look, with the count of made-up votes of the whole roll."""
    return [_drawn(election, contest) for contest in election.contests]


def _drawn(election: Election, contest: Contest) -> Drawn:
    count = sample_count(election, contest)
    if isinstance(count, Spending):
        return _spent(contest, count)
    rounds = rounds_of(count, contest, [section.id for section in election.sections])
    shown = rounds if len(rounds) <= MOST_ROUNDS else (*rounds[: MOST_ROUNDS - 1], rounds[-1])
    names = {of.id: of.name for of in contest.candidates}
    rows = [
        (name, [decimal(of.votes[who], count.places) if who in of.votes else "" for of in shown])
        for who, name in names.items()
    ]
    return Drawn(
        title=contest.title,
        how=how(contest),
        note=contest.note,
        candidates=list(names.values()),
        ballot=_ranked(contest),
        outcome="Elected",
        elected=", ".join(contest.candidates[place].name for place in count.elected) or "nobody",
        columns=[f"Round {of.number}" for of in shown],
        rows=rows,
    )


def _ranked(contest: Contest) -> str:
    return f"Rank up to {contest.max_ranks_on_ballot}, the best first."


def _spent(contest: Contest, spending: Spending) -> Drawn:
    """Return a contest that spends a budget: its projects, with what made-up votes fund."""
    names = {of.id: of.name for of in contest.candidates}
    is_ticked = contest.budget is not None and contest.budget.ballots == "approvals"
    shown = [
        *((of.project, of.cost, of.supporters) for of in spending.funded),
        *((of.project, of.cost, of.supporters) for of in spending.not_funded),
    ]
    rows = [(names[of], [shown_amount(contest, cost), f"{number:,}"]) for of, cost, number in shown]
    return Drawn(
        title=contest.title,
        how=how(contest),
        note=contest.note,
        candidates=list(names.values()),
        ballot="Tick every project that is wanted." if is_ticked else _ranked(contest),
        outcome="Funded",
        elected=", ".join(names[of.project] for of in spending.funded) or "nothing",
        columns=["Cost", "Supporters"],
        rows=rows,
    )
