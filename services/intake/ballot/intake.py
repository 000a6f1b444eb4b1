"""All that the ballot's pages ask of intake: which elections there are, and to record a ballot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from services.intake.forms import Form
from services.intake.outcomes import Admitted, Refusal
from services.intake.service import IntakeService
from shared.contract.events import ElectionAnnounced

Rankings = dict[str, tuple[tuple[str, ...], ...]]
Why = Literal["not a code", "wrong code", "not open", "busy", "too many", "not a ballot", "sent before"]

_WHY: Final[Mapping[int, Why]] = {
    403: "wrong code",
    404: "not open",
    409: "not open",
    429: "too many",
    503: "busy",
}
"""By the status of the public API's refusal; what is not listed is the form's fault."""
_NO_BALLOT: Final = "0" * 32


class Recorded(NamedTuple):
    """A ballot is in the log of a shard; `who` is what its receipt knows it by."""

    shard: int
    who: str


@dataclass(frozen=True)
class Intake:
    """The one interface between the pages and the rest of intake."""

    service: IntakeService
    elections: Mapping[str, ElectionAnnounced]
    caught_up: Callable[[], bool]

    def code_fault(self, election: str, code: str) -> Why | None:
        """Return what is wrong with a voting code, if anything; nothing is recorded."""
        admitted = self._admit(election, Form(_NO_BALLOT, code, {}))
        return None if isinstance(admitted, Admitted) else _why(admitted)

    async def cast(self, election: str, code: str, ballot_id: str, rankings: Rankings) -> Recorded | Why:
        """Return where a ballot is recorded, once it is, or why it is not known to be.

        The rankings are the ids of the candidates at each rank, by contest.
        """
        admitted = self._admit(election, Form(ballot_id, code, rankings))
        if isinstance(admitted, Refusal):
            return _why(admitted)
        (outcome,) = await self.service.record(election, (admitted,))
        return _why(outcome) if isinstance(outcome, Refusal) else Recorded(outcome.shard, outcome.receipt)

    def recall(
        self, election: str, code: str, ballot_id: str, rankings: Rankings
    ) -> Recorded | Literal["sent before"] | None:
        """Return where a ballot was recorded lately, in whatever phase the election is; None: nothing is remembered of it."""
        admission = self.service.admissions.of(election)
        ballot = (
            admission
            if isinstance(admission, Refusal)
            else admission.ballot_of(Form(ballot_id, code, rankings))
        )
        if isinstance(ballot, Refusal):
            return None
        known = self.service.recall(ballot)
        if known == "new":
            return None
        return Recorded(ballot.shard, ballot.receipt) if known == "recorded" else "sent before"

    def _admit(self, election: str, form: Form) -> Admitted | Refusal:
        admission = self.service.admissions.of(election)
        return admission if isinstance(admission, Refusal) else admission.admit(form)


def _why(refusal: Refusal) -> Why:
    if refusal.field == "code" and refusal.status != 403:
        return "not a code"
    if refusal.field == "ballot_id":
        return "sent before" if refusal.status == 409 else "not a ballot"
    return _WHY.get(refusal.status, "not a ballot")
