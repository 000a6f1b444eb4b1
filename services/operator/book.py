"""What became of every control, in every shard: the operator's view of `controls.judged`.

Shard 0 decides the order of an election's controls: an order is written there first, and into the other shards once its
verdict in shard 0 says that it came in order. So two operators can never put different orders into different shards, and
an order that was left half-way is found here and carried to its end.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.contract.codec import decode_as
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import (
    NO_CONTROL,
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionConfigured,
    ElectionOpened,
    KeyReplaced,
)
from shared.contract.lifecycle import phase_after
from shared.contract.verdicts import ControlJudged, NoEffect

_NOT_IN_ORDER = frozenset(
    {
        NoEffect.OTHER_LOG,
        NoEffect.UNKNOWN_ELECTION,
        NoEffect.OTHER_ELECTION,
        NoEffect.NOT_SIGNED,
        NoEffect.OUT_OF_ORDER,
    }
)


def _is_in_order(verdict: ControlJudged) -> bool:
    """Return whether a shard took a control as the election's next one, with or without effect."""
    if verdict.why in _NOT_IN_ORDER:
        return False
    return verdict.why is None or not isinstance(verdict.control, ElectionConfigured)


@dataclass
class Entry:
    """One control, and its verdict in each shard so far."""

    control: Control
    verdicts: dict[int, ControlJudged] = field(default_factory=dict)

    @property
    def in_order(self) -> bool:
        """Whether shard 0 took it as the next control."""
        first = self.verdicts.get(0)
        return first is not None and _is_in_order(first)

    @property
    def applied(self) -> bool:
        """Whether it had an effect in any shard."""
        return any(verdict.effect == "applied" for verdict in self.verdicts.values())


@dataclass
class Account:
    """One election: its controls in the order of shard 0."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def last_control(self, shard: int) -> str:
        """Return the control that the next one has to follow in a shard."""
        found = {
            entry.verdicts[shard].source: name
            for name, entry in self.entries.items()
            if shard in entry.verdicts and _is_in_order(entry.verdicts[shard])
        }
        return found[max(found)] if found else NO_CONTROL

    def last_controls(self, shards: int) -> tuple[str, ...]:
        """Return that control for each shard: the same in all, unless two shards took different ones as their next."""
        return tuple(map(self.last_control, range(shards)))

    @property
    def definition(self) -> Election | None:
        """The frozen definition."""
        for entry in self.entries.values():
            if isinstance(entry.control, ElectionConfigured) and entry.applied:
                return entry.control.definition
        return None

    @property
    def verdicts(self) -> int:
        """How many verdicts on its controls have been read, over all shards."""
        return sum(len(entry.verdicts) for entry in self.entries.values())

    def keys(self) -> dict[str, str]:
        """Return the officials' names by their public keys at present."""
        definition = self.definition
        found = (
            {} if definition is None else {official.key: official.name for official in definition.officials}
        )
        for entry in self.entries.values():
            if isinstance(entry.control, KeyReplaced) and entry.applied:
                found.pop(entry.control.old, None)
                found[entry.control.new.key] = entry.control.new.name
        return found

    def unfinished(self, shards: int) -> list[Entry]:
        """Return the controls that came in order and are not in every shard yet."""
        return [entry for entry in self.entries.values() if entry.in_order and len(entry.verdicts) < shards]

    def not_in_shard_0(self) -> list[Entry]:
        """Return the controls that another shard took as its next one, and that are not in shard 0: in the order they follow.

        Whoever writes to Kafka past this service may leave one; it is signed by enough officials, or no shard would have it.
        """
        taken = {
            entry.control.before(0): entry
            for entry in self.entries.values()
            if 0 not in entry.verdicts and any(map(_is_in_order, entry.verdicts.values()))
        }
        found, last = [], self.last_control(0)
        while last in taken:
            found.append(taken.pop(last))
            last = found[-1].control.control_id
        return found

    def phases(self, shards: int) -> list[Phase | None]:
        """Return the phase of each shard."""
        return [phase_after(None, self._applied_in(shard)) for shard in range(shards)]

    def withdrawn(self) -> tuple[tuple[str, str], ...]:
        """Return who has withdrawn: contest and candidate."""
        out: set[tuple[str, str]] = set()
        for control in self._applied_in(0):
            if isinstance(control, CandidateWithdrawn):
                out.add((control.contest, control.candidate))
            elif isinstance(control, CandidateReinstated):
                out.discard((control.contest, control.candidate))
        return tuple(sorted(out))

    def certificate(self, shards: int) -> ElectionCertified | None:
        """Return the certificate that stands in every shard."""
        found = []
        for shard in range(shards):
            applied = self._applied_in(shard)
            found.append(applied[-1] if applied else None)
        first = found[0]
        alike = all(control is not None and control == first for control in found)
        return first if alike and isinstance(first, ElectionCertified) else None

    def is_whole(self, control: Control, shards: int) -> bool:
        """Return whether every shard is where a definition, an opening or a certificate leads.

        Of other controls each stands by itself.
        """
        if isinstance(control, ElectionConfigured):
            verdicts = self.entries[control.control_id].verdicts
            return all(shard in verdicts and verdicts[shard].why is None for shard in range(shards))
        if isinstance(control, ElectionOpened):
            return len(set(self.phases(shards))) == 1
        return not isinstance(control, ElectionCertified) or self.certificate(shards) == control

    def announcement(
        self, log_id: str, shards: int, before: ElectionAnnounced | None
    ) -> ElectionAnnounced | None:
        """Return what the edges should know; the phase moves once every shard is in the new one."""
        definition, phases = self.definition, set(self.phases(shards))
        if definition is None or None in phases:
            return None
        phase = next(iter(phases)) if len(phases) == 1 else (before.phase if before else Phase.CONFIGURED)
        assert phase is not None, "a shard without a phase was left out above"
        newest = next(reversed(self.entries.values())).control
        moved = before is None or before.phase is not phase
        return ElectionAnnounced(
            log=log_id,
            definition=definition,
            config_hash=config_hash(definition),
            shards=shards,
            phase=phase,
            at=newest.at if moved or before is None else before.at,
            withdrawn=self.withdrawn(),
            verdicts=self.verdicts,
        )

    def _applied_in(self, shard: int) -> list[Control]:
        """Return the controls with an effect in a shard, in its order; a void elsewhere is no reason to leave it out."""
        found = {
            entry.verdicts[shard].source: entry.control
            for entry in self.entries.values()
            if shard in entry.verdicts and entry.verdicts[shard].effect == "applied"
        }
        return [control for _, control in sorted(found.items())]


