"""Which ballots a later one of the same elector has superseded. Only elections whose last ballot counts are followed.

A leaf says how a ballot was judged at its place and is never changed, so an accepted ballot that loses its place later has
to be known from the ballot that takes it. Some 100 bytes an elector who has voted, while such an election is in the log.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from shared.contract.elections import Revote
from shared.contract.events import ElectionConfigured
from shared.contract.verdicts import ControlJudged, Reason

IN_WORDS: Final = "a later ballot of this elector has taken its place"


class Superseded:
    """The leaves of superseded ballots in one shard."""

    def __init__(self) -> None:
        self._standing: dict[str, dict[int, int]] = {}
        """By election and elector, the leaf of the ballot that counts."""
        self.leaves: set[int] = set()

    def note_control(self, judged: ControlJudged) -> None:
        """Follow an election from its definition on, if its electors may vote again."""
        control = judged.control
        if (
            judged.effect == "applied"
            and isinstance(control, ElectionConfigured)
            and control.definition.revote is Revote.LAST_COUNTS
        ):
            self._standing.setdefault(control.election, {})

    def follows(self, election: str) -> bool:
        """Return whether an election's electors may vote again."""
        return election in self._standing

    def note_ballots(
        self, election: str, electors: Iterable[int], reasons: Sequence[str], first_leaf: int
    ) -> None:
        """Note ballots whose leaves follow one another from `first_leaf` on."""
        standing = self._standing[election]
        for leaf, (elector, reason) in enumerate(zip(electors, reasons, strict=True), first_leaf):
            if reason == Reason.SUPERSEDING and elector in standing:
                self.leaves.add(standing[elector])
            if reason in (Reason.ACCEPTED, Reason.SUPERSEDING):
                standing[elector] = leaf

    def save(self) -> Any:
        """Return the state, of plain numbers."""
        return {"standing": self._standing, "leaves": sorted(self.leaves)}

    def restore(self, state: Any) -> None:
        """Become what was saved."""
        self._standing, self.leaves = state["standing"], set(state["leaves"])
