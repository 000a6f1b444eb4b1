"""What a control does to an election in one shard.

Rule 1: the table below is the whole life of an election; a control it does not list is ignored, and says why.
Rule 2: a control that comes twice has its effect once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.validation.box import BallotBox
from services.validation.rules import Polling
from shared.contract.codes import fingerprint
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.ids import shard_of
from shared.contract.verdicts import AnonymousBallot, NoEffect

NEXT_PHASE: dict[type, dict[Phase, Phase]] = {
    ElectionOpened: {Phase.CONFIGURED: Phase.OPEN},
    ElectionPaused: {Phase.OPEN: Phase.PAUSED},
    ElectionResumed: {Phase.PAUSED: Phase.OPEN},
    ElectionClosed: {Phase.OPEN: Phase.CLOSED, Phase.PAUSED: Phase.CLOSED},
    ElectionCertified: {Phase.CLOSED: Phase.CERTIFIED},
}


class WrongKey(Exception):
    """The voting-code key at hand is not the one the election was opened with: no verdict can be given."""


class Ignored(Exception):
    """A control without effect, and why."""

    def __init__(self, why: NoEffect) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Done:
    """What a control did: why it did nothing, or the ballot that it took out of the count or brought back."""

    why: NoEffect | None = None
    retracted: AnonymousBallot | None = None
    restored: AnonymousBallot | None = None

    @property
    def effect(self) -> Literal["applied", "ignored"]:
        """Whether it had any."""
        return "ignored" if self.why else "applied"


def new_polling(definition: Election, shard: int, shards: int, key: bytes) -> Polling:
    """Return an election that has just been configured."""
    electors = _electors_of_shard(definition.electors, shard, shards)
    return Polling(definition, shard, shards, key, BallotBox(electors, len(definition.contests)))


def carry_out(control: Control, pollings: dict[str, Polling], found: Callable[[Election], Polling]) -> Done:
    """Carry a control out on `pollings` and return what became of it. Raises WrongKey."""
    try:
        return _carry_out(control, pollings, found)
    except Ignored as ignored:
        return Done(why=ignored.why)


def _carry_out(control: Control, pollings: dict[str, Polling], found: Callable[[Election], Polling]) -> Done:
    if isinstance(control, ElectionConfigured):
        _configure(control, pollings, found)
        return Done()
    polling = pollings.get(control.election)
    if polling is None:
        raise Ignored(NoEffect.UNKNOWN_ELECTION)
    if isinstance(control, ElectorVoided):
        return Done(retracted=_void(control, polling))
    if isinstance(control, ElectorRestored):
        return Done(restored=_restore(control, polling))
    if isinstance(control, CandidateWithdrawn | CandidateReinstated):
        _change_candidate(control, polling)
        return Done()
    _move_on(control, polling)
    return Done()


def _configure(
    control: ElectionConfigured, pollings: dict[str, Polling], found: Callable[[Election], Polling]
) -> None:
    if control.election != control.definition.id:
        raise Ignored(NoEffect.OTHER_ELECTION)
    if control.election in pollings:
        raise Ignored(NoEffect.NO_CHANGE)
    pollings[control.election] = found(control.definition)


def _move_on(control: Control, polling: Polling) -> None:
    after = NEXT_PHASE[type(control)].get(polling.phase)
    if after is None:
        raise Ignored(NoEffect.OUT_OF_PHASE)
    if isinstance(control, ElectionOpened):
        _require_same_terms(control, polling)
    polling.phase = after


def _require_same_terms(control: ElectionOpened, polling: Polling) -> None:
    if control.config_hash != config_hash(polling.definition):
        raise Ignored(NoEffect.OTHER_DEFINITION)
    if control.code_key != fingerprint(polling.key):
        raise WrongKey(
            f"{control.election} was opened under voting-code key {control.code_key}, "
            f"the secret at hand gives {fingerprint(polling.key)}"
        )


def _void(control: ElectorVoided, polling: Polling) -> AnonymousBallot | None:
    place = _place(control.elector, polling)
    if polling.box.is_void(place):
        raise Ignored(NoEffect.NO_CHANGE)
    return polling.box.void(place)


def _restore(control: ElectorRestored, polling: Polling) -> AnonymousBallot | None:
    place = _place(control.elector, polling)
    if not polling.box.is_void(place):
        raise Ignored(NoEffect.NO_CHANGE)
    return polling.box.restore(place)


def _change_candidate(control: CandidateWithdrawn | CandidateReinstated, polling: Polling) -> None:
    if polling.phase is Phase.CERTIFIED:
        raise Ignored(NoEffect.OUT_OF_PHASE)
    standing = _standing(control.contest, polling)
    entry = (control.contest, control.candidate)
    if isinstance(control, CandidateReinstated):
        if entry not in polling.withdrawn:
            raise Ignored(NoEffect.NO_CHANGE)
        polling.withdrawn.remove(entry)
        return
    if control.candidate not in standing:
        raise Ignored(NoEffect.NO_CHANGE)
    if len(standing) == 1:
        raise Ignored(NoEffect.LAST_CANDIDATE)
    polling.withdrawn.add(entry)


def _standing(contest_id: str, polling: Polling) -> set[str]:
    """Return the candidates who are in a contest at present. Raises Ignored if there is no such contest."""
    for contest in polling.definition.contests:
        if contest.id == contest_id:
            ids = (of.id for of in contest.candidates if not of.excluded)
            return {name for name in ids if (contest_id, name) not in polling.withdrawn}
    raise Ignored(NoEffect.NOT_HERE)


def _place(elector: int, polling: Polling) -> int:
    if polling.phase is Phase.CERTIFIED:
        raise Ignored(NoEffect.OUT_OF_PHASE)
    if elector >= polling.electors or shard_of(elector, polling.shards) != polling.shard:
        raise Ignored(NoEffect.NOT_HERE)
    return polling.place(elector)


def _electors_of_shard(electors: int, shard: int, shards: int) -> int:
    return max(0, (electors - shard + shards - 1) // shards)
