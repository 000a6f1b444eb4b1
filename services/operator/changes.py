"""What an order about votes or a candidate changes, as far as anybody may know before it is given. Pure.

The console, the API and the commands show the same of it. A result before and after one ballot is that ballot; and of two lists
of electors that differ by one, so is the difference. So of electors only whole sections are shown, by figures that are public:
the sections' own, which hold `smallest_group` ballots or stand together with others.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.contract.batches import Runs
from shared.contract.elections import Phase, Section
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionAnnounced,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.lifecycle import Command
from shared.contract.rolls import section_ranges
from shared.contract.standings import DropOut, Standing

Row = tuple[str, str, str]
"""What, before, and after."""

_COMMANDS = {
    ElectorVoided: Command.VOID,
    ElectorRestored: Command.RESTORE,
    CandidateWithdrawn: Command.WITHDRAW,
    CandidateReinstated: Command.REINSTATE,
}
_ABOUT = ("electors", "contest", "candidate")


class Change(NamedTuple):
    """What an order changes: in words, and figures before and after it."""

    words: str
    rows: Sequence[Row] = ()


def change_of(
    announced: ElectionAnnounced, control: Control, standings: Mapping[str, Standing]
) -> Change | None:
    """Return what a control changes; None if it is about no elector and no candidate."""
    command = _COMMANDS.get(type(control))
    if command is None:
        return None
    about = {name: getattr(control, name) for name in _ABOUT if hasattr(control, name)}
    return before_and_after(announced, command, about, standings)


def before_and_after(
    announced: ElectionAnnounced,
    command: Command,
    about: Mapping[str, Any],
    standings: Mapping[str, Standing],
) -> Change | None:
    """Return what an order changes; `about` holds `electors` as runs, or `contest` and `candidate`; None of other orders.

    `standings` are the newest by contest. What a withdrawal changes is shown where the standing answers it to everybody: see
    `DropOut`.
    """
    if command in (Command.VOID, Command.RESTORE):
        runs = about.get("electors")
        return _of_one(announced) if runs is None else _of_batch(announced, command, runs, standings)
    if command in (Command.WITHDRAW, Command.REINSTATE):
        return _of_candidate(command, about.get("candidate", ""), standings.get(about.get("contest", "")))
    return None


def _of_one(announced: ElectionAnnounced) -> Change:
    said = "No result is shown before and after one vote: it would show what is on the ballot."
    return Change(said + _until_certified(announced))


def _until_certified(announced: ElectionAnnounced) -> str:
    if announced.phase is not Phase.CLOSED or not announced.definition.keeps_secret:
        return ""
    return " The result is withheld until it is certified again; the certificate then shows it."


def _of_batch(
    announced: ElectionAnnounced, command: Command, runs: Runs, standings: Mapping[str, Standing]
) -> Change:
    """Return how many electors of which sections a batch holds; of whole sections that are voided, their votes too."""
    held = _electors_of(announced, runs)
    listed = ", ".join(f"{count:,} of {of.electors:,} electors of {of.name}" for of, count in held)
    whole = [of.id for of, count in held if count == of.electors]
    if command is Command.RESTORE or len(whole) < len(held) or not _stand_alone(whole, standings):
        why = " No result is shown before and after: lists that differ by one would show what is on that one's ballot."
        return Change(f"{listed}.{why}{_until_certified(announced)}")
    newest = next(iter(standings.values()))
    rows: list[Row] = [
        (f"Ballots that count, {of.section}", f"{of.accepted:,}", "0")
        for of in newest.turnout
        if of.section in whole
    ]
    for standing in standings.values():
        rows += _votes_without(standing, whole)
    unknown = " Who is elected then is known once it is counted." if len(rows) > len(whole) else ""
    return Change(f"{listed}.{unknown}{_until_certified(announced)}", rows)


def _electors_of(announced: ElectionAnnounced, runs: Runs) -> list[tuple[Section, int]]:
    """Return the sections that a batch is about, and how many of its electors each has."""
    counts = {
        name: sum(max(0, min(of.stop - 1, end) - max(of.start, start) + 1) for start, end in runs)
        for name, of in section_ranges(announced.definition).items()
    }
    return [(of, counts[of.id]) for of in announced.definition.sections if counts[of.id]]


def _stand_alone(sections: Sequence[str], standings: Mapping[str, Standing]) -> bool:
    """Return whether every standing shows each of these sections by itself."""
    together = {of for standing in standings.values() for group in standing.together.values() for of in group}
    return bool(standings) and not together & set(sections)


def _votes_without(standing: Standing, sections: Sequence[str]) -> list[Row]:
    """Return the first round of a contest with and without sections; nothing where no votes are shown."""
    if standing.withheld or not standing.rounds:
        return []
    names = {of.id: of.name for of in standing.contest.candidates}
    unit, first = 10**standing.places, standing.rounds[0]
    found = []
    for who, votes in sorted(first.votes.items(), key=lambda item: -item[1]):
        left = votes - sum(first.by_section.get(of, {}).get(who, 0) for of in sections)
        found.append(
            (
                f"{names.get(who, who)}, first round of {standing.contest.title}",
                f"{votes // unit:,}",
                f"{left // unit:,}",
            )
        )
    return found


def _of_candidate(command: Command, candidate: str, standing: Standing | None) -> Change:
    if not candidate:
        return Change("Choose a candidate to see what changes.")
    if standing is None or standing.withheld or not (standing.rounds or standing.spending):
        return Change("No votes of this contest are shown yet, so nobody is shown what it changes.")
    drops = standing.what_if.drop_outs if standing.what_if else ()
    drop = next((of for of in drops if of.candidate == candidate), None)
    if command is Command.REINSTATE or drop is None:
        return Change("What it changes is not known before it is counted; it can be taken back.")
    return _dropped_out(standing, candidate, drop)


def _dropped_out(standing: Standing, candidate: str, drop: DropOut) -> Change:
    """Return the first round with and without a candidate, and who is elected."""
    names = {of.id: of.name for of in standing.contest.candidates}
    unit = 10**standing.places
    before = {who: votes // unit for who, votes in standing.rounds[0].votes.items()}
    after = {who: votes for who, votes in before.items() if who != candidate}
    for transfer in drop.transfers:
        if transfer.target is not None:
            after[transfer.target] = after.get(transfer.target, 0) + transfer.votes
    ids = sorted({*before, *after}, key=lambda who: -after.get(who, -1))
    rows = [(names.get(who, who), _votes(before, who), _votes(after, who)) for who in ids]
    elected = [
        ", ".join(names.get(who, who) for who in of) or "nobody" for of in (standing.elected, drop.elected)
    ]
    rows.append(("Elected", elected[0], elected[1]))
    return Change(f"The first round of {standing.contest.title}, and who is elected.", rows)


def _votes(votes: Mapping[str, int], who: str) -> str:
    return f"{votes[who]:,}" if who in votes else "none"
