"""What became of every control, in every shard: the operator's view of `controls.judged`.

Shard 0 decides the order of an election's controls: an order is written there first, and into the other shards once its
verdict in shard 0 says that it came in order. So two operators can never put different orders into different shards, and
an order that was left half-way is found here and carried to its end.

Whoever writes to Kafka can write a control under the id of an order that is on its way, signed by nobody. So an account holds
only what some shard took as its next control, which is signed by enough; all else is listed apart, and the oldest makes room.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from shared.contract.chain import digest
from shared.contract.codec import decode_as
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import (
    MAX_NOTICES,
    NO_CONTROL,
    CandidateReinstated,
    CandidateWithdrawn,
    Configured,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionConfigured,
    ElectionOpened,
    ElectorRestored,
    ElectorVoided,
    KeyReplaced,
    Notice,
    derived,
)
from shared.contract.lifecycle import phase_after
from shared.contract.verdicts import ControlJudged, NoEffect

MAX_REFUSED: Final = 1_000
MAX_REFUSED_BYTES: Final = 32 << 20
"""Of all controls that no shard took: a definition has up to 600 kB."""

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
    def is_taken(self) -> bool:
        """Whether any shard took it as its next control."""
        return any(map(_is_in_order, self.verdicts.values()))

    @property
    def applied(self) -> bool:
        """Whether it had an effect in any shard."""
        return any(verdict.effect == "applied" for verdict in self.verdicts.values())

    @property
    def signers(self) -> tuple[str, ...]:
        """Whose signatures hold: as the shards see it that took it as the next control, if any did."""
        verdicts = sorted(self.verdicts.values(), key=_is_in_order, reverse=True)
        return verdicts[0].signers if verdicts else ()

    def taken(self) -> tuple[int, int]:
        """Return a shard that took it as its next control, and where it stands there."""
        return next((shard, of.source) for shard, of in self.verdicts.items() if _is_in_order(of))

    def add(self, verdict: ControlJudged) -> None:
        """Add a shard's verdict. The one that took it as the next control stays; of others the newest does."""
        before = self.verdicts.get(verdict.shard)
        if before is None or (not _is_in_order(before) and _comes_after(verdict, before)):
            self.verdicts[verdict.shard] = verdict

    def lacks(self, shard: int) -> bool:
        """Return whether it has still to be written into a shard: what is refused there as unsigned was a copy."""
        verdict = self.verdicts.get(shard)
        return verdict is None or verdict.why is NoEffect.NOT_SIGNED


def _comes_after(verdict: ControlJudged, before: ControlJudged) -> bool:
    return _is_in_order(verdict) or verdict.source > before.source


@dataclass
class Account:
    """One election: its controls in the order of shard 0. Each was taken by some shard as its next."""

    entries: dict[str, Entry] = field(default_factory=dict)
    verdicts: int = 0
    """How many verdicts on its controls have been read, over all shards; repeated ones once."""
    _judged: dict[int, int] = field(default_factory=dict)
    """By shard, where the last of them stands."""

    def count(self, verdict: ControlJudged) -> None:
        """Count a verdict, unless it is repeated: a shard's come in order."""
        if verdict.source > self._judged.get(verdict.shard, -1):
            self._judged[verdict.shard] = verdict.source
            self.verdicts += 1

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
        found = self.configured
        return found.control.definition if found and isinstance(found.control, ElectionConfigured) else None

    @property
    def configured(self) -> Entry | None:
        """The control that froze it."""
        for entry in self.entries.values():
            if isinstance(entry.control, ElectionConfigured) and entry.applied:
                return entry
        return None

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
        return [
            entry
            for entry in self.entries.values()
            if entry.in_order and any(map(entry.lacks, range(shards)))
        ]

    def not_in_shard_0(self) -> list[Entry]:
        """Return the controls that another shard took as its next one, and that are not in shard 0: in the order they follow.

        Whoever writes to Kafka past this service may leave one; it is signed by enough officials, or no shard would have it.
        """
        taken = {entry.control.before(0): entry for entry in self.entries.values() if entry.lacks(0)}
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

    def notices(self) -> tuple[Notice, ...]:
        """Return the newest withdrawals and reinstatements, oldest first."""
        found = (
            control
            for control in self._applied_in(0)
            if isinstance(control, CandidateWithdrawn | CandidateReinstated)
        )
        return tuple(
            Notice(
                contest=control.contest,
                candidate=control.candidate,
                withdrawn=isinstance(control, CandidateWithdrawn),
                at=control.at,
                reason=control.reason,
            )
            for control in deque(found, MAX_NOTICES)
        )

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
        """Return whether every shard is where a definition, an opening or a certificate leads, or took its part of a batch.

        Of other controls each stands by itself.
        """
        verdicts = self.entries.get(control.control_id, Entry(control)).verdicts
        if isinstance(control, ElectionConfigured):
            return all(shard in verdicts and verdicts[shard].why is None for shard in range(shards))
        if isinstance(control, ElectionOpened):
            return len(set(self.phases(shards))) == 1
        if isinstance(control, ElectorVoided | ElectorRestored):
            return all(verdict.why is not NoEffect.TOO_LARGE for verdict in verdicts.values())
        return not isinstance(control, ElectionCertified) or self.certificate(shards) == control

    def announcement(
        self,
        log_id: str,
        shards: int,
        before: ElectionAnnounced | None,
        configured: Configured | None = None,
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
            configured=configured,
            notices=self.notices(),
            verdicts=self.verdicts,
        )

    def _applied_in(self, shard: int) -> list[Control]:
        """Return the controls with an effect in a shard, in its order; a void elsewhere is no reason to leave it out."""
        found = {
            verdict.source: verdict.control
            for entry in self.entries.values()
            if (verdict := entry.verdicts.get(shard)) is not None
            and verdict.control is not None
            and verdict.effect == "applied"
        }
        return [control for _, control in sorted(found.items())]


