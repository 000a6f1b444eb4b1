"""The operator's service: one order at a time becomes a proposal, is signed, and is carried out.

An order becomes a *proposal*: the payload that officials sign (orders.py, proposals.py). Once enough have signed it is carried
into every shard (delivery.py), or kept until its time (schedule.py). The service holds no key: it cannot give an order.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from services.operator.book import Account, ControlBook, Entry
from services.operator.certificate.view import Document, document_of
from services.operator.certification import disagreements, obstacles
from services.operator.controls import ControlLog
from services.operator.delivery import Delivery
from services.operator.orders import Order, checked, refusal
from services.operator.proposals import Proposal, Proposals
from services.operator.refusals import NotFinal, NotReady, OrderRefused, UnknownElection, UnknownEntry
from services.operator.schedule import Schedule, Scheduled
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import (
    NO_CONTROL,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionConfigured,
    Follows,
    KeyReplaced,
    RollCommitted,
    SignedRecord,
)
from shared.contract.ids import BallotId, contest_key
from shared.contract.lifecycle import Command, approvals_needed, phase_after
from shared.contract.recounts import Recount, Trace
from shared.contract.standings import Standing
from shared.rcv.trial import objection
from shared.runtime.log import SendFailed

Recounter = Callable[[str, Sequence[int]], Awaitable[Recount]]
"""Election and watermark to the audit's report."""
Tracer = Callable[[str, BallotId], Awaitable[Trace]]
"""Election and ballot id to the audit's report of the ballot's path."""

log = structlog.get_logger()


