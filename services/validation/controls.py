"""What a control does to an election in one shard.

The phase decides first, by the one table of an election's life (shared/contract/lifecycle.py); then what the control itself
asks: the definition it was configured with, an elector of this shard, a candidate who is in the contest. A control without
effect is ignored, and the verdict says why; so a control that comes twice has its effect once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.validation.box import BallotBox
from services.validation.rules import Polling
from shared.contract.codes import fingerprint
from shared.contract.elections import Election, config_hash
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionConfigured,
    ElectionOpened,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.ids import shard_of
from shared.contract.lifecycle import next_phase
from shared.contract.verdicts import AnonymousBallot, NoEffect


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
    if isinstance(control, ElectionConfigured) and control.election != control.definition.id:
        raise Ignored(NoEffect.OTHER_ELECTION)
    polling = pollings.get(control.election)
    after = next_phase(polling.phase if polling else None, type(control))
    if isinstance(after, NoEffect):
        raise Ignored(after)
    if isinstance(control, ElectionConfigured):
        pollings[control.election] = found(control.definition)
        return Done()
    assert polling is not None, "an election that is not configured knows no other control"
    if isinstance(control, ElectorVoided):
        return Done(retracted=_void(control, polling))
    if isinstance(control, ElectorRestored):
        return Done(restored=_restore(control, polling))
    if isinstance(control, CandidateWithdrawn | CandidateReinstated):
        _change_candidate(control, polling)
        return Done()
    if isinstance(control, ElectionOpened):
        _require_same_terms(control, polling)
    polling.phase = after
    return Done()


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
    there = _candidates_in(control.contest, polling)
    entry = (control.contest, control.candidate)
    if isinstance(control, CandidateReinstated):
        if entry not in polling.withdrawn:
            raise Ignored(NoEffect.NO_CHANGE)
        polling.withdrawn.remove(entry)
        return
    if control.candidate not in there:
        raise Ignored(NoEffect.NO_CHANGE)
    if len(there) == 1:
        raise Ignored(NoEffect.LAST_CANDIDATE)
    polling.withdrawn.add(entry)


def _candidates_in(contest_id: str, polling: Polling) -> set[str]:
    """Return the candidates who are in a contest at present. Raises Ignored if there is no such contest."""
    for contest in polling.definition.contests:
        if contest.id == contest_id:
            ids = (of.id for of in contest.candidates if not of.excluded)
            return {name for name in ids if (contest_id, name) not in polling.withdrawn}
    raise Ignored(NoEffect.NOT_HERE)


def _place(elector: int, polling: Polling) -> int:
    if elector >= polling.electors or shard_of(elector, polling.shards) != polling.shard:
        raise Ignored(NoEffect.NOT_HERE)
    return polling.place(elector)


def _electors_of_shard(electors: int, shard: int, shards: int) -> int:
    return max(0, (electors - shard + shards - 1) // shards)
