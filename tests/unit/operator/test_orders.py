"""Orders: what may be ordered when, and the payload that officials sign."""

from itertools import product

import pytest

from services.operator.orders import Order, payload_bytes, refusal
from shared.contract.codec import decode_cast, encode
from shared.contract.elections import Phase
from shared.contract.events import ElectorVoided, SignedRecord
from shared.contract.lifecycle import Command
from tests.support.elections import LOG_ID

MOVES = {
    ("configured", "open"),
    ("open", "pause"),
    ("paused", "resume"),
    ("open", "close"),
    ("paused", "close"),
    ("closed", "certify"),
    ("configured", "cancel"),
    ("open", "cancel"),
    ("paused", "cancel"),
    ("closed", "cancel"),
}
CORRECTIONS = {Command.VOID, Command.RESTORE, Command.WITHDRAW, Command.REINSTATE, Command.REPLACE_KEY}
ORDER = Order(by="ada", reason="as agreed", at="2026-01-01T00:00:00Z", control_id="0" * 32)


@pytest.mark.parametrize(("phase", "command"), list(product(Phase, Command)))
def test_exactly_the_listed_orders_are_possible(phase: Phase, command: Command) -> None:
    """Every pair is either a move, a correction, or refused."""
    possible = (phase, command) in MOVES or (phase is not Phase.CANCELLED and command in CORRECTIONS)
    if command is Command.REISSUE:
        possible = phase not in (Phase.CLOSED, Phase.CANCELLED)

    assert (refusal(phase, command) is None) == possible


def test_a_refusal_names_the_phase_and_what_is_possible() -> None:
    """A person reads it, and knows what to do."""
    assert refusal(Phase.PAUSED, Command.PAUSE) == (
        "cannot pause an election that is paused; possible now: resume, close, cancel, void, restore, "
        "withdraw, reinstate, reissue, replace-key"
    )


def test_an_order_becomes_a_payload_that_is_read_back_as_it_was_signed() -> None:
    """It names the log, the election, itself, and what it follows."""
    control = ORDER.control(ElectorVoided, LOG_ID, "picnic", "f" * 32, elector=7)
    record = SignedRecord(payload=payload_bytes(control), signatures=())

    found = decode_cast(encode(record))
    assert isinstance(found, SignedRecord)
    assert found.content() == control
    assert isinstance(control, ElectorVoided)
    assert (control.log, control.follows, control.by, control.elector) == (LOG_ID, "f" * 32, "ada", 7)