class ControlBook:
    """Every election's account, kept up to date from `controls.judged`; whoever waits for a verdict waits here."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._changed = asyncio.Event()

    @property
    def accounts(self) -> Mapping[str, Account]:
        """By election."""
        return self._accounts

    def add(self, value: bytes) -> None:
        """Add a verdict; one that is repeated changes nothing. Raises ValueError, UnknownVersion."""
        judged = decode_as(ControlJudged, value)
        if judged.control is None:
            return
        control = judged.control
        account = self._accounts.setdefault(control.election, Account())
        entry = account.entries.setdefault(control.control_id, Entry(control))
        entry.verdicts.setdefault(judged.shard, judged)
        if judged.shard == 0 and entry.in_order:  # the order of shard 0 is the order of the account
            account.entries[control.control_id] = account.entries.pop(control.control_id)
            account.entries = dict(sorted(account.entries.items(), key=_place_in_shard_0))
        self._changed.set()
        self._changed = asyncio.Event()

    def find(self, control_id: str) -> Entry | None:
        """Return a control's entry, of whichever election; None if no shard has judged it."""
        found = (account.entries.get(control_id) for account in self._accounts.values())
        return next((entry for entry in found if entry is not None), None)

    async def wait(self, election: str, control_id: str, shards: set[int], bound_s: float) -> Entry:
        """Return a control's entry once these shards have judged it. Raises TimeoutError."""
        async with asyncio.timeout(bound_s):
            while True:
                changed = self._changed
                account = self._accounts.get(election)
                entry = None if account is None else account.entries.get(control_id)
                if entry is not None and shards <= set(entry.verdicts):
                    return entry
                await changed.wait()


def _place_in_shard_0(item: tuple[str, Entry]) -> tuple[int, int]:
    verdict = item[1].verdicts.get(0)
    return (0, verdict.source) if verdict is not None else (1, 0)
