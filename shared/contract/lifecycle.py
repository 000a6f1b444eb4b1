"""The life of an election: what each control does in each phase. Pure.

`LIFE` below is all of it, to be checked by eye. Validation reads it to decide whether a control has an effect, the operator
to refuse an order that would have none, counting to know the phase of each shard, and the tests' officer to know where an
order leads. What a control asks beyond its phase (the same definition, an elector of the shard, a candidate who is in the
contest) is checked where that is known: services/validation/controls.py.

`cancelled` ends an election from any phase, with no result. "Testing" is no phase: whether an election is a test is frozen in
its definition (`epoch`), so that no order can turn a test into one that counts; a live one begins as a copy.

A certificate changes no phase: any later order with an effect makes it void, and a new certificate takes its place.

The auditor keeps a table of its own in services/audit/judge.py, on purpose: a mistake in this one must not be repeated by
the program that is there to find it. `tests/unit/contract/test_lifecycle.py` writes the life down a third time, as moves.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from shared.contract.elections import Election, Phase
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    CodeReissued,
    Control,
    ElectionCancelled,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
    KeyReplaced,
)
from shared.contract.verdicts import NoEffect

CONFIGURED, OPEN, PAUSED, CLOSED, CANCELLED = Phase
UNKNOWN, SAME, NEVER = NoEffect.UNKNOWN_ELECTION, NoEffect.NO_CHANGE, NoEffect.OUT_OF_PHASE

_PHASES: Final = (None, *Phase)
"""The columns of the table; None: the election is not configured yet."""

# fmt: off
LIFE: Final[dict[type, tuple[Phase | NoEffect, ...]]] = {
    #                     not yet configured  configured  open        paused      closed      cancelled
    ElectionConfigured:   (CONFIGURED,        SAME,       SAME,       SAME,       SAME,       SAME),
    ElectionOpened:       (UNKNOWN,           OPEN,       NEVER,      NEVER,      NEVER,      NEVER),
    ElectionPaused:       (UNKNOWN,           NEVER,      PAUSED,     NEVER,      NEVER,      NEVER),
    ElectionResumed:      (UNKNOWN,           NEVER,      NEVER,      OPEN,       NEVER,      NEVER),
    ElectionClosed:       (UNKNOWN,           NEVER,      CLOSED,     CLOSED,     NEVER,      NEVER),
    ElectionCertified:    (UNKNOWN,           NEVER,      NEVER,      NEVER,      CLOSED,     NEVER),
    ElectionCancelled:    (UNKNOWN,           CANCELLED,  CANCELLED,  CANCELLED,  CANCELLED,  NEVER),
    ElectorVoided:        (UNKNOWN,           CONFIGURED, OPEN,       PAUSED,     CLOSED,     NEVER),
    ElectorRestored:      (UNKNOWN,           CONFIGURED, OPEN,       PAUSED,     CLOSED,     NEVER),
    CodeReissued:         (UNKNOWN,           CONFIGURED, OPEN,       PAUSED,     NEVER,      NEVER),
    CandidateWithdrawn:   (UNKNOWN,           CONFIGURED, OPEN,       PAUSED,     CLOSED,     NEVER),
    CandidateReinstated:  (UNKNOWN,           CONFIGURED, OPEN,       PAUSED,     CLOSED,     NEVER),
    KeyReplaced:          (UNKNOWN,           CONFIGURED, OPEN,       PAUSED,     CLOSED,     NEVER),
}
# fmt: on
"""By control: the phase it leads to from each phase, or why it has no effect there."""


class Command(StrEnum):
    """What an officer can order of an election that is configured; the last part of the order's URL."""

    OPEN = "open"
    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    CERTIFY = "certify"
    CANCEL = "cancel"
    VOID = "void"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    REINSTATE = "reinstate"
    REISSUE = "reissue"
    REPLACE_KEY = "replace-key"

    @property
    def control(self) -> type:
        """The control that carries it."""
        return _CONTROLS[self]


_CONTROLS: Final[dict[Command, type]] = {
    Command.OPEN: ElectionOpened,
    Command.PAUSE: ElectionPaused,
    Command.RESUME: ElectionResumed,
    Command.CLOSE: ElectionClosed,
    Command.CERTIFY: ElectionCertified,
    Command.CANCEL: ElectionCancelled,
    Command.VOID: ElectorVoided,
    Command.RESTORE: ElectorRestored,
    Command.WITHDRAW: CandidateWithdrawn,
    Command.REINSTATE: CandidateReinstated,
    Command.REISSUE: CodeReissued,
    Command.REPLACE_KEY: KeyReplaced,
}


def next_phase(phase: Phase | None, control: type) -> Phase | NoEffect:
    """Return the phase that a kind of control leads to, or why it has no effect. None: not configured yet."""
    return LIFE[control][_PHASES.index(phase)]


def approvals_needed(definition: Election, phase: Phase | None, control: type) -> int:
    """Return how many officials must sign a kind of control.

    After the close it takes two to take a ballot out of the result or to bring one back: what a result is before and after
    shows what is on that ballot. To cancel takes two, too, where the definition names so many.
    """
    changes_result = phase is CLOSED and control in (ElectorVoided, ElectorRestored)
    if control is ElectionCancelled:
        return max(definition.approvals, min(2, len(definition.officials)))
    return max(definition.approvals, 2 if changes_result and definition.keeps_secret else 1)


def phase_after(phase: Phase | None, controls: Iterable[Control]) -> Phase | None:
    """Return the phase after controls that follow one another; those without effect change nothing."""
    for control in controls:
        after = next_phase(phase, type(control))
        if isinstance(after, Phase):
            phase = after
    return phase


def commands_in(phase: Phase) -> list[Command]:
    """Return what can be ordered in a phase."""
    return [command for command in Command if isinstance(next_phase(phase, command.control), Phase)]
