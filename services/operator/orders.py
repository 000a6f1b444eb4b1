"""From an order to the payload that officials sign, and what rules an order out.

Whether an order is possible in a phase is asked of the one table of an election's life (shared/contract/lifecycle.py). That
spares the log a control without effect; what becomes of a control is decided by its place in the log, never here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.operator.refusals import OrderRefused, UnknownEntry
from shared.contract import lifecycle
from shared.contract.batches import Runs, bound_fault, runs_fault, runs_of
from shared.contract.elections import Election, Phase
from shared.contract.events import PAYLOAD, Control, ElectionAnnounced, Follows
from shared.contract.lifecycle import Command, commands_in
from shared.contract.rolls import section_ranges


@dataclass(frozen=True, slots=True)
class Order:
    """Who orders, why, when (RFC 3339), and the control's id (32 hexadecimal digits)."""

    by: str
    reason: str
    at: str
    control_id: str

    def control(self, kind: type, log_id: str, election: str, follows: Follows, **content: Any) -> Control:
        """Return the control of this order."""
        found: Control = kind(
            log=log_id,
            election=election,
            control_id=self.control_id,
            follows=follows,
            by=self.by,
            reason=self.reason,
            at=self.at,
            **content,
        )
        return found


def refusal(phase: Phase, command: Command) -> str | None:
    """Return why a command cannot be given in a phase, with what can be instead; None if it can."""
    if isinstance(lifecycle.next_phase(phase, command.control), Phase):
        return None
    possible = commands_in(phase)
    instead = f"possible now: {', '.join(possible)}" if possible else "nothing can change any more"
    return f"cannot {command} an election that is {phase}; {instead}"


def about_electors(definition: Election, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a void or a restore is about: `elector`, or `electors` as runs, a section's if `section` names one.

    Raises ValueError unless exactly one of the three is given, and names somebody of the roll.
    """
    given = {name: value for name, value in about.items() if value is not None}
    if len(given) != 1:
        raise ValueError("expected one of: an elector's number, a batch of numbers, a section")
    if "section" in given:
        ranges = {name: of for name, of in section_ranges(definition).items() if of}
        if given["section"] not in ranges:
            raise ValueError(
                f"expected a section with electors, of {', '.join(ranges)}; found {given['section']!r}"
            )
        return {"elector": None, "electors": runs_of(ranges[given["section"]])}
    last = definition.electors - 1
    if "elector" in given:
        if not 0 <= given["elector"] <= last:
            raise ValueError(f"elector {given['elector']} is not on the roll 0..{last}")
        return {"elector": given["elector"]}
    runs = tuple((first, end) for first, end in given["electors"])
    if (why := runs_fault(runs)) is not None:
        raise ValueError(why)
    if not 0 <= runs[0][0] <= runs[-1][1] <= last:
        raise ValueError(f"electors {runs[0][0]} to {runs[-1][1]} are not all on the roll 0..{last}")
    return {"elector": None, "electors": runs}


def checked(
    announced: ElectionAnnounced, shards: int, command: Command, reason: str, content: dict[str, Any]
) -> dict[str, Any]:
    """Return what a control holds. Raises UnknownEntry, OrderRefused for what the definition or orders so far rule out."""
    definition = announced.definition
    if command in (Command.VOID, Command.RESTORE):
        try:
            content = about_electors(definition, content)
        except ValueError as fault:
            raise UnknownEntry(str(fault)) from fault
        if "electors" in content:
            _check_batch(announced, content["electors"], reason, shards)
    elif "elector" in content and not 0 <= content["elector"] < definition.electors:
        raise UnknownEntry(f"elector {content['elector']} is not on the roll 0..{definition.electors - 1}")
    if command in (Command.WITHDRAW, Command.REINSTATE):
        _check_candidate(announced, command, content["contest"], content["candidate"])
    return content


def _check_batch(announced: ElectionAnnounced, runs: Runs, reason: str, shards: int) -> None:
    definition = announced.definition
    if not reason.strip():
        raise OrderRefused("expected a reason: everybody of the batch will ask why")
    shows_votes = definition.live_tallies and definition.keeps_secret
    if shows_votes and announced.phase in (Phase.OPEN, Phase.PAUSED):
        raise OrderRefused(
            "live figures may hold ballots of a batch, so it is taken out, or brought back, after the close, by two officials"
        )
    if (why := bound_fault(definition, runs, shards)) is not None:
        raise OrderRefused(why)


def _check_candidate(announced: ElectionAnnounced, command: Command, contest_id: str, candidate: str) -> None:
    try:
        contest = announced.definition.contest(contest_id)
        place = contest.place(candidate)
    except KeyError as fault:
        raise UnknownEntry(fault.args[0]) from fault
    out = {name for of, name in announced.withdrawn if of == contest_id}
    if command is Command.REINSTATE:
        if candidate not in out:
            raise OrderRefused(f"{candidate} has not withdrawn from {contest_id}")
    elif candidate in out or contest.candidates[place].excluded:
        raise OrderRefused(f"{candidate} is out of {contest_id} already")
    elif len(contest.included) - len(out) == 1:
        raise OrderRefused(f"nobody would be left in {contest_id}")


def payload_bytes(control: Control) -> str:
    """Return the text that is signed and carried."""
    return PAYLOAD.dump_json(control).decode()
