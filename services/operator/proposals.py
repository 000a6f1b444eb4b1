"""Orders that wait for signatures: what officials sign, who may, and whether enough have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.operator.orders import payload_bytes
from services.operator.refusals import OrderRefused, UnknownEntry
from shared.contract.events import Control, SignedRecord
from shared.contract.recounts import Recount
from shared.contract.signing import is_signed

MAX_PROPOSALS: Final = 1_000
MAX_PROPOSAL_BYTES: Final = 32 << 20
"""Of the payloads of all proposals: a definition has up to 600 kB."""


@dataclass
class Proposal:
    """An order that waits for signatures."""

    control: Control
    record: SignedRecord
    keys: dict[str, str]
    """Who may sign: names by public key."""
    needed: int
    must: str | None = None
    """The key whose signature has to be among those needed, if one has to."""
    recount: Recount | None = None
    due: datetime | None = None
    """When it is to be carried out; None: as soon as enough have signed."""

    @property
    def signed(self) -> list[str]:
        """Names of those who have signed."""
        return sorted(self.keys[key] for key in self._signers)

    @property
    def is_enough(self) -> bool:
        """Whether as many have signed as must: then the order is on its way."""
        signers = self._signers
        return len(signers) >= self.needed and (self.must is None or self.must in signers)

    def sign(self, key: str, signature: str) -> None:
        """Add a signature; a second one of the same key changes nothing. Raises OrderRefused."""
        if key not in self.keys:
            raise OrderRefused(f"expected the key of one of: {', '.join(sorted(self.keys.values()))}")
        if not is_signed(key, signature, self.record.payload.encode()):
            raise OrderRefused("the signature does not hold for this proposal's payload")
        if key not in self._signers:
            self.record = self.record.signed_by(key, signature)

    @property
    def _signers(self) -> set[str]:
        return {key for key, _ in self.record.signatures}


class Proposals:
    """All that wait, by control id; the oldest make room for new ones."""

    def __init__(self) -> None:
        self._waiting: dict[str, Proposal] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Proposal]:
        """Go through them, the oldest first."""
        return iter(self._waiting.values())

    def add(self, control: Control, keys: dict[str, str], needed: int, must: str | None = None) -> Proposal:
        """Propose a control, to be signed by so many of these keys, and by the one that `must`."""
        record = SignedRecord(payload=payload_bytes(control), signatures=())
        room = MAX_PROPOSAL_BYTES - len(record.payload)
        while len(self._waiting) >= MAX_PROPOSALS or self._bytes() > room:
            self._waiting.pop(next(iter(self._waiting)))
        proposal = self._waiting[control.control_id] = Proposal(control, record, keys, needed, must)
        return proposal

    def find(self, control_id: str) -> Proposal | None:
        """Return a proposal, if it waits."""
        return self._waiting.get(control_id)

    def require(self, control_id: str) -> Proposal:
        """Return a proposal. Raises UnknownEntry."""
        found = self.find(control_id)
        if found is None:
            raise UnknownEntry(
                f"no proposal {control_id}: it was carried out, refused, or made by another process"
            )
        return found

    def of(self, election: str) -> list[Proposal]:
        """Return those about an election, the oldest first."""
        return [proposal for proposal in self if proposal.control.election == election]

    def drop(self, control_id: str) -> None:
        """Forget a proposal, if it waits."""
        self._waiting.pop(control_id, None)

    def _bytes(self) -> int:
        return sum(len(of.record.payload) for of in self)