@dataclass
class OperatorService:
    """Carries orders out. `standings` is the newest standing by contest key."""

    log: ControlLog
    book: ControlBook
    standings: Mapping[str, Standing]
    recount: Recounter
    log_id: str
    root_key: str
    shards: int
    proposals: Proposals = field(default_factory=Proposals)
    schedule: Schedule | None = None
    tracer: Tracer | None = None
    log_fault: str = ""
    """Why the log is not the one that the settings name: then no order is given and nothing is announced."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tracing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._delivery = Delivery(self.log, self.book, self.log_id, self.root_key, self.shards)

    def elections(self) -> list[ElectionAnnounced]:
        """Return every election, in the order of their ids."""
        return [announced for _, announced in sorted(self.log.elections.newest.items())]

    def election(self, name: str) -> ElectionAnnounced:
        """Return an election as last announced. Raises UnknownElection, NotReady."""
        announced = self.log.elections.newest.get(name)
        if announced is None:
            self._require_read()
            known = ", ".join(sorted(self.log.elections.newest)) or "none"
            raise UnknownElection(f"no election {name!r}; there are: {known}")
        return announced

    def controls(self, name: str) -> list[Entry]:
        """Return every control of an election that some shard took, in order, then the newest others.

        Raises UnknownElection, NotReady.
        """
        return [*self._read_account(self.election(name)).entries.values(), *self.book.refused(name)]

    async def trace(self, name: str, ballot_id: BallotId) -> Trace:
        """Return a ballot's path: it is looked for from the first record of the log, one ballot at a time.

        Raises UnknownElection, RecountFailed; NotReady also while another ballot is looked for.
        """
        self.election(name)
        if self.tracer is None or self._tracing.locked():
            raise NotReady("another ballot is being looked for")
        async with self._tracing:
            return await self.tracer(name, ballot_id)

    def certificate(self, name: str, version: str) -> Document:
        """Return the document of an election's certificate, by a program of this version.

        Raises UnknownElection, NotReady; NoCertificate while none stands or its standings are not here.
        """
        announced = self.election(name)
        return document_of(announced, self.book.account(name), self.standings_of(announced), version)

    def standings_of(self, announced: ElectionAnnounced) -> dict[str, Standing]:
        """Return the newest standing of each contest that has one."""
        definition = announced.definition
        keys = {of.id: contest_key(definition.id, of.id) for of in definition.contests}
        return {contest: self.standings[key] for contest, key in keys.items() if key in self.standings}

    async def configure(self, definition: Election, order: Order) -> Proposal | ElectionAnnounced:
        """Propose to freeze a definition; the same one again changes nothing.

        Raises OrderRefused, NotReady, SendFailed.
        """
        async with self._in_turn(definition.id):
            known = self.log.elections.newest.get(definition.id)
            if known is not None:
                if known.config_hash != config_hash(definition):
                    raise OrderRefused(
                        f"election {definition.id!r} is configured already, with another definition"
                    )
                return known
            if not definition.officials:
                raise OrderRefused("the definition names no officials: nobody could give an order")
            if (why := await asyncio.to_thread(objection, definition)) is not None:
                raise OrderRefused(str(why))
            control = order.control(
                ElectionConfigured, self.log_id, definition.id, NO_CONTROL, definition=definition
            )
            return self.proposals.add(control, {self.root_key: "root"}, 1, self.root_key)

    async def order(
        self, name: str, command: Command, order: Order, *, due: datetime | None = None, **content: Any
    ) -> Proposal:
        """Propose an order about an election; one that is `due` later follows all that is scheduled before it.

        Raises UnknownElection, UnknownEntry, OrderRefused, NotReady, SendFailed.
        """
        async with self._in_turn(name):
            announced = self.election(name)
            ahead = [] if due is None else self._ahead(name, command, due)
            phase = phase_after(announced.phase, [of.control for of in ahead])
            assert phase is not None, "an announced election has a phase"
            against = refusal(phase, command)
            if against is not None:
                raise OrderRefused(against)
            if command is Command.CANCEL and not order.reason.strip():
                raise OrderRefused("expected a reason: whoever has voted will ask why")
            content = checked(announced, self.shards, command, order.reason, content)
            if command is Command.OPEN:
                content = {"config_hash": announced.config_hash, "roll": content["roll"]}
            account = self._read_account(announced)
            follows = ahead[-1].control.control_id if ahead else self._follows(account)
            if due is not None:
                order = replace(order, at=due.isoformat())
            control = order.control(command.control, self.log_id, name, follows, **content)
            proposal = self._propose_to_officials(control, account, phase)
            proposal.due = due
            return proposal

    async def certify(self, name: str, order: Order) -> Proposal:
        """Propose to certify what an independent recount confirms.

        Raises NotFinal, OrderRefused with everything that the recount finds otherwise, and as `order`.
        """
        async with self._in_turn(name):
            announced = self.election(name)
            account = self._read_account(announced)
            against = refusal(announced.phase, Command.CERTIFY)
            if against is not None:
                raise OrderRefused(against)
            standings = self._final_standings(announced)
            report = await self.recount(name, standings[0].watermark)
            found = disagreements(standings, report)
            if report.last_controls != account.last_controls(self.shards):
                raise NotFinal("an order came after the standing that was recounted; ask again")
            if found:
                raise OrderRefused(f"the recount disagrees: {found[0]}", found)
            before = account.certificate(self.shards)
            control = order.control(
                ElectionCertified,
                self.log_id,
                name,
                self._follows(account),
                watermark=report.watermark,
                heads=report.heads,
                effects=report.effects,
                result_hashes={contest: counted.result_hash for contest, counted in report.contests.items()},
                replaces=None if before is None else before.control_id,
            )
            proposal = self._propose_to_officials(control, account, announced.phase)
            proposal.recount = report
            return proposal

    async def commit_roll(self, record: SignedRecord) -> None:
        """Write a signed chunk of the roll into its shard. Raises OrderRefused, SendFailed, and as `election`."""
        content = record.content()
        if not isinstance(content, RollCommitted):
            raise OrderRefused("expected a signed chunk of a roll")
        announced = self.election(content.election)
        if announced.phase is not Phase.CONFIGURED:
            raise OrderRefused(
                f"a roll is uploaded before the opening; {content.election} is {announced.phase}"
            )
        if content.log != self.log_id or not 0 <= content.shard < self.shards:
            raise OrderRefused(f"expected log {self.log_id} and a shard below {self.shards}")
        if not record.signers(self._read_account(announced).keys()):
            raise OrderRefused("the chunk is signed by no official of this election")
        await self.log.write(record, [content.shard])

    def became(self, control_id: str) -> Entry | None:
        """Return what became of an order; None if no shard has judged it, whatever else was written under its id."""
        proposal = self.proposals.find(control_id)
        if proposal is None:
            return self.book.find(control_id)
        entry = self.book.entry(proposal.control)
        return entry if entry.is_taken else None

    async def sign(self, control_id: str, key: str, signature: str) -> Proposal | Entry:
        """Add a signature; once there are enough, carry the order out and return what became of it.

        Raises UnknownEntry, OrderRefused, SendFailed: then it is not known what became of it, and the same signature may be
        given again.
        """
        proposal = self.proposals.require(control_id)
        proposal.sign(key, signature)
        if not proposal.is_enough:
            return proposal
        if self.schedule is not None and proposal.due is not None and proposal.due > self.schedule.now():
            return self._keep(self.schedule, proposal, proposal.due)
        async with self._in_turn(proposal.control.election):
            return await self._carry_out(proposal.control, proposal.record)

    async def carry_out_due(self) -> None:
        """Carry out what is due and still fits; what cannot be now is tried again, and holds up its own election only.

        Raises OSError if one that was carried out cannot be forgotten.
        """
        stuck: set[str] = set()
        for scheduled in [] if self.schedule is None else self.schedule.due():
            name = scheduled.control.election
            if name in stuck:
                continue
            try:
                async with self._in_turn(name):
                    await self._carry_out_scheduled(scheduled)
            except (NotReady, SendFailed) as fault:
                stuck.add(name)
                log.warning("scheduled order not carried out yet", election=name, fault=str(fault))

    async def _carry_out_scheduled(self, scheduled: Scheduled) -> None:
        assert self.schedule is not None, "it has the order"
        control = scheduled.control
        is_judged = bool(self.book.entry(control).verdicts)
        if not is_judged and not self.fits(scheduled):
            return
        try:
            await self._carry_out(control, scheduled.record)
        except OrderRefused as refused:
            log.warning("scheduled order refused", control_id=control.control_id, why=str(refused))
        self.schedule.forget(control.control_id)

    def scheduled(self, name: str) -> list[Scheduled]:
        """Return what is scheduled for an election, in order. Raises UnknownElection, NotReady."""
        self.election(name)
        return [] if self.schedule is None else self.schedule.of(name)

    def seconds_until(self, due: datetime) -> float:
        """Return how long it is until a time by this operator's clock; negative: it is past."""
        assert self.schedule is not None, "only what is scheduled is due"
        return (due - self.schedule.now()).total_seconds()

    def fits(self, scheduled: Scheduled) -> bool:
        """Return whether a scheduled order still follows what stands in the log, or what is scheduled before it."""
        name = scheduled.control.election
        last = self._follows(self.book.account(name))
        for of in [] if self.schedule is None else self.schedule.of(name):
            if of.control.follows != last:
                return False
            if of == scheduled:
                return True
            last = of.control.control_id
        return False

    async def take_out(self, name: str, control_id: str) -> None:
        """Forget a scheduled order. Raises UnknownEntry, OSError, and as `election`."""
        async with self._in_turn(name):
            if control_id not in {of.control.control_id for of in self.scheduled(name)}:
                raise UnknownEntry(f"no order {control_id} is scheduled for {name}")
            assert self.schedule is not None, "it has the order"
            self.schedule.forget(control_id)

    async def begin(self) -> None:
        """Carry to their end, and announce, the orders that a process before this one left. Raises NotReady."""
        async with self._in_turn(""):
            pass

    def _ahead(self, name: str, command: Command, due: datetime) -> list[Scheduled]:
        """Return what is scheduled before an order. Raises OrderRefused if the order cannot be scheduled so."""
        if self.schedule is None or command not in (Command.OPEN, Command.CLOSE):
            raise OrderRefused(
                f"{command} cannot be scheduled here; open and close can, where a folder is kept"
            )
        if due <= self.schedule.now():
            raise OrderRefused(f"{due.isoformat()} is past; expected a later time, or none")
        ahead = self.schedule.of(name)
        if any(not self.fits(of) for of in ahead):
            raise OrderRefused("a scheduled order does not fit any more: take it out first")
        if ahead and due <= ahead[-1].due:
            raise OrderRefused(
                f"expected a time after {ahead[-1].due.isoformat()}, when another order is due"
            )
        return ahead

    def _keep(self, schedule: Schedule, proposal: Proposal, due: datetime) -> Proposal:
        try:
            schedule.keep(Scheduled(due=due, record=proposal.record))
        except ValueError as fault:
            raise OrderRefused(str(fault)) from fault
        except OSError as fault:
            raise SendFailed(f"the order could not be kept: {fault}") from fault
        self.proposals.drop(proposal.control.control_id)
        return proposal

    async def _carry_out(self, control: Control, record: SignedRecord) -> Entry:
        """Carry a signed order out; its proposal is forgotten once it is known what became of it."""
        try:
            entry = await self._delivery.carry_out(control, record)
        except OrderRefused:
            self.proposals.drop(control.control_id)
            raise
        self.proposals.drop(control.control_id)
        return entry

    def _propose_to_officials(self, control: Control, account: Account, phase: Phase) -> Proposal:
        keys = account.keys()
        definition = account.definition
        assert definition is not None, "what was announced has been read, the definition included"
        if isinstance(control, KeyReplaced):
            others = {key: name for key, name in keys.items() if key != control.old}
            return self.proposals.add(
                control, {self.root_key: "root", **others}, 2 if others else 1, self.root_key
            )
        needed = approvals_needed(definition, phase, type(control))
        if needed > len(keys):
            raise OrderRefused(
                f"after the close it takes {needed} officials to change whose ballots count; {definition.id} has {len(keys)}"
            )
        return self.proposals.add(control, keys, needed)

    @asynccontextmanager
    async def _in_turn(self, name: str) -> AsyncIterator[None]:
        async with self._turn:
            self._require_read()
            await self._delivery.finish(name)
            yield

    def _require_read(self) -> None:
        if self.log_fault:
            raise NotReady(self.log_fault)
        for part in (self.log.elections, self.log.judged):
            if part.alarm or not part.caught_up:
                raise NotReady(part.alarm or "the log is still being read; try again")

    def _follows(self, account: Account) -> Follows:
        """Return what the election's next order has to follow: one control, or where shards took different ones, each shard's."""
        found = account.last_controls(self.shards)
        return found[0] if len(set(found)) == 1 else found

    def _read_account(self, announced: ElectionAnnounced) -> Account:
        """Return an election's account once it holds every verdict that was announced, by another process too."""
        account = self.book.account(announced.definition.id)
        if account.verdicts < announced.verdicts:
            raise NotReady("another operator has announced orders that are not read here yet; try again")
        return account

    def _final_standings(self, announced: ElectionAnnounced) -> list[Standing]:
        found = self.standings_of(announced)
        if against := obstacles(announced.definition, found):
            raise NotFinal(f"not final yet: {against[0]}", against)
        return list(found.values())
