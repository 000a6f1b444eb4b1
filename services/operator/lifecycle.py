"""The life of an election, as a table. Pure.

Rule 1: what the table does not list is refused, and the refusal says what is possible instead.
Rule 2: the table only spares the operator a control without effect; what the log makes of it decides.

| phase      | open | pause  | resume | close  | certify   | void, restore, withdraw, reinstate |
|------------|------|--------|--------|--------|-----------|------------------------------------|
| configured | open |        |        |        |           | configured                         |
| open       |      | paused |        | closed |           | open                               |
| paused     |      |        | open   | closed |           | paused                             |
| closed     |      |        |        |        | certified | closed                             |
| certified  |      |        |        |        |           |                                    |
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.contract.elections import Phase
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionAnnounced,
    ElectionClosed,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
)


class Command(StrEnum):
    """What an operator can order."""

    OPEN = "open"
    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    CERTIFY = "certify"
    VOID = "void"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    REINSTATE = "reinstate"


_CORRECTIONS = (Command.VOID, Command.RESTORE, Command.WITHDRAW, Command.REINSTATE)

NEXT: dict[Phase, dict[Command, Phase]] = {
    Phase.CONFIGURED: {Command.OPEN: Phase.OPEN} | dict.fromkeys(_CORRECTIONS, Phase.CONFIGURED),
    Phase.OPEN: {Command.PAUSE: Phase.PAUSED, Command.CLOSE: Phase.CLOSED}
    | dict.fromkeys(_CORRECTIONS, Phase.OPEN),
    Phase.PAUSED: {Command.RESUME: Phase.OPEN, Command.CLOSE: Phase.CLOSED}
    | dict.fromkeys(_CORRECTIONS, Phase.PAUSED),
    Phase.CLOSED: {Command.CERTIFY: Phase.CERTIFIED} | dict.fromkeys(_CORRECTIONS, Phase.CLOSED),
    Phase.CERTIFIED: {},
}


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


def next_phase(phase: Phase, command: Command) -> Phase | Refusal:
    """Return the phase that a command leads to, or why it leads nowhere."""
    possible = NEXT[phase]
    if command in possible:
        return possible[command]
    instead = f"possible now: {', '.join(possible)}" if possible else "nothing can change any more"
    return Refusal(f"cannot {command} an election that is {phase}; {instead}")


def phase_control(command: Command, announced: ElectionAnnounced, order: Order) -> Control:
    """Return the control that carries a command to every shard. Certificates and electors have their own."""
    common = _common(announced.definition.id, order)
    match command:
        case Command.OPEN:
            return ElectionOpened(config_hash=announced.config_hash, code_key=announced.code_key, **common)
        case Command.PAUSE:
            return ElectionPaused(**common)
        case Command.RESUME:
            return ElectionResumed(**common)
        case Command.CLOSE:
            return ElectionClosed(**common)
    raise ValueError(f"{command} is not carried by a bare phase control")


def elector_control(command: Command, election: str, elector: int, order: Order) -> Control:
    """Return the control that voids or restores an elector."""
    kind = ElectorVoided if command is Command.VOID else ElectorRestored
    return kind(elector=elector, **_common(election, order))


def candidate_control(command: Command, election: str, contest: str, candidate: str, order: Order) -> Control:
    """Return the control that takes a candidate out of a contest, or brings one back."""
    kind = CandidateWithdrawn if command is Command.WITHDRAW else CandidateReinstated
    return kind(contest=contest, candidate=candidate, **_common(election, order))


def _common(election: str, order: Order) -> dict[str, str]:
    return {
        "election": election,
        "control_id": order.control_id,
        "by": order.by,
        "reason": order.reason,
        "at": order.at,
    }
