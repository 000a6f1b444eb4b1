"""What a control does to an election in one shard.

Rule 1: the table below is the whole life of an election; a control it does not list is ignored, and says why.
Rule 2: a control that comes twice has its effect once.
"""

from collections.abc import Callable

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
from shared.contract.verdicts import ControlJudged, Paper

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


def new_polling(definition: Election, shard: int, shards: int, key: bytes) -> Polling:
    """Return an election that has just been configured."""
    return Polling(
        definition, shard, shards, key, BallotBox(_electors_of_shard(definition.electors, shard, shards))
    )


def judge_control(
    control: Control, source: int, pollings: dict[str, Polling], found: Callable[[Election], Polling]
) -> ControlJudged:
    """Carry a control out on `pollings` and return what became of it. Raises WrongKey."""
    try:
        retracted, restored = _carry_out(control, pollings, found)
    except Ignored as ignored:
        return ControlJudged(source=source, control=control, effect="ignored", why=str(ignored))
    return ControlJudged(
        source=source, control=control, effect="applied", retracted=retracted, restored=restored
    )


def _carry_out(
    control: Control, pollings: dict[str, Polling], found: Callable[[Election], Polling]
) -> tuple[Paper | None, Paper | None]:
    if isinstance(control, ElectionConfigured):
        _configure(control, pollings, found)
        return None, None
    polling = pollings.get(control.election)
    if polling is None:
        raise Ignored(f"no election {control.election!r} is configured")
    if isinstance(control, ElectorVoided):
        return _void(control, polling), None
    if isinstance(control, ElectorRestored):
        return None, _restore(control, polling)
    if isinstance(control, CandidateWithdrawn | CandidateReinstated):
        _change_candidate(control, polling)
        return None, None
    _move_on(control, polling)
    return None, None


def _configure(
    control: ElectionConfigured, pollings: dict[str, Polling], found: Callable[[Election], Polling]
) -> None:
    if control.election != control.definition.id:
        raise Ignored("the control names another election than its definition")
    if control.election in pollings:
        raise Ignored("the election is configured already")
    pollings[control.election] = found(control.definition)


def _move_on(control: Control, polling: Polling) -> None:
    after = NEXT_PHASE[type(control)].get(polling.phase)
    if after is None:
        raise Ignored(f"the election is {polling.phase}")
    if isinstance(control, ElectionOpened):
        _require_same_terms(control, polling)
    polling.phase = after


def _require_same_terms(control: ElectionOpened, polling: Polling) -> None:
    if control.config_hash != config_hash(polling.definition):
        raise Ignored("it names another definition than the one configured")
    if control.code_key != fingerprint(polling.key):
        raise WrongKey(
            f"{control.election} was opened under voting-code key {control.code_key}, "
            f"the secret at hand gives {fingerprint(polling.key)}"
        )


def _void(control: ElectorVoided, polling: Polling) -> Paper | None:
    place = _place(control.elector, polling)
    if polling.box.is_void(place):
        raise Ignored("the elector is void already")
    return polling.box.void(place)


def _restore(control: ElectorRestored, polling: Polling) -> Paper | None:
    place = _place(control.elector, polling)
    if not polling.box.is_void(place):
        raise Ignored("the elector is not void")
    return polling.box.restore(place)


def _change_candidate(control: CandidateWithdrawn | CandidateReinstated, polling: Polling) -> None:
    if polling.phase is Phase.CERTIFIED:
        raise Ignored("the result is certified")
    standing = _standing(control.contest, polling)
    entry = (control.contest, control.candidate)
    if isinstance(control, CandidateReinstated):
        if entry not in polling.withdrawn:
            raise Ignored("the candidate has not withdrawn")
        polling.withdrawn.remove(entry)
        return
    if control.candidate not in standing:
        raise Ignored("no such candidate is in the contest")
    if len(standing) == 1:
        raise Ignored("nobody would be left in the contest")
    polling.withdrawn.add(entry)


def _standing(contest_id: str, polling: Polling) -> set[str]:
    """Return the candidates who are in a contest at present. Raises Ignored if there is no such contest."""
    for contest in polling.definition.contests:
        if contest.id == contest_id:
            ids = (of.id for of in contest.candidates if not of.excluded)
            return {name for name in ids if (contest_id, name) not in polling.withdrawn}
    raise Ignored(f"no contest {contest_id!r} in the election")


def _place(elector: int, polling: Polling) -> int:
    if polling.phase is Phase.CERTIFIED:
        raise Ignored("the result is certified")
    if elector >= polling.electors or shard_of(elector, polling.shards) != polling.shard:
        raise Ignored(f"elector {elector} is not of this shard")
    return polling.place(elector)


def _electors_of_shard(electors: int, shard: int, shards: int) -> int:
    return max(0, (electors - shard + shards - 1) // shards)
