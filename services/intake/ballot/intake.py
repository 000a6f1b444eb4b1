"""All that the ballot's pages ask of intake: which elections there are, and to record a ballot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from services.intake.decide import Taken
from services.intake.forms import Form, Refusal
from services.intake.taking import Taking
from shared.contract.events import ElectionAnnounced

Why = Literal["not a code", "wrong code", "not open", "busy", "not a ballot"]

_WHY: Final[Mapping[int, Why]] = {
    403: "wrong code",
    404: "not open",
    409: "not open",
    429: "busy",
    503: "busy",
}
"""By the status of the public API's refusal; what is not listed is the form's fault."""
_NO_BALLOT: Final = "0" * 32


class Recorded(NamedTuple):
    """A ballot is in the log."""

    receipt: str


@dataclass(frozen=True)
class Intake:
    """The one interface between the pages and the rest of intake."""

    taking: Taking
    elections: Mapping[str, ElectionAnnounced]
    caught_up: Callable[[], bool]

    def code_fault(self, election: str, code: str) -> Why | None:
        """Return what is wrong with a voting code, if anything; nothing is recorded."""
        taken = self._take(election, Form(_NO_BALLOT, code, {}))
        return None if isinstance(taken, Taken) else _why(taken)

    async def cast(self, election: str, form: Form) -> Recorded | Why:
        """Return the receipt of the ballot once it is in the log, or why it is not known to be there."""
        taken = self._take(election, form)
        if isinstance(taken, Refusal):
            return _why(taken)
        refusal = await self.taking.record(election, (taken,))
        return Recorded(taken.receipt) if refusal is None else _why(refusal)

    def _take(self, election: str, form: Form) -> Taken | Refusal:
        desk = self.taking.desks.desk(election)
        return desk if isinstance(desk, Refusal) else desk.take(form)


def _why(refusal: Refusal) -> Why:
    if refusal.field == "code" and refusal.status != 403:
        return "not a code"
    return _WHY.get(refusal.status, "not a ballot")
