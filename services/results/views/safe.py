"""Safe to call: whether the ballots that can still come might change who is elected. Pure."""

from shared.contract.standings import Standing
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import number
from shared.rcv.narrate.words import plural


def is_certain(standing: Standing, counted: Counted) -> bool:
    """Return whether all ballots that can still come, whatever is on them, could not change who is elected."""
    safe_up_to = None if standing.what_if is None else standing.what_if.safe_up_to
    return not counted.final and safe_up_to is not None and safe_up_to >= outstanding_of(standing)


def outstanding_of(standing: Standing) -> int:
    """Return how many electors have not voted yet."""
    return sum(line.electors - line.accepted for line in standing.turnout)


def safe_in_words(standing: Standing, counted: Counted) -> str:
    """Return whether the result is certain already, and why; empty once no ballot can come, or if it is not known."""
    safe_up_to = None if standing.what_if is None else standing.what_if.safe_up_to
    outstanding = outstanding_of(standing)
    if counted.final or safe_up_to is None or outstanding <= 0:
        return ""
    named, further = counted.names[counted.elected[0]], plural(outstanding, "elector", "electors")
    if is_certain(standing, counted):
        return f"Yes: {named} is elected even if all {further} who have not voted yet vote otherwise."
    if not safe_up_to:
        return f"No: {further} can still vote, and even one ballot might change who is elected."
    return (
        f"No: {further} can still vote. Whatever the next {number(safe_up_to)} of them vote, {named} is elected;"
        " more might change it."
    )


def certain_in_short(standing: Standing, counted: Counted) -> str:
    """Return the same in a word or three."""
    if not safe_in_words(standing, counted):
        return ""
    return "Certain" if is_certain(standing, counted) else "Not certain yet"
