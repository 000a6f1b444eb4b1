"""The desks of all elections that were announced, each made once for every announcement."""

from collections.abc import Callable, Mapping

from services.intake.decide import Desk
from services.intake.forms import Refusal
from shared.contract.codes import election_key, fingerprint
from shared.contract.events import ElectionAnnounced

NOT_READY = Refusal(503, "Not ready yet", "", "Elections are still being read from the log; try again")


class Desks:
    """Finds the desk of an election."""

    def __init__(
        self, announced: Mapping[str, ElectionAnnounced], master: bytes, caught_up: Callable[[], bool]
    ) -> None:
        self._announced = announced
        self._master = master
        self._caught_up = caught_up
        self._desks: dict[str, tuple[ElectionAnnounced, Desk | Refusal]] = {}

    def desk(self, election: str) -> Desk | Refusal:
        """Return an election's desk, or why there is none."""
        if not self._caught_up():
            return NOT_READY
        announced = self._announced.get(election)
        if announced is None:
            known = ", ".join(sorted(self._announced)) or "none yet"
            return Refusal(404, "No such election", "", f"Elections here: {known}")
        made_for, desk = self._desks.get(election, (None, NOT_READY))
        if made_for is not announced:
            desk = self._made(announced)
            self._desks[election] = (announced, desk)
        return desk

    def _made(self, announced: ElectionAnnounced) -> Desk | Refusal:
        key = election_key(self._master, announced.definition.id)
        if fingerprint(key) != announced.code_key:
            return Refusal(
                503, "Wrong secret", "", "This intake holds another secret than the one codes were made with"
            )
        return Desk(announced, key)
