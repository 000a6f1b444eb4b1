"""Small elections with memorable names, and the records of their life."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from shared.contract.batches import runs_of
from shared.contract.chain import START
from shared.contract.codec import encode, encode_pack
from shared.contract.codes import SECRET_BYTES, VotingCode, commitments
from shared.contract.elections import (
    Candidate,
    Contest,
    Election,
    Method,
    Official,
    Phase,
    Rules,
    Section,
    config_hash,
)
from shared.contract.events import (
    NO_CONTROL,
    CandidateReinstated,
    CandidateWithdrawn,
    CodeReissued,
    Configured,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
    RollCommitted,
    RollKnown,
    VersionAdmitted,
    signed,
)
from shared.contract.packs import Ballot, pack_of
from shared.contract.rolls import Roll, RollHead
from shared.contract.signing import public_key
from shared.runtime.kafka.founding import founding_record

LOG_ID = "ab" * 16
ROOT = b"only for tests: the root's key.."
OFFICER = b"only for tests: an officer's key"
ROOT_KEY, OFFICER_KEY = public_key(ROOT), public_key(OFFICER)
AT = "2026-01-01T00:00:00Z"
SALT = b"salt of the test"
FRUIT = ("apple", "banana", "cherry", "damson")


def contest(name: str = "fruit", candidates: tuple[str, ...] = FRUIT, **rules: object) -> Contest:
    """Return an instant-runoff contest between fruit."""
    return Contest(
        id=name,
        title=name.title(),
        candidates=tuple(Candidate(id=c, name=c.title()) for c in candidates),
        rules=Rules(**rules),
        lot="tests",
    )


def election(name: str = "picnic", electors: int = 40, method: Method = "irv", seats: int = 1) -> Election:
    """Return an election of fruit, by any method, and of one drink, by two sections."""
    fruit = contest().model_copy(update={"method": method, "seats": seats})
    return Election(
        id=name,
        title=name.title(),
        epoch="test",
        sections=(
            Section(id="adults", name="Adults", electors=electors - electors // 4),
            Section(id="children", name="Children", electors=electors // 4),
        ),
        contests=(fruit, contest("drink", ("water", "juice"))),
        officials=(Official(name="ada", key=OFFICER_KEY),),
        live_tallies=True,
        smallest_group=1,
    )


def announced(
    definition: Election, phase: Phase, *withdrawn: tuple[str, str], shards: int = 2
) -> ElectionAnnounced:
    """Return what the operator announces to the edges of an election in a phase."""
    frozen = ElectionConfigured(
        log=LOG_ID,
        election=definition.id,
        control_id=f"{1:032x}",
        follows=NO_CONTROL,
        by="ada",
        at=AT,
        definition=definition,
    )
    return ElectionAnnounced(
        log=LOG_ID,
        definition=definition,
        config_hash=config_hash(definition),
        shards=shards,
        phase=phase,
        at=AT,
        withdrawn=withdrawn,
        configured=Configured.of(signed(frozen, (ROOT_KEY, ROOT)), ROOT_KEY),
    )


class Life:
    """The records of an election's life, as the log carries them: each control follows the one that was made before.

    `sections` says which electors are not in section 0: the code that an elector has is of one section.
    """

    def __init__(
        self, definition: Election, shards: int = 1, sections: Mapping[int, int] | None = None
    ) -> None:
        self.definition = definition
        self.shards = shards
        self.sections = dict(sections or {})
        self._number = 0
        self.last_control = NO_CONTROL

    def section_of(self, elector: int) -> int:
        """The section that an elector's code is of."""
        return self.sections.get(elector, 0)

    def secret_of(self, elector: int) -> bytes:
        """The secret of an elector's code, the same in every run."""
        return sha256(f"{self.definition.id}/{elector}".encode()).digest()[:SECRET_BYTES]

    def code(self, elector: int) -> str:
        """An elector's voting code, as it is printed."""
        return str(VotingCode(elector, self.section_of(elector), self.secret_of(elector)))

    def whole_roll(self) -> Roll:
        """Everybody's commitments."""
        electors = range(self.definition.electors)
        secrets = np.frombuffer(b"".join(map(self.secret_of, electors)), np.uint8)
        secrets = secrets.reshape(-1, SECRET_BYTES)
        sections = np.array([self.section_of(elector) for elector in electors], np.uint16)
        found = commitments(LOG_ID, self.definition.id, np.arange(len(electors)), sections, secrets)
        head = RollHead(log=LOG_ID, election=self.definition.id, electors=len(electors))
        return Roll(head=head, commitments=found)

    def resume(self, last_control: str) -> None:
        """Go on where another life ends: with the control that follows its last one, under an id that it has not had."""
        self.last_control, self._number = last_control, int(last_control, 16)

    def control(self, kind: type, **content: Any) -> Control:
        """The next control."""
        self._number += 1
        made: Control = kind(
            log=LOG_ID,
            election=self.definition.id,
            control_id=f"{self._number:032x}",
            follows=self.last_control,
            by="ada",
            at=AT,
            **content,
        )
        self.last_control = made.control_id
        return made

    def ordered(self, kind: type, **content: Any) -> bytes:
        """The next control, signed by the officer."""
        return encode(signed(self.control(kind, **content), (OFFICER_KEY, OFFICER)))

    def announced(self, shards: int, phase: Phase) -> ElectionAnnounced:
        """What the operator announces to the edges."""
        return announced(self.definition, phase, shards=shards)

    def founded(self, shard: int = 0) -> bytes:
        """A shard's first record."""
        return founding_record(LOG_ID, shard, self.shards, ROOT_KEY, ROOT)

    def admitted(self, version: str) -> bytes:
        """The log admits records of one more version."""
        return encode(signed(VersionAdmitted(log=LOG_ID, version=version), (ROOT_KEY, ROOT)))

    def configured(self) -> bytes:
        """The definition is frozen."""
        control = self.control(ElectionConfigured, definition=self.definition)
        return encode(signed(control, (ROOT_KEY, ROOT)))

    def roll(self, shard: int = 0) -> bytes:
        """A shard's part of the roll, in one record."""
        return next(self.roll_records(shard))

    def roll_records(self, shard: int) -> Iterator[bytes]:
        """A shard's part of the roll, in as many records as it takes."""
        for first, commitments_ in self.whole_roll().chunks(shard, self.shards):
            chunk = RollCommitted(
                log=LOG_ID,
                election=self.definition.id,
                shard=shard,
                first=first,
                commitments=commitments_,
                by="ada",
                at=AT,
            )
            yield encode(signed(chunk, (OFFICER_KEY, OFFICER)))

    def known(self, shard: int = 0) -> RollKnown:
        """What validation publishes to the edges of a shard's part of the roll."""
        first, commitments_ = 0, self.whole_roll().part(shard, self.shards).tobytes()
        return RollKnown(
            election=self.definition.id,
            shard=shard,
            shards=self.shards,
            source=0,
            first=first,
            commitments=commitments_,
        )

    def opened(self) -> bytes:
        """Ballots count from here on."""
        return self.ordered(
            ElectionOpened,
            config_hash=config_hash(self.definition),
            roll=self.whole_roll().parts(self.shards),
        )

    def begin(self) -> list[list[bytes]]:
        """The beginning of each shard's log: founded, configured, its part of the roll, opened."""
        configured, opened = self.configured(), self.opened()
        return [
            [self.founded(shard), configured, *self.roll_records(shard), opened]
            for shard in range(self.shards)
        ]

    def paused(self) -> bytes:
        """Ballots are refused."""
        return self.ordered(ElectionPaused)

    def resumed(self) -> bytes:
        """Ballots count again."""
        return self.ordered(ElectionResumed)

    def closed(self) -> bytes:
        """No ballot counts any more."""
        return self.ordered(ElectionClosed)

    def certified(self, *effects: str) -> bytes:
        """A recount agreed, at these heads of effects."""
        heads = effects or (START.hex(),) * self.shards
        watermark = (0,) * self.shards
        return self.ordered(
            ElectionCertified, watermark=watermark, heads=heads, effects=heads, result_hashes={}
        )

    def voided(self, elector: int) -> bytes:
        """An elector's ballot does not count."""
        return self.ordered(ElectorVoided, elector=elector)

    def restored(self, elector: int) -> bytes:
        """It counts again."""
        return self.ordered(ElectorRestored, elector=elector)

    def batch(self, kind: type, *electors: int) -> bytes:
        """A void or a restore of several electors in one order."""
        return self.ordered(kind, elector=None, electors=runs_of(electors))

    def reissued(self, elector: int, commitment: str) -> bytes:
        """An elector has a new code."""
        return self.ordered(CodeReissued, elector=elector, commitment=commitment)

    def withdrawn(self, candidate: str, contest_id: str = "fruit") -> bytes:
        """A candidate is out of a contest."""
        return self.ordered(CandidateWithdrawn, contest=contest_id, candidate=candidate)

    def reinstated(self, candidate: str, contest_id: str = "fruit") -> bytes:
        """And is in it again."""
        return self.ordered(CandidateReinstated, contest=contest_id, candidate=candidate)

    def cast(
        self,
        elector: int,
        *marks: str,
        ballot: int | None = None,
        section: int | None = None,
        secret: bytes | None = None,
    ) -> Ballot:
        """An elector's ballot; its id is the elector's number unless another is given."""
        number = elector if ballot is None else ballot
        return Ballot(
            number.to_bytes(16),
            elector,
            self.section_of(elector) if section is None else section,
            self.secret_of(elector) if secret is None else secret,
            marks or ("0>1", "1"),
        )

    def pack(self, *ballots: Ballot) -> bytes:
        """Ballots that left intake together."""
        return encode_pack(pack_of(self.definition.id, ballots, SALT))

    def ballot(self, elector: int, *marks: str, **about: Any) -> bytes:
        """A pack of one ballot."""
        return self.pack(self.cast(elector, *marks, **about))
