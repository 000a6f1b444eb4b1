"""Where the last ballot counts, rankings that nobody has any more are forgotten: at the same records by every replica."""

import random
from collections.abc import Sequence

import pytest

from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge
from shared.contract.codec import decode_judged
from shared.contract.elections import Candidate, Revote
from shared.contract.verdict_ranges import Verdict
from shared.contract.verdicts import ControlJudged
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS, each_verdict

CANDIDATES = 9


def revoting(electors: int = 12) -> Life:
    """An election with many rankings, in which an elector's last ballot counts."""
    plain = election(electors=electors)
    fruit = plain.contests[0].model_copy(
        update={"candidates": tuple(Candidate(id=f"c{n}", name=f"C{n}") for n in range(CANDIDATES))}
    )
    terms = {
        "revote": Revote.LAST_COUNTS,
        "live_tallies": False,
        "contests": (fruit, *plain.contests[1:]),
    }
    return Life(plain.model_copy(update=terms))


def log(life: Life, rng: random.Random, ballots: int) -> list[bytes]:
    """An election in which few electors vote again and again, are made void and restored, and send old ballots again."""
    [records] = life.begin()
    void: set[int] = set()
    for number in range(ballots):
        elector = rng.randrange(life.definition.electors)
        ranking = ">".join(map(str, rng.sample(range(CANDIDATES), rng.randint(1, CANDIDATES))))
        records.append(life.ballot(elector, ranking, rng.choice(("0", "1")), ballot=number))
        if rng.random() < 0.1:
            records.append(rng.choice(records[-20:]))
        if rng.random() < 0.05:
            records.append(life.restored(elector) if elector in void else life.voided(elector))
            void ^= {elector}
    return [*records, life.closed()]


def fed(records: Sequence[bytes], rng: random.Random) -> tuple[Judge, list[Verdict | ControlJudged]]:
    """A judge that was given records in cuts of any size and restored now and then, and its verdicts."""
    judge, said, at = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS), list[Verdict | ControlJudged](), 0
    while at < len(records):
        size = rng.randint(1, 30)
        judge.apply(records[at : at + size])
        at += size
        if rng.random() < 0.6 or at >= len(records):
            written = [decode_judged(out.value) for out in judge.drain() if out.topic == OUTPUTS.judged]
            said += [one for record in written for one in each_verdict(record)]
            if rng.random() < 0.3:
                saved, judge = judge.save(), Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
                judge.restore(saved)
    return judge, said


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rankings are looked through as soon as there are some to forget."""
    monkeypatch.setattr("services.validation.box.UNUSED_BYTES", 0)
    monkeypatch.setattr("services.validation.judge.LOOK_EVERY", 4)


@pytest.mark.parametrize("seed", range(8))
def test_no_verdict_depends_on_what_was_forgotten(
    seed: int, monkeypatch: pytest.MonkeyPatch, often: None
) -> None:
    """Nor on how the log was cut, where a process started again; and two replicas' snapshots are the same bytes."""
    rng = random.Random(seed)
    records = log(revoting(), rng, 300)
    one, said = fed(records, rng)
    other, said_by_other = fed(records, rng)
    assert one.save() == other.save()
    assert said == said_by_other

    monkeypatch.setattr("services.validation.box.UNUSED_BYTES", 1 << 40)
    everything, said_with_all = fed(records, rng)
    assert said == said_with_all
    assert len(one.save()) < len(everything.save()), "something was forgotten"


def test_an_elector_who_votes_without_end_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the box, the tally and the rounds there is what stands, and 16 bytes for each ballot that gave way."""
    monkeypatch.setattr("services.validation.box.UNUSED_BYTES", 2_000)
    life, rng = revoting(), random.Random(1)
    [records] = life.begin()
    judge, tally = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS), Tally(0, 1, "tallies", PartitionOf(1))
    rounds = Rounds(0, "counts")
    sizes = []
    for part in range(12):
        for number in range(512):
            ranking = ">".join(map(str, rng.sample(range(CANDIDATES), CANDIDATES)))
            records.append(life.ballot(5, ranking, "1", ballot=512 * part + number))
        judge.apply(records)
        tally.apply([out.value for out in judge.drain() if out.topic == OUTPUTS.judged])
        rounds.apply([out.value for out in tally.drain()])
        rounds.drain()
        sizes.append((len(judge.save()) - 16 * 512 * (part + 1), len(tally.save()), len(rounds.save())))
        records = []
    assert rounds.ballots() == 12 * 512
    boxes, tallies, counts = zip(*sizes, strict=True)
    assert max(boxes) < 2 * min(boxes) + 512 * 40, boxes
    assert max(tallies) - min(tallies) < 100, tallies
    assert max(counts) - min(counts) < 100, counts
