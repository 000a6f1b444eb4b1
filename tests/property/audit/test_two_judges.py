"""Two judges, written apart, come to the same record for every record of any log, to the byte."""

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.check import ShardCheck
from services.audit.ledger import ShardLedger
from services.validation.judge import Judge
from shared.contract.codec import encode
from shared.contract.elections import Election, Official, Revote
from shared.contract.events import (
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
    RollCommitted,
    VersionAdmitted,
    signed,
)
from shared.contract.packs import Ballot
from shared.contract.signing import public_key
from tests.support.elections import AT, LOG_ID, OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life, election
from tests.support.evidence import IDENTITY, OUTPUTS, judged

SHARDS = 2
ELECTORS = 6
RARELY = 0.1
SECOND = b"only for tests: a second officer"
KEYS = ((ROOT_KEY, ROOT), (OFFICER_KEY, OFFICER), (public_key(SECOND), SECOND))
OFFICIALS = tuple(Official(name=name, key=key) for name, (key, _) in zip("ab", KEYS[1:], strict=True))
THIRD = Official(name="c", key="00" * 32)
REVOTE: tuple[dict[str, object], ...] = ({}, {"revote": Revote.LAST_COUNTS, "live_tallies": False})
RANKINGS = (("0>1", "1"), ("1>0", "1"), ("", ""), ("0>", "1"), ("4", "0"), ("0",), ("*", "0=1"))
RUBBISH = (b"", b"rubbish", b"[]", b"{}", b"\x98\xadballot-pack/9", b'{"type":"signed/1"}')


class AnyLog:
    """Records that may be out of turn, of the wrong shard, forged, replayed, or none at all."""

    def __init__(self, rng: random.Random, shard: int) -> None:
        self.rng = rng
        self.shard = shard
        approvals = rng.choice((1, 1, 2))
        officials = OFFICIALS if approvals == 1 else (*OFFICIALS, THIRD)
        secrecy = {"live_tallies": rng.random() < 0.5, "smallest_group": rng.choice((1, 10))}
        terms = {"officials": officials, "approvals": approvals, **secrecy, **rng.choice(REVOTE)}
        sections = {elector: elector % 2 for elector in range(ELECTORS)}
        self.lives = [
            Life(election(name, ELECTORS).model_copy(update=terms), SHARDS, sections)
            for name in ("picnic", "feast")
        ]
        self.signers = KEYS[1 : 1 + approvals]
        self.ledger = ShardLedger(shard, SHARDS, IDENTITY)
        self.records: list[bytes] = []
        self.add(self.lives[0].founded(shard))
        self.add(
            self.signed(self.control(self.lives[0], ElectionConfigured, definition=self.definition), KEYS[:1])
        )
        if rng.random() < 0.9:
            self.add(self.lives[0].roll(shard))
            self.add(self.opening(self.lives[0]))

    @property
    def definition(self) -> Election:
        """The first election's."""
        return self.lives[0].definition

    def add(self, record: bytes) -> None:
        """Add a record; the next control mostly follows what the shard holds by then."""
        self.records.append(record)
        self.ledger.judge(record)

    def signed(
        self, content: Control | RollCommitted | VersionAdmitted, by: tuple[tuple[str, bytes], ...]
    ) -> bytes:
        """Return a record, mostly signed by whom it needs."""
        who = by if self.rng.random() < 0.9 else tuple(self.rng.sample(KEYS, self.rng.randrange(3)))
        return encode(signed(content, *who))

    def control(self, life: Life, kind: type, **content: object) -> Control:
        """Return a control that mostly comes in order."""
        if self.rng.random() < 0.9:
            life.last_control = self.ledger.count_of(life.definition.id).last_control
        made = life.control(kind, **content)
        if self.rng.random() < 0.2:  # of several shards, each has its own control before it
            others = [life.last_control, *(f"{self.rng.randrange(9):032x}" for _ in range(SHARDS - 1))]
            others = self.rng.choice((others, others[1:] + others[:1], others[: self.rng.randrange(1, 3)]))
            made = made.model_copy(update={"follows": tuple(others)})
        if self.rng.random() < 0.1:  # an id that an earlier control had, and perhaps what that one followed
            made = made.model_copy(update={"control_id": f"{self.rng.randrange(1, 9):032x}"})
        return made if self.rng.random() < 0.97 else made.model_copy(update={"log": "cd" * 16})

    def opening(self, life: Life) -> bytes:
        """Return an opening."""
        return self.signed(
            self.control(
                life,
                ElectionOpened,
                config_hash=life.announced(SHARDS, "configured").config_hash,  # type: ignore[arg-type]
                roll=life.whole_roll().parts(SHARDS),
            ),
            self.signers,
        )

    def step(self) -> None:
        """Add any record."""
        makers: list[tuple[int, Callable[[Life], bytes]]] = [
            (10, self.pack),
            (2, lambda _: self.rng.choice(RUBBISH)),
            (2, self.phase),
            (2, self.elector),
            (1, self.candidate),
            (1, self.chunk),
            (1, self.opening),
            (1, lambda _: self.rng.choice(self.records)),
            (1, self.seldom),
        ]
        life = self.lives[0] if self.rng.random() < 0.85 else self.lives[1]
        (make,) = self.rng.choices([make for _, make in makers], [weight for weight, _ in makers])
        self.add(make(life))

    def pack(self, life: Life) -> bytes:
        """Return ballots of a few electors, some of them twice."""
        ballots = [self.ballot(life) for _ in range(self.rng.choice((1, 1, 2, 5, 9)))]
        alike = [ballot for ballot in ballots if len(ballot.rankings) == len(ballots[0].rankings)]
        return life.pack(*alike)

    def ballot(self, life: Life) -> Ballot:
        """Return a ballot; some things about it may be wrong."""
        rng = self.rng
        elector = rng.randrange(ELECTORS + 2)
        number = elector if rng.random() < 0.6 else rng.randrange(9)
        section = None if rng.random() < 0.9 else rng.randrange(4)
        secret = None if rng.random() < 0.9 else bytes(10)
        return life.cast(elector, *rng.choice(RANKINGS), ballot=number, section=section, secret=secret)

    def phase(self, life: Life) -> bytes:
        """Return an order that moves the election on."""
        kind: type = self.rng.choice((ElectionPaused, ElectionResumed, ElectionResumed, ElectionClosed))
        if self.rng.random() < RARELY:
            kind = ElectionCancelled
        return self.signed(self.control(life, kind), self.signers)

    def elector(self, life: Life) -> bytes:
        """Return an order about an elector or a batch of them."""
        life.last_control = self.ledger.count_of(life.definition.id).last_control
        elector = self.rng.randrange(ELECTORS + 2)
        if self.rng.random() < 0.2:
            return life.reissued(elector, self.rng.choice(("", "01" * 10)))
        if self.rng.random() < 0.4:
            batch = self.rng.sample(range(ELECTORS + 2), self.rng.randrange(1, ELECTORS))
            return life.batch(self.rng.choice((ElectorVoided, ElectorRestored)), *batch)
        return self.rng.choice((life.voided, life.restored))(elector)

    def candidate(self, life: Life) -> bytes:
        """Return an order about a candidate."""
        life.last_control = self.ledger.count_of(life.definition.id).last_control
        whom = self.rng.choice(
            (("apple",), ("quince",), ("water", "drink"), ("juice", "drink"), ("tea", "salad"))
        )
        return self.rng.choice((life.withdrawn, life.reinstated))(*whom)

    def chunk(self, life: Life) -> bytes:
        """Return a chunk of the roll; it may be another's, too long, or of another roll."""
        ((first, commitments),) = life.whole_roll().chunks(self.shard, SHARDS)
        cut = commitments[: 10 * self.rng.randrange(1, 5)]
        chunk = RollCommitted(
            log=LOG_ID,
            election=life.definition.id,
            shard=self.shard if self.rng.random() < 0.9 else 1 - self.shard,
            first=first if self.rng.random() < 0.8 else self.rng.randrange(4),
            commitments=self.rng.choice((commitments, commitments, cut, bytes(len(cut)))),
            by="ada",
            at=AT,
        )
        return self.signed(chunk, KEYS[1:2])

    def seldom(self, life: Life) -> bytes:
        """Return a certificate, a key's replacement, another definition, or a version."""
        what = self.rng.randrange(4)
        count = self.ledger.count_of(life.definition.id)
        if what == 0:
            heads = (count.effects if self.rng.random() < 0.7 else "00" * 32,) * SHARDS
            content = {"watermark": (1,) * SHARDS, "heads": heads, "effects": heads, "result_hashes": {}}
            return self.signed(self.control(life, ElectionCertified, **content), self.signers)
        if what == 1:
            old, new = self.rng.choice(KEYS[1:])[0], self.rng.choice((THIRD, OFFICIALS[1]))
            return self.signed(self.control(life, KeyReplaced, old=old, new=new), KEYS[:2])
        if what == 2:
            return self.signed(self.control(life, ElectionConfigured, definition=life.definition), KEYS[:1])
        return self.signed(VersionAdmitted(log=LOG_ID, version="other/1"), KEYS[:1])


