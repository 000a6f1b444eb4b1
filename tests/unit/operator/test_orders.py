"""Orders: what may be ordered when, and the control that carries it."""

from itertools import product

import pytest

from services.operator.orders import Order, Refusal, elector_control, next_phase, phase_control
from shared.contract.codec import decode_cast, encode
from shared.contract.elections import Phase, config_hash
from shared.contract.events import ElectionAnnounced, ElectionOpened, ElectorVoided
from shared.contract.lifecycle import Command
from tests.support.elections import election

LIFE = {
    ("configured", "open"): "open",
    ("open", "pause"): "paused",
    ("paused", "resume"): "open",
    ("open", "close"): "closed",
    ("paused", "close"): "closed",
    ("closed", "certify"): "certified",
}
ORDER = Order(by="ada", reason="as agreed", at="2026-01-01T00:00:00Z", control_id="0" * 32)


@pytest.mark.parametrize(("phase", "command"), list(product(Phase, Command)))
def test_exactly_the_listed_moves_are_possible(phase: Phase, command: Command) -> None:
    """Every pair is either a move, an elector's change before the certificate, or refused."""
    after = next_phase(phase, command)

    if command in (Command.VOID, Command.RESTORE, Command.WITHDRAW, Command.REINSTATE):
        assert (after == phase) == (phase is not Phase.CERTIFIED)
    elif (phase, command) in LIFE:
        assert after == LIFE[phase, command]
    else:
        assert isinstance(after, Refusal)


def test_a_refusal_names_the_phase_and_what_is_possible() -> None:
    """A person reads it, and knows what to do."""
    refusal = next_phase(Phase.PAUSED, Command.PAUSE)

    assert refusal == Refusal(
        "cannot pause an election that is paused; possible now: resume, close, void, restore, "
        "withdraw, reinstate"
    )


def test_a_certified_election_is_over() -> None:
    """Nothing can follow a certificate."""
    refusal = next_phase(Phase.CERTIFIED, Command.OPEN)

    assert refusal == Refusal("cannot open an election that is certified; nothing can change any more")


def test_an_opening_names_the_definition_and_the_key() -> None:
    """What is opened is what was configured."""
    definition = election()
    announced = ElectionAnnounced(
        definition=definition,
        config_hash=config_hash(definition),
        code_key="abc",
        shards=4,
        phase=Phase.CONFIGURED,
        at="2026-01-01T00:00:00Z",
    )

    control = phase_control(Command.OPEN, announced, ORDER)

    assert isinstance(control, ElectionOpened)
    assert (control.config_hash, control.code_key, control.by) == (config_hash(definition), "abc", "ada")
    assert decode_cast(encode(control)) == control


def test_a_void_names_the_elector() -> None:
    """And is another control than the restore."""
    control = elector_control(Command.VOID, "picnic", 7, ORDER)

    assert isinstance(control, ElectorVoided)
    assert control.elector == 7
