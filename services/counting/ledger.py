"""What one shard last published about an election, as a contest's count needs it. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contract.chain import START
from shared.contract.elections import Phase
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionCertified,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.lifecycle import phase_after
from shared.contract.tallies import TallyChanged


@dataclass(frozen=True)
class ShardLedger:
    """What one shard last published about an election."""

    watermark: int
    head: str
    phase: Phase | None
    reasons: Counter[str]
    voided: int
    turnout: tuple[int, ...]
    withdrawn: frozenset[str] = frozenset()
    """Candidates of the contest at hand whose withdrawal the shard holds."""
    certificate: tuple[str, str] | None = None
    """The certificate that stands in the shard: its id, and its result hash of the contest at hand."""
    last_control: str = ""
    """Id of the last control that has been applied: a range that overlaps repeats those up to it."""
    corrected: bool = False
    """Whether an elector was voided or restored after the close."""

    @classmethod
    def empty(cls, sections: int) -> "ShardLedger":
        """Return the ledger of a shard that has published nothing."""
        return cls(0, START.hex(), None, Counter(), 0, (0,) * sections)

    def after(self, change: TallyChanged, contest: str) -> "ShardLedger":
        """Return the ledger after a range that joins on or overlaps; `contest` is the one at hand."""
        controls = _controls_after(self.last_control, change.controls())
        return ShardLedger(
            change.upto,
            change.head.hex(),
            phase_after(self.phase, controls),
            Counter(change.reasons),
            change.voided,
            change.turnout,
            _withdrawn_after(controls, contest, self.withdrawn),
            _certificate_after(controls, contest, self.certificate),
            controls[-1].control_id if controls else self.last_control,
            self.corrected or _is_corrected(controls, self.phase),
        )


def _controls_after(last: str, controls: Sequence[Control]) -> Sequence[Control]:
    """Return the controls of a range that have not been applied: those after the last that was, if it is among them."""
    ids = [control.control_id for control in controls]
    return controls[ids.index(last) + 1 :] if last in ids else controls


def _is_corrected(controls: Sequence[Control], phase: Phase | None) -> bool:
    """Return whether an elector is voided or restored after the close."""
    return any(
        isinstance(control, ElectorVoided | ElectorRestored)
        and phase_after(phase, controls[:place]) is Phase.CLOSED
        for place, control in enumerate(controls)
    )


def _certificate_after(
    controls: Sequence[Control], contest: str, certificate: tuple[str, str] | None
) -> tuple[str, str] | None:
    """Return the certificate that stands, by id and result hash: any later order with an effect makes it void."""
    for control in controls:
        certificate = None
        if isinstance(control, ElectionCertified):
            certificate = control.control_id, control.result_hashes.get(contest, "")
    return certificate


def _withdrawn_after(controls: Sequence[Control], contest: str, withdrawn: frozenset[str]) -> frozenset[str]:
    for control in controls:
        if isinstance(control, CandidateWithdrawn) and control.contest == contest:
            withdrawn |= {control.candidate}
        elif isinstance(control, CandidateReinstated) and control.contest == contest:
            withdrawn -= {control.candidate}
    return withdrawn
