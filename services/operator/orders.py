"""From an order to the control that carries it. Pure.

Whether an order is possible in a phase is asked of the one table of an election's life (shared/contract/lifecycle.py). That
spares the log a control without effect; what becomes of a control is decided by its place in the log, never here.
"""

from dataclasses import dataclass

from shared.contract import lifecycle
from shared.contract.elections import Election, Phase
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.lifecycle import Command, commands_in
from shared.contract.recounts import Recount


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

    def about(self, election: str) -> dict[str, str]:
        """Return the fields that every control about an election has."""
        return {
            "election": election,
            "control_id": self.control_id,
            "by": self.by,
            "reason": self.reason,
            "at": self.at,
        }


def next_phase(phase: Phase, command: Command) -> Phase | Refusal:
    """Return the phase that a command leads to, or why it cannot be given, with what can be instead."""
    after = lifecycle.next_phase(phase, command.control)
    if isinstance(after, Phase):
        return after
    possible = commands_in(phase)
    instead = f"possible now: {', '.join(possible)}" if possible else "nothing can change any more"
    return Refusal(f"cannot {command} an election that is {phase}; {instead}")


def configuration(definition: Election, order: Order) -> Control:
    """Return the control that freezes a definition."""
    return ElectionConfigured(definition=definition, **order.about(definition.id))


def phase_control(command: Command, announced: ElectionAnnounced, order: Order) -> Control:
    """Return the control that opens, pauses, resumes or closes an election. Raises ValueError for other commands."""
    about = order.about(announced.definition.id)
    match command:
        case Command.OPEN:
            return ElectionOpened(config_hash=announced.config_hash, code_key=announced.code_key, **about)
        case Command.PAUSE:
            return ElectionPaused(**about)
        case Command.RESUME:
            return ElectionResumed(**about)
        case Command.CLOSE:
            return ElectionClosed(**about)
    raise ValueError(f"{command} is not carried by a bare phase control")


def elector_control(command: Command, election: str, elector: int, order: Order) -> Control:
    """Return the control that voids or restores an elector."""
    kind = ElectorVoided if command is Command.VOID else ElectorRestored
    return kind(elector=elector, **order.about(election))


def candidate_control(command: Command, election: str, contest: str, candidate: str, order: Order) -> Control:
    """Return the control that takes a candidate out of a contest, or brings one back."""
    kind = CandidateWithdrawn if command is Command.WITHDRAW else CandidateReinstated
    return kind(contest=contest, candidate=candidate, **order.about(election))


def certificate(report: Recount, order: Order) -> Control:
    """Return the control that certifies what a recount reports."""
    return ElectionCertified(
        watermark=report.watermark,
        heads=report.heads,
        result_hashes={contest: counted.result_hash for contest, counted in report.contests.items()},
        **order.about(report.election),
    )
