"""From an order to the payload that officials sign.

Whether an order is possible in a phase is asked of the one table of an election's life (shared/contract/lifecycle.py). That
spares the log a control without effect; what becomes of a control is decided by its place in the log, never here.
"""

from dataclasses import dataclass
from typing import Any

from shared.contract import lifecycle
from shared.contract.elections import Phase
from shared.contract.events import PAYLOAD, Control, Follows
from shared.contract.lifecycle import Command, commands_in


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


def payload_bytes(control: Control) -> str:
    """Return the text that is signed and carried."""
    return PAYLOAD.dump_json(control).decode()