@given(st.integers(0, 2**32))
@settings(max_examples=300)
def test_judge_and_auditor_write_the_same_bytes(seed: int) -> None:
    """Verdicts, effects, retracted ballots and heads; two elections in one shard, one of them perhaps unknown.

    Judged in batches, published from the first record again in others: wherever a range is cut, the auditor's is the same.
    """
    rng = random.Random(seed)
    log = AnyLog(rng, rng.randrange(SHARDS))
    for _ in range(60):
        log.step()
    records, shard = log.records, log.shard
    together, again = rng.randrange(1, 9), rng.randrange(1, 9)
    written = judged(shard, records, SHARDS, together)
    check = ShardCheck(ShardLedger(shard, SHARDS, IDENTITY), "picnic", ())
    check.take_cast(records)

    assert check.take_judged(written) == len(written)
    assert check.position == len(records)
    check.take_judged(judged(shard, records, SHARDS, again))
    assert (check.position, check.repeats) == (len(records), len(records))


@given(st.integers(0, 2**32))
@settings(max_examples=100)
def test_replicas_that_read_in_other_batches_hold_the_same_state(seed: int) -> None:
    """To the byte, at any record, a restart from the saved state included."""
    rng = random.Random(seed)
    log = AnyLog(rng, rng.randrange(SHARDS))
    for _ in range(40):
        log.step()
    cut = rng.randrange(1, len(log.records))
    states = []
    for together in (1, rng.randrange(2, 9), len(log.records)):
        judge = Judge(LOG_ID, ROOT_KEY, log.shard, SHARDS, OUTPUTS)
        for start in range(0, cut, together):
            judge.apply(log.records[start : min(start + together, cut)])
        judge.drain()
        restarted = Judge(LOG_ID, ROOT_KEY, log.shard, SHARDS, OUTPUTS)
        restarted.restore(judge.save())
        states += [judge.save(), restarted.save()]

    assert len(set(states)) == 1
