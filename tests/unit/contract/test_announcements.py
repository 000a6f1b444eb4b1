"""What intake shows on a ballot is what the root key signed: an announcement alone decides nothing of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.operator.orders import payload_bytes
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Candidate, Election, Phase, Rules, config_hash
from shared.contract.events import (
    NO_CONTROL,
    Configured,
    ElectionAnnounced,
    ElectionConfigured,
    SignedRecord,
)
from shared.contract.signing import new_private_key, public_key, sign
from tests.support.elections import AT, LOG_ID, OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life, election

SHARDS = 2


def announced(definition: Election) -> ElectionAnnounced:
    """What the operator announces of a definition, read back from the wire."""
    return decode_as(ElectionAnnounced, encode(Life(definition, SHARDS).announced(SHARDS, Phase.OPEN)))


def changed(definition: Election, **about: Any) -> Election:
    """A definition whose first contest is another."""
    first, *others = definition.contests
    contests = (first.model_copy(update=about), *others)
    return Election.model_validate(definition.model_copy(update={"contests": contests}).model_dump())


def swapped(definition: Election) -> Election:
    """A definition in which the first two candidates have changed places."""
    one, two, *others = definition.contests[0].candidates
    return changed(definition, candidates=(two, one, *others))


@pytest.mark.parametrize(
    "definition",
    [
        election(),
        election("fair", method="bottoms-up"),
        changed(
            election(),
            method="bottoms-up",
            seats=0,
            rules=Rules(percentage="12.50"),
            title="Ŵyr, “quoted” <b> \u2028",
            candidates=(
                Candidate(id="a", name="می\u200cخ", statement="line\nline\t\\"),
                Candidate(id="b", name="B"),
            ),
        ),
        election().model_copy(
            update={
                "opens": datetime(2026, 1, 1, 8, tzinfo=UTC),
                "closes": datetime(2026, 1, 1, 9, 1, 2, 3, UTC),
            }
        ),
    ],
    ids=["plain", "another method", "any text and a decimal", "times"],
)
def test_the_definition_that_the_root_key_signed_is_known_again(definition: Election) -> None:
    """By whoever reads it back from what was announced, whatever is in it: the signed text can be made again."""
    control = ElectionConfigured(
        log=LOG_ID,
        election=definition.id,
        control_id="5" * 32,
        follows=NO_CONTROL,
        by="ada",
        reason="“because”",
        at=AT,
        definition=definition,
    )
    payload = payload_bytes(control)
    record = SignedRecord(payload=payload, signatures=((ROOT_KEY, sign(ROOT, payload.encode())),))
    configured = Configured.of(decode_as(SignedRecord, encode(record)), ROOT_KEY)

    found = announced(definition).model_copy(update={"configured": configured})
    assert decode_as(ElectionAnnounced, encode(found)).is_frozen_by(ROOT_KEY)


def test_an_announcement_that_shows_another_definition_is_none_of_the_root_key_s() -> None:
    """Candidates in other places, another hash, another log, another key, an official's signature, or none at all."""
    honest = announced(election())
    other = swapped(election())
    other_key = new_private_key()
    forged: list[dict[str, Any]] = [
        {"definition": other},
        {"definition": other, "config_hash": config_hash(other)},
        {"config_hash": config_hash(other)},
        {"log": "cd" * 16},
        {"configured": None},
    ]

    assert honest.is_frozen_by(ROOT_KEY)
    assert not honest.is_frozen_by(public_key(other_key))
    for update in forged:
        assert not honest.model_copy(update=update).is_frozen_by(ROOT_KEY), update
    assert honest.configured is not None
    by_officer = sign(
        OFFICER, payload_bytes(Life(election()).control(ElectionConfigured, definition=other)).encode()
    )
    signed_so = honest.configured.model_copy(update={"signature": by_officer})
    assert not honest.model_copy(update={"configured": signed_so}).is_frozen_by(ROOT_KEY)
    assert not honest.model_copy(update={"configured": signed_so}).is_frozen_by(OFFICER_KEY)
