"""Two judges, written apart, come to the same record for every record of any log, to the byte."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.check import ShardCheck
from services.audit.ledger import ShardLedger
from tests.support.elections import Life, election
from tests.support.evidence import judged, key_of

SHARDS = 2
ELECTORS = 6
CONTROLS = ("configured", "opened", "paused", "resumed", "closed", "certified")
PAPERS = (("0>1", "1"), ("", ""), ("0>", "1"), ("4", "0"), ("0",))


def any_record(lives: list[Life], rng: random.Random) -> bytes:
    """Return a record that may be out of turn, of the wrong shard, forged, or none at all."""
    life, elector = rng.choice(lives), rng.randrange(ELECTORS + 2)
    what = rng.random()
    if what < 0.05:
        return rng.choice((b"", b"rubbish", b"[]", life.ballot(1)[:-1]))
    if what < 0.2:
        return bytes(getattr(life, rng.choice(CONTROLS))())
    if what < 0.35:
        return rng.choice((life.voided, life.restored))(elector)
    if what < 0.45:
        whom = rng.choice((("apple",), ("quince",), ("water", "drink"), ("juice", "drink"), ("tea", "salad")))
        return rng.choice((life.withdrawn, life.reinstated))(*whom)
    if what < 0.5:
        return life.configured().replace(b'{"type"', b' {"type"').replace(b'"picnic"', b'"feast"', 1)
    mac = None if rng.random() < 0.9 else rng.randrange(9)
    ballot = elector if rng.random() < 0.5 else rng.randrange(99)
    return life.ballot(elector, *rng.choice(PAPERS), ballot=ballot, section=rng.randrange(3), mac=mac)


@given(st.integers(0, 2**32))
@settings(max_examples=300)
def test_judge_and_auditor_write_the_same_bytes(seed: int) -> None:
    """Verdicts, effects, retracted papers and heads; two elections in one shard, one of them perhaps unknown.

    Judged in batches, told from the first record again in others: wherever a range is cut, the auditor's is the same.
    """
    rng = random.Random(seed)
    lives = [Life(election("picnic", ELECTORS)), Life(election("feast", ELECTORS))]
    log = [lives[0].configured(), lives[0].opened(), *(any_record(lives, rng) for _ in range(60))]
    shard = rng.randrange(SHARDS)
    together, again = rng.randrange(1, 9), rng.randrange(1, 9)
    told = judged(shard, log, SHARDS, together)
    check = ShardCheck(ShardLedger(shard, SHARDS, key_of), "picnic", ())
    check.take_cast(log)

    assert check.take_judged(told) == len(told)
    assert check.position == len(log)
    check.take_judged(judged(shard, log, SHARDS, again))
    assert (check.position, check.repeats) == (len(log), len(log))
