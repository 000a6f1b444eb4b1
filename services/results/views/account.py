"""The account of all ballots: what became of each, and why. Pure."""

from typing import Final

from services.results.views.table import Cell, Row, Table, sentence
from shared.contract.standings import Standing
from shared.contract.verdicts import CATEGORY, IN_WORDS, Category, Reason
from shared.rcv.narrate.numbers import number

COUNTED: Final = "they are in the count: one of each elector who has voted"


TAKEN_OUT: Final = (
    "they had been counted, and were taken out when officers voided their electors' right to vote"
)


ADD_UP: Final = "The lines above add up to it; a standing whose lines do not add up is not published."


def account(standing: Standing) -> Table:
    """Return what became of every ballot that was recorded, and why: the lines add up to all."""
    balance = standing.balance
    told = [
        (CATEGORY[Reason(reason)], records, IN_WORDS[Reason(reason)])
        for reason, records in balance.reasons.items()
        if reason != Reason.ACCEPTED
    ]
    taken_out = balance.voided - sum(records for end, records, _ in told if end == Category.VOIDED)
    told += [(Category.VOIDED, taken_out, TAKEN_OUT)] if taken_out else []
    order = list(Category)
    lines = [
        (Category.ACCEPTED, balance.accepted, COUNTED),
        *sorted(told, key=lambda line: (order.index(line[0]), -line[1])),
    ]
    rows = [
        Row(end.capitalize(), (Cell(number(records)), Cell(sentence(why), prose=True)))
        for end, records, why in lines
    ]
    rows.append(
        Row("All that were recorded", (Cell(number(balance.cast)), Cell(ADD_UP, prose=True)), kind="sum")
    )
    return Table(
        label="Table of all ballots",
        caption="What became of every ballot that was recorded, and why",
        columns=("What became of them", "Ballots", "Why"),
        rows=tuple(rows),
        kind="answers",
    )