class ControlBook:
    """Every election's account, kept up to date from `controls.judged`; whoever waits for a verdict waits here."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._refused: dict[bytes, tuple[Entry, int]] = {}
        """By content, controls that no shard took as its next, with their bytes; the oldest first."""
        self._refused_bytes = 0
        self._changed = asyncio.Event()

    @property
    def accounts(self) -> Mapping[str, Account]:
        """By election; of elections that some shard took a control of."""
        return self._accounts

    def account(self, election: str) -> Account:
        """Return an election's account; an empty one if no shard took a control of it."""
        return self._accounts.get(election, Account())

    def add(self, value: bytes) -> None:
        """Add a verdict; one that is repeated changes nothing. Raises ValueError, UnknownVersion."""
        judged = decode_as(ControlJudged, value)
        if judged.control is None:
            return
        name = judged.control.election
        if _is_in_order(judged) and name not in self._accounts:
            self._accounts[name] = Account(verdicts=sum(len(of.verdicts) for of in self.refused(name)))
        account = self._accounts.get(name)
        if account is not None:
            account.count(judged)
        entry = None if account is None else account.entries.get(judged.control.control_id)
        if account is not None and _is_in_order(judged):
            self._take(account, judged, judged.control)
        elif entry is not None and entry.control == judged.control:
            entry.add(judged)
        else:
            self._refuse(judged, judged.control, len(value))
        self._changed.set()
        self._changed = asyncio.Event()

    def refused(self, election: str) -> Iterator[Entry]:
        """Yield an election's controls that no shard took as its next: the newest of them."""
        return (entry for entry, _ in self._refused.values() if entry.control.election == election)

    def find(self, control_id: str) -> Entry | None:
        """Return the entry of a control of whichever election: one that some shard took, else what was refused last under this id."""
        taken = [account.entries.get(control_id) for account in self._accounts.values()]
        refused = [entry for entry, _ in reversed(self._refused.values())]
        found = (entry for entry in [*taken, *refused] if entry and entry.control.control_id == control_id)
        return next(found, None)

    def entry(self, control: Control) -> Entry:
        """Return the verdicts on this very control; none if no shard has judged it."""
        control = as_listed(control)
        account = self._accounts.get(control.election)
        entry = None if account is None else account.entries.get(control.control_id)
        if entry is not None and entry.control == control:
            return entry
        refused = self._refused.get(_content(control))
        return Entry(control) if refused is None else refused[0]

    async def wait(
        self,
        control: Control,
        signers: Collection[str],
        shards: Collection[int],
        refused: Mapping[int, int],
        bound_s: float,
    ) -> Entry:
        """Return a control's entry once these shards have judged it as these have signed it. Raises TimeoutError.

        `refused`: by shard, where a verdict stands that is older than what is waited for. That it is not signed is said of a
        copy without these signatures, too; so it is believed only once the time is up.
        """
        try:
            async with asyncio.timeout(bound_s):
                while True:
                    changed, entry = self._changed, self.entry(control)
                    if all(
                        _is_news(of := entry.verdicts.get(shard), refused.get(shard, -1))
                        and (of.why is not NoEffect.NOT_SIGNED or set(of.signers) == set(signers))
                        for shard in shards
                    ):
                        return entry
                    await changed.wait()
        except TimeoutError:
            entry = self.entry(control)
            if all(_is_news(entry.verdicts.get(shard), refused.get(shard, -1)) for shard in shards):
                return entry
            raise

    def _take(self, account: Account, judged: ControlJudged, control: Control) -> None:
        """Add the verdict of a shard that took a control as its next."""
        entry = account.entries.get(control.control_id)
        if entry is None:
            refused, size = self._refused.pop(_content(control), (Entry(control), 0))
            self._refused_bytes -= size
            entry = account.entries[control.control_id] = refused
        entry.add(judged)
        if judged.shard == 0:  # the order of shard 0 is the order of the account
            account.entries[control.control_id] = account.entries.pop(control.control_id)
            account.entries = dict(sorted(account.entries.items(), key=_place_in_shard_0))

    def _refuse(self, judged: ControlJudged, control: Control, size: int) -> None:
        entry, before = self._refused.pop(_content(control), (Entry(control), 0))
        entry.add(judged)
        self._refused[_content(control)] = entry, max(size, before)
        self._refused_bytes += max(size, before) - before
        while len(self._refused) > MAX_REFUSED or self._refused_bytes > MAX_REFUSED_BYTES:
            _, size = self._refused.pop(next(iter(self._refused)))
            self._refused_bytes -= size


def as_listed(control: Control) -> Control:
    """Return a control as `controls.judged` has it: see `ControlJudged.listed`."""
    return derived(control).model_copy(update={"reason": control.reason})


def _content(control: Control) -> bytes:
    return digest(control.model_dump_json().encode())


def _is_news(verdict: ControlJudged | None, refused: int) -> TypeGuard[ControlJudged]:
    return verdict is not None and (_is_in_order(verdict) or verdict.source > refused)


def _place_in_shard_0(item: tuple[str, Entry]) -> tuple[int, int]:
    verdict = item[1].verdicts.get(0)
    return (0, verdict.source) if verdict is not None else (1, 0)
