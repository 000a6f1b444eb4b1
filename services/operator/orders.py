"""From an order to the payload that officials sign.

Whether an order is possible in a phase is asked of the one table of an election's life (shared/contract/lifecycle.py). That
spares the log a control without effect; what becomes of a control is decided by its place in the log, never here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contract import lifecycle
from shared.contract.batches import runs_fault, runs_of
from shared.contract.elections import Election, Phase
from shared.contract.events import PAYLOAD, Control, Follows
from shared.contract.lifecycle import Command, commands_in
from shared.contract.rolls import section_ranges


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order cannot be carried out, in a sentence."""

    sentence: str


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


def refusal(phase: Phase, command: Command) -> Refusal | None:
    """Return why a command cannot be given in a phase, with what can be instead; None if it can."""
    if isinstance(lifecycle.next_phase(phase, command.control), Phase):
        return None
    possible = commands_in(phase)
    instead = f"possible now: {', '.join(possible)}" if possible else "nothing can change any more"
    return Refusal(f"cannot {command} an election that is {phase}; {instead}")


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


def payload_bytes(control: Control) -> str:
    """Return the text that is signed and carried."""
    return PAYLOAD.dump_json(control).decode()
