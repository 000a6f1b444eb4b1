"""What a control does to an election in one shard.

A control has an effect only if it is signed by enough officials, follows the election's control before it, and the table
of the election's life allows it; otherwise it is ignored, with the reason. A control that comes twice has its effect once.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.validation.box import BallotBox, BoxedBallot
from services.validation.rules import Polling
from shared.contract.batches import MAX_MOVED_CHARS, Runs, each_of, moved_chars
from shared.contract.codes import COMMITMENT_BYTES
from shared.contract.elections import Phase, config_hash
from shared.contract.events import (
    NO_CONTROL,
    CandidateReinstated,
    CandidateWithdrawn,
    CodeReissued,
    Control,
    ElectionCertified,
    ElectionConfigured,
    ElectionOpened,
    ElectorRestored,
    ElectorVoided,
    KeyReplaced,
    RollCommitted,
    RollKnown,
    SignedRecord,
    roll_part,
)
from shared.contract.ids import shard_of
from shared.contract.lifecycle import approvals_needed, next_phase
from shared.contract.verdicts import Ballot, BallotsAlike, NoEffect, ballots_alike


class Ignored(Exception):
    """A control without effect, and why."""

    def __init__(self, why: NoEffect) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Done:
    """What a control did: why it did nothing, or the ballot that it took out of the count or brought back."""

    why: NoEffect | None = None
    signers: tuple[str, ...] = ()
    retracted: Ballot | None = None
    restored: Ballot | None = None
    batch: tuple[BallotsAlike, ...] = ()
    known: RollKnown | None = None
    """Commitments that are known from here on."""

    @property
    def effect(self) -> Literal["applied", "ignored"]:
        """Whether it had any."""
        return "ignored" if self.why else "applied"


@dataclass
class Shard:
    """What one shard knows: its log, and every election in it."""

    log_id: str
    root_key: str
    number: int
    shards: int
    admitted: frozenset[str]
    pollings: dict[str, Polling]


def carry_out(record: SignedRecord, control: Control | RollCommitted, shard: Shard, source: int) -> Done:
    """Carry a control out and return what became of it; `source` is its offset."""
    polling = shard.pollings.get(control.election)
    signers = record.signers([shard.root_key, *([] if polling is None else polling.keys)])
    try:
        return _carry_out(control, polling, signers, shard, source)
    except Ignored as ignored:
        return Done(ignored.why, tuple(sorted(signers)))


def _carry_out(
    control: Control | RollCommitted, polling: Polling | None, signers: set[str], shard: Shard, source: int
) -> Done:
    if control.log != shard.log_id:
        raise Ignored(NoEffect.OTHER_LOG)
    if isinstance(control, ElectionConfigured):
        _configure(control, polling, signers, shard)
        return Done(signers=tuple(sorted(signers)))
    if polling is None:
        raise Ignored(NoEffect.UNKNOWN_ELECTION)
    if isinstance(control, RollCommitted):
        return _commit(control, polling, signers, source)
    _require_signed(control, polling, signers, shard.root_key)
    if control.control_id == polling.last_control:
        raise Ignored(NoEffect.NO_CHANGE)
    if control.before(polling.shard) != polling.last_control or control.control_id in polling.controls:
        raise Ignored(NoEffect.OUT_OF_ORDER)
    polling.last_control = control.control_id
    polling.controls.add(control.control_id)
    return _apply(control, polling, tuple(sorted(signers)), source)


def _configure(control: ElectionConfigured, polling: Polling | None, signers: set[str], shard: Shard) -> None:
    if shard.root_key not in signers:
        raise Ignored(NoEffect.NOT_SIGNED)
    if control.election != control.definition.id:
        raise Ignored(NoEffect.OTHER_ELECTION)
    if polling is not None:
        raise Ignored(NoEffect.NO_CHANGE)
    if control.follows != NO_CONTROL:
        raise Ignored(NoEffect.OUT_OF_ORDER)
    definition = control.definition
    electors = max(0, (definition.electors - shard.number + shard.shards - 1) // shard.shards)
    box = BallotBox(electors, len(definition.contests))
    found = Polling(definition, shard.log_id, shard.number, shard.shards, box)
    found.last_control = control.control_id
    found.controls.add(control.control_id)
    shard.pollings[definition.id] = found


def _require_signed(control: Control, polling: Polling, signers: set[str], root_key: str) -> None:
    officials = signers & set(polling.keys)
    if isinstance(control, KeyReplaced):
        others = set(polling.keys) - {control.old}
        if root_key in signers and (officials & others or not others):
            return
    elif len(officials) >= approvals_needed(polling.definition, polling.phase, type(control)):
        return
    raise Ignored(NoEffect.NOT_SIGNED)


def _commit(control: RollCommitted, polling: Polling, signers: set[str], source: int) -> Done:
    """Take a chunk of this shard's part of the roll. Before the opening a later one may replace an earlier one."""
    if not signers & set(polling.keys):
        raise Ignored(NoEffect.NOT_SIGNED)
    if control.shard != polling.shard:
        raise Ignored(NoEffect.NOT_HERE)
    if polling.phase is not Phase.CONFIGURED:
        raise Ignored(NoEffect.OUT_OF_PHASE)
    chunk = np.frombuffer(
        control.commitments[: len(control.commitments) // COMMITMENT_BYTES * COMMITMENT_BYTES], np.uint8
    )
    chunk = chunk.reshape(-1, COMMITMENT_BYTES)
    end = control.first + len(chunk)
    if control.first > polling.committed or end > polling.box.electors or not len(chunk):
        raise Ignored(NoEffect.ROLL_NOT_WHOLE)
    there = polling.box.commitments[control.first : end]
    if end <= polling.committed and np.array_equal(there, chunk):
        raise Ignored(NoEffect.NO_CHANGE)
    there[:] = chunk
    polling.box.commitments[end : polling.committed] = (
        0  # what followed a chunk that is replaced has to come again
    )
    polling.committed = end
    return Done(signers=tuple(sorted(signers)), known=_known(polling, source, control.first, chunk.tobytes()))


def _apply(control: Control, polling: Polling, signers: tuple[str, ...], source: int) -> Done:
    after = next_phase(polling.phase, type(control))
    if isinstance(after, NoEffect):
        raise Ignored(after)
    if isinstance(control, ElectorVoided | ElectorRestored) and control.electors is not None:
        return _change_batch(control, control.electors, polling, signers)
    if isinstance(control, ElectorVoided | ElectorRestored | CodeReissued):
        return _change_elector(control, polling, signers, source)
    if isinstance(control, CandidateWithdrawn | CandidateReinstated):
        _change_candidate(control, polling)
    elif isinstance(control, KeyReplaced):
        _replace_key(control, polling)
    elif isinstance(control, ElectionOpened):
        _require_ready(control, polling)
    elif isinstance(control, ElectionCertified):
        named = control.effects[polling.shard : polling.shard + 1]
        if named != (polling.effects.hex(),):
            raise Ignored(NoEffect.SUPERSEDED)
    polling.phase = after
    return Done(signers=signers)


def _require_ready(control: ElectionOpened, polling: Polling) -> None:
    if control.config_hash != config_hash(polling.definition):
        raise Ignored(NoEffect.OTHER_DEFINITION)
    part = roll_part(polling.box.commitments[: polling.committed].tobytes())
    if part.electors != polling.box.electors or control.roll[polling.shard : polling.shard + 1] != (part,):
        raise Ignored(NoEffect.ROLL_NOT_WHOLE)


def _change_elector(
    control: ElectorVoided | ElectorRestored | CodeReissued,
    polling: Polling,
    signers: tuple[str, ...],
    source: int,
) -> Done:
    elector, box = control.elector, polling.box
    if elector is None or elector >= polling.electors or shard_of(elector, polling.shards) != polling.shard:
        raise Ignored(NoEffect.NOT_HERE)
    place = polling.place(elector)
    if isinstance(control, CodeReissued):
        commitment = bytes.fromhex(control.commitment)
        if len(commitment) != COMMITMENT_BYTES or box.commitments[place].tobytes() == commitment:
            raise Ignored(NoEffect.NO_CHANGE)
        if place >= polling.committed:
            raise Ignored(NoEffect.ROLL_NOT_WHOLE)
        box.commitments[place] = np.frombuffer(commitment, np.uint8)
        return Done(signers=signers, known=_known(polling, source, place, commitment))
    if isinstance(control, ElectorVoided) == box.is_void(place):
        raise Ignored(NoEffect.NO_CHANGE)
    _require_not_shown(polling, place)
    if isinstance(control, ElectorVoided):
        return Done(signers=signers, retracted=_anonymous(box.void(place)))
    return Done(signers=signers, restored=_anonymous(box.restore(place)))


def _change_batch(
    control: ElectorVoided | ElectorRestored, electors: Runs, polling: Polling, signers: tuple[str, ...]
) -> Done:
    """Void or restore those of a batch who are of this shard and not so already.

    Where live figures may hold ballots of a batch it has no effect in any shard, whoever of it has voted: the phase alone
    decides, which is the same in all of them.
    """
    box, definition = polling.box, polling.definition
    places = [
        polling.place(number)
        for number in each_of(electors)
        if number < polling.electors and shard_of(number, polling.shards) == polling.shard
    ]
    if not places:
        raise Ignored(NoEffect.NOT_HERE)
    if definition.live_tallies and definition.keeps_secret and polling.phase in (Phase.OPEN, Phase.PAUSED):
        raise Ignored(NoEffect.COUNTED_LIVE)
    voids = isinstance(control, ElectorVoided)
    changing = [place for place in places if box.is_void(place) != voids]
    if not changing:
        raise Ignored(NoEffect.NO_CHANGE)
    ballots = [ballot for ballot in map(box.ballot_at, changing) if ballot is not None]
    if moved_chars(ballot.rankings for ballot in ballots) > MAX_MOVED_CHARS:
        raise Ignored(NoEffect.TOO_LARGE)
    for place in changing:
        (box.void if voids else box.restore)(place)
    moved = Counter((ballot.section, ballot.rankings) for ballot in ballots)
    return Done(signers=signers, batch=ballots_alike(moved))


def _require_not_shown(polling: Polling, place: int) -> None:
    """Raise Ignored if the elector's ballot may be in a live figure: the next one would show what is on it."""
    definition, is_closed = polling.definition, polling.phase is Phase.CLOSED
    if definition.live_tallies and definition.keeps_secret and not is_closed and polling.box.ballot_at(place):
        raise Ignored(NoEffect.COUNTED_LIVE)


def _anonymous(ballot: BoxedBallot | None) -> Ballot | None:
    return None if ballot is None else Ballot(section=ballot.section, rankings=ballot.rankings)


def _known(polling: Polling, source: int, first: int, commitments: bytes) -> RollKnown:
    return RollKnown(
        election=polling.definition.id,
        shard=polling.shard,
        shards=polling.shards,
        source=source,
        first=first,
        commitments=commitments,
    )


def _replace_key(control: KeyReplaced, polling: Polling) -> None:
    if control.old not in polling.keys or control.new.key in polling.keys:
        raise Ignored(NoEffect.NO_CHANGE)
    polling.keys[polling.keys.index(control.old)] = control.new.key


def _change_candidate(control: CandidateWithdrawn | CandidateReinstated, polling: Polling) -> None:
    entry = (control.contest, control.candidate)
    for contest in polling.definition.contests:
        if contest.id == control.contest:
            listed = {(contest.id, of.id) for of in contest.candidates if not of.excluded}
            break
    else:
        raise Ignored(NoEffect.NOT_HERE)
    left = listed - polling.withdrawn
    if isinstance(control, CandidateReinstated):
        if entry not in polling.withdrawn:
            raise Ignored(NoEffect.NO_CHANGE)
        polling.withdrawn.remove(entry)
    elif entry not in left:
        raise Ignored(NoEffect.NO_CHANGE)
    elif len(left) == 1:
        raise Ignored(NoEffect.LAST_CANDIDATE)
    else:
        polling.withdrawn.add(entry)
