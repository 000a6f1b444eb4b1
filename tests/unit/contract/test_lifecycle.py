"""The life of an election: which control leads where."""

from itertools import product
from typing import get_args

import pytest

from services.audit.judge import MOVES
from shared.contract.elections import Phase
from shared.contract.events import (
    CodeReissued,
    Control,
    ElectionCancelled,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
)
from shared.contract.lifecycle import LIFE, Command, commands_in, next_phase
from shared.contract.verdicts import NoEffect

KINDS = get_args(get_args(Control)[0])
MOVE: dict[tuple[str, type], str] = {
    ("configured", ElectionOpened): "open",
    ("open", ElectionPaused): "paused",
    ("paused", ElectionResumed): "open",
    ("open", ElectionClosed): "closed",
    ("paused", ElectionClosed): "closed",
    ("closed", ElectionCertified): "closed",
    ("configured", ElectionCancelled): "cancelled",
    ("open", ElectionCancelled): "cancelled",
    ("paused", ElectionCancelled): "cancelled",
    ("closed", ElectionCancelled): "cancelled",
}
CHANGES_OF_PHASE = {kind for _, kind in MOVE}


def test_every_control_has_a_row_and_every_phase_a_column() -> None:
    """A control that the table forgot would stop validation."""
    assert set(LIFE) == set(KINDS)
    assert {len(row) for row in LIFE.values()} == {1 + len(Phase)}
    assert {command.control for command in Command} == set(KINDS) - {ElectionConfigured}


@pytest.mark.parametrize(("phase", "control"), list(product(Phase, KINDS)))
def test_exactly_the_listed_moves_are_made(phase: Phase, control: type) -> None:
    """Every pair is a move, a correction, or without effect and says why."""
    after = next_phase(phase, control)

    if control is ElectionConfigured:
        assert after is NoEffect.NO_CHANGE
    elif control in CHANGES_OF_PHASE:
        assert after == MOVE.get((phase, control), NoEffect.OUT_OF_PHASE)
    else:
        never = phase is Phase.CANCELLED or (control is CodeReissued and phase is Phase.CLOSED)
        assert after == (NoEffect.OUT_OF_PHASE if never else phase)


@pytest.mark.parametrize("control", KINDS)
def test_before_it_is_configured_an_election_can_only_be_configured(control: type) -> None:
    """Anything else is of an election that the log does not know."""
    expected = Phase.CONFIGURED if control is ElectionConfigured else NoEffect.UNKNOWN_ELECTION
    assert next_phase(None, control) is expected


def test_the_auditors_own_table_says_the_same() -> None:
    """It is written apart, so that a mistake would have to be made twice."""
    assert MOVES == MOVE


def leads_to(command: Command) -> set[Phase]:
    """Return the phases in which an election can be right after a command."""
    return {after for phase in Phase if isinstance(after := next_phase(phase, command.control), Phase)}


def test_what_can_be_ordered_and_where_it_leads() -> None:
    """As refusals list it, and as an officer knows a repeated order that was carried out."""
    corrections = [Command.VOID, Command.RESTORE, Command.WITHDRAW, Command.REINSTATE]
    always = [*corrections, Command.REISSUE, Command.REPLACE_KEY]
    assert commands_in(Phase.PAUSED) == [Command.RESUME, Command.CLOSE, Command.CANCEL, *always]
    assert commands_in(Phase.CLOSED) == [Command.CERTIFY, Command.CANCEL, *corrections, Command.REPLACE_KEY]
    assert commands_in(Phase.CANCELLED) == []
    assert leads_to(Command.RESUME) == {Phase.OPEN}
    assert leads_to(Command.CLOSE) == {Phase.CLOSED}
