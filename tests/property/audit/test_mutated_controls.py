"""Genuine controls of every kind, changed anywhere and signed by anybody: each has its verdict, and two judges agree on it."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from services.audit.ledger import ShardLedger
from services.validation.judge import Judge
from shared.contract.codec import decode_judged
from shared.contract.events import ElectionCertified, ElectionPaused, SignedRecord
from shared.contract.signing import sign
from tests.support.elections import LOG_ID, OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life, election
from tests.support.evidence import IDENTITY, OUTPUTS

MUTANTS = 250
KEYS = ((ROOT_KEY, ROOT), (OFFICER_KEY, OFFICER))
NUMBERS = (10**30, -(10**30), 10**4000, -1, 0, 1, 2**31, 2**63, 1e308, 1.5, True)
TEXTS = ("", "x" * 3000, "\0", "\u202e", "0" * 32, "0" * 64, "1/0", "٣", "9" * 5000)
EXTREMES: tuple[Any, ...] = (
    None,
    *NUMBERS,
    *TEXTS,
    [],
    {},
    [[]] * 5,
    [None],
    {"": {}},
    ["a"] * 3000,
    {"a": 1},
)

Way = tuple[str | int, ...]


def genuine() -> tuple[list[bytes], list[str]]:
    """Return an election's first records, and the payloads of controls of every kind."""
    life = Life(election(), 1)
    begun = life.begin()[0]
    heads = ("0" * 64,)
    later = [
        life.ordered(ElectionPaused),
        life.voided(3),
        life.reissued(4, "01" * 10),
        life.withdrawn("apple"),
        life.closed(),
        life.ordered(
            ElectionCertified, watermark=(1,), heads=heads, effects=heads, result_hashes={}, replaces=None
        ),
    ]
    return begun, [SignedRecord.model_validate_json(record).payload for record in (*begun, *later)]


def ways(value: Any, way: Way = ()) -> Iterator[Way]:
    """Yield the way to each part of a value."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*way, key)
            yield from ways(part, (*way, key))


def mutated(payload: str, rng: random.Random) -> str:
    """Return a payload with one to three of its parts replaced by something extreme."""
    changed = json.loads(payload)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        *way, last = rng.choice(list(ways(changed)))
        part = changed
        for key in way:
            part = part[key]
        part[last] = json.loads(json.dumps(rng.choice(EXTREMES)))
    return json.dumps(changed)


@pytest.mark.parametrize("seed", range(2))
def test_any_change_to_a_control_has_a_verdict_and_both_judges_give_the_same(seed: int) -> None:
    """Nothing that a record says is a fault of the program's: it would stop every election of the shard."""
    rng = random.Random(seed)
    begun, payloads = genuine()
    judge, ledger = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS), ShardLedger(0, 1, IDENTITY)
    for number in range(len(begun) + MUTANTS):
        if number < len(begun):
            record = begun[number]
        else:
            text = mutated(rng.choice(payloads), rng)
            keys = KEYS[: rng.randrange(3)]
            signatures = [[key, sign(private, text.encode())] for key, private in keys]
            record = json.dumps({"type": "signed/1", "payload": text, "signatures": signatures}).encode()
        judge.apply([record])
        judged = [out.value for out in judge.drain() if out.topic == OUTPUTS.judged]
        ledger.judge(record)
        head = decode_judged(judged[-1]).head
        assert (head if isinstance(head, str) else head.hex()) == ledger.head.hex()
