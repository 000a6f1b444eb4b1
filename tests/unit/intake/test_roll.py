"""What intake knows of the roll once Kafka has compacted `rolls.committed`: of each key, the newest record alone."""

from collections.abc import Sequence

import pytest

from services.intake.roll import KnownRolls
from services.validation.judge import Judge
from shared.contract.codec import decode_as, encode
from shared.contract.codes import COMMITMENT_BYTES, VotingCode, commitment
from shared.contract.events import RollCommitted, RollKnown, signed
from shared.runtime.log import Outgoing
from tests.support.elections import AT, LOG_ID, OFFICER, OFFICER_KEY, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS

SHARDS = 2


def chunks(life: Life, shard: int, sizes: Sequence[int]) -> list[bytes]:
    """A shard's part of the roll in records of these sizes."""
    part, first, records = life.whole_roll().part(shard, SHARDS).tobytes(), 0, []
    for size in sizes:
        cut = part[COMMITMENT_BYTES * first : COMMITMENT_BYTES * (first + size)]
        said = RollCommitted(
            log=LOG_ID, election="picnic", shard=shard, first=first, commitments=cut, by="ada", at=AT
        )
        records.append(encode(signed(said, (OFFICER_KEY, OFFICER))))
        first += size
    return records


def written(life: Life, sizes: Sequence[int], reissued: Sequence[tuple[int, str]]) -> list[Outgoing]:
    """What validation writes of the roll of an election whose electors have new codes, shard after shard."""
    found = []
    configured, opened = life.configured(), life.opened()
    orders = [life.reissued(elector, code) for elector, code in reissued]
    for shard in range(SHARDS):
        judge = Judge(LOG_ID, ROOT_KEY, shard, SHARDS, OUTPUTS)
        records = [life.founded(shard), configured, *chunks(life, shard, sizes), opened, *orders]
        judge.apply(records)
        found += [out for out in judge.drain() if out.topic == OUTPUTS.rolls]
    return found


def own(life: Life, elector: int) -> bytes:
    """The commitment of an elector's first code."""
    code = VotingCode(elector, 0, life.secret_of(elector))
    return commitment(LOG_ID, "picnic", code)


@pytest.mark.parametrize("sizes", [(20,), (8, 12), (1, 18, 1)])
@pytest.mark.parametrize("electors", [[0], [1, 0], [16, 17], [38, 39], [5, 0, 16]])
@pytest.mark.parametrize("times", [1, 2])
def test_new_codes_of_any_elector_take_nobody_else_off_the_roll(
    sizes: Sequence[int], electors: list[int], times: int
) -> None:
    """Also of the first one of a chunk, once and again: before, that record took the chunk's place in the compacted topic."""
    life = Life(election(), SHARDS)
    new = {elector: f"{time + 1}{elector:019x}" for time in range(times) for elector in electors}
    orders = [(elector, f"{time + 1}{elector:019x}") for time in range(times) for elector in electors]
    compacted: dict[tuple[int, bytes | None], bytes] = {}
    for out in written(life, sizes, orders):
        compacted.pop((out.partition, out.key), None)  # the newest stands at its own, later, offset
        compacted[out.partition, out.key] = out.value
    rolls = KnownRolls()
    for value in compacted.values():
        rolls.add(decode_as(RollKnown, value))

    roll = rolls.rolls["picnic"]
    assert roll.electors == 40
    for elector in range(40):
        expected = bytes.fromhex(new[elector]) if elector in new else own(life, elector)
        assert roll.has(elector), elector
        assert roll.knows(elector, expected), elector


def test_an_elector_whose_commitment_is_still_to_come_is_not_refused() -> None:
    """A record of electors further on came first: the roll seems whole by its length, and is not."""
    life = Life(election(), SHARDS)
    rolls, known = KnownRolls(), [decode_as(RollKnown, out.value) for out in written(life, (8, 12), [])]
    for record in [of for of in known if of.first == 8]:
        rolls.add(record)
    roll = rolls.rolls["picnic"]

    assert roll.electors == 40
    assert [elector for elector in range(40) if roll.has(elector)] == list(range(16, 40))


def test_a_key_says_how_many_electors_a_record_holds() -> None:
    """It is part of the wire: a reader of any version keeps by it."""
    life = Life(election(), SHARDS)
    [first, *_] = written(life, (8, 12), [])
    assert first.key == b"picnic/0/0/8"
    assert len(decode_as(RollKnown, first.value).commitments) == 8 * COMMITMENT_BYTES
