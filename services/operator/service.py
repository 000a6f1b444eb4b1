"""The operator's service: from an order to its signatures, and from the signed order to every shard.

An order becomes a *proposal*: the payload that officials sign. Once enough have signed it is written to shard 0, whose
verdict decides whether it comes in order, and then to every other shard. The service holds no key: it cannot give an order.
An order that was left half-way, by this process or another, is carried to its end before any other of that election; so is one
that somebody wrote into another shard first, which is signed all the same.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog

from services.operator.book import Account, ControlBook, Entry
from services.operator.certificate.view import Document, document_of
from services.operator.certification import disagreements, obstacles
from services.operator.controls import ControlLog
from services.operator.orders import Order, about_electors, payload_bytes, refusal
from services.operator.schedule import Schedule, Scheduled
from shared.contract.batches import Runs, bound_fault
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import (
    NO_CONTROL,
    Configured,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionConfigured,
    ElectorRestored,
    ElectorVoided,
    Follows,
    KeyReplaced,
    RollCommitted,
    RollPart,
    SignedRecord,
)
from shared.contract.ids import BallotId, contest_key
from shared.contract.lifecycle import Command, approvals_needed, phase_after
from shared.contract.recounts import Recount, Trace
from shared.contract.signing import is_signed
from shared.contract.standings import Standing
from shared.contract.verdicts import NoEffect
from shared.rcv.trial import objection
from shared.runtime.log import SendFailed

Recounter = Callable[[str, Sequence[int]], Awaitable[Recount]]
"""Election and watermark to the audit's report."""
Tracer = Callable[[str, BallotId], Awaitable[Trace]]
"""Election and ballot id to the audit's report of the ballot's path."""

VERDICT_BOUND_S: Final = 20.0
"""How long a verdict is waited for; afterwards it is not known what became of an order."""
MAX_PROPOSALS: Final = 1_000
MAX_PROPOSAL_BYTES: Final = 32 << 20
"""Of the payloads of all proposals: a definition has up to 600 kB."""

log = structlog.get_logger()


class UnknownElection(Exception):
    """No election of this id is announced."""


class UnknownEntry(Exception):
    """No such section, contest or candidate, no such elector on the roll, or no such proposal."""


class NotReady(Exception):
    """The log is still being read; the order can be repeated."""


class OrderRefused(Exception):
    """The order cannot be carried out now; `found` lists everything that stands against it."""

    def __init__(self, sentence: str, found: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.found = list(found)


class PartlyRefused(OrderRefused):
    """The order has its effect in some shards, and was refused in others: once its reason is gone it is to be given again."""


class NotFinal(OrderRefused):
    """The count has not come to its end yet: a moment later the same order may be possible."""


@dataclass
class Proposal:
    """An order that waits for signatures."""

    control: Control
    record: SignedRecord
    keys: dict[str, str]
    """Who may sign: names by public key."""
    needed: int
    recount: Recount | None = None
    due: datetime | None = None
    """When it is to be carried out; None: as soon as enough have signed."""

    @property
    def signed(self) -> list[str]:
        """Names of those who have signed."""
        return sorted(self.keys[key] for key, _ in self.record.signatures)


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
    proposals: dict[str, Proposal] = field(default_factory=dict)
    schedule: Schedule | None = None
    tracer: Tracer | None = None
    log_fault: str = ""
    """Why the log is not the one that the settings name: then no order is given and nothing is announced."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tracing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stuck: set[str] = field(default_factory=set)
    """Elections whose half-way orders could not be carried to their end: they wait for the next order about them."""

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
        return document_of(announced, self._account(name), self.standings_of(announced), version)

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
            return self._propose(control, {self.root_key: "root"}, 1)

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
                raise OrderRefused(against.sentence)
            if command is Command.CANCEL and not order.reason.strip():
                raise OrderRefused("expected a reason: whoever has voted will ask why")
            content = self._checked(announced, command, order.reason, content)
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
                raise OrderRefused(against.sentence)
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

    async def commit_roll(self, record: SignedRecord) -> RollPart | None:
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
        return None

    def proposal(self, control_id: str) -> Proposal:
        """Return a proposal. Raises UnknownEntry."""
        if control_id not in self.proposals:
            raise UnknownEntry(
                f"no proposal {control_id}: it was carried out, refused, or made by another process"
            )
        return self.proposals[control_id]

    def became(self, control_id: str) -> Entry | None:
        """Return what became of an order; None if no shard has judged it, whatever else was written under its id."""
        if control_id not in self.proposals:
            return self.book.find(control_id)
        entry = self.book.entry(self.proposals[control_id].control)
        return entry if entry.is_taken else None

    async def sign(self, control_id: str, key: str, signature: str) -> Proposal | Entry:
        """Add a signature; once there are enough, carry the order out and return what became of it.

        Raises UnknownEntry, OrderRefused, SendFailed: then it is not known what became of it, and the same signature may be
        given again.
        """
        proposal = self.proposal(control_id)
        if key not in proposal.keys:
            raise OrderRefused(f"expected the key of one of: {', '.join(sorted(proposal.keys.values()))}")
        if not is_signed(key, signature, proposal.record.payload.encode()):
            raise OrderRefused("the signature does not hold for this proposal's payload")
        if key not in dict(proposal.record.signatures):
            proposal.record = proposal.record.signed_by(key, signature)
        if not self.is_enough(proposal):
            return proposal
        if self.schedule is not None and proposal.due is not None and proposal.due > self.schedule.now():
            return self._keep(self.schedule, proposal, proposal.due)
        async with self._in_turn(proposal.control.election):
            return await self._carry_out(proposal)

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
            await self._carry_out(Proposal(control, scheduled.record, {}, 0))
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
        last = self._follows(self._account(name))
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

    async def finish(self, name: str) -> None:
        """Carry to their end the orders that were left half-way, their announcements included.

        Raises SendFailed for the election `name`. Another election whose orders cannot be carried to their end holds nobody
        up: it is tried once, and then again with the next order about it.
        """
        self._stuck.discard(name)
        for other in [of for of in self.book.accounts if of != name and of not in self._stuck]:
            try:
                await self._finish(other)
            except SendFailed as fault:
                self._stuck.add(other)
                log.warning("an order is half-way", election=other, fault=str(fault))
        await self._finish(name)

    async def _finish(self, name: str) -> None:
        account = self._account(name)
        for entry in account.not_in_shard_0():
            shard, source = entry.taken()
            await self._write(entry.control, await self.log.read(shard, source), [0])
        for entry in account.unfinished(self.shards):
            missing = [shard for shard in range(self.shards) if entry.lacks(shard)]
            await self._write(entry.control, await self.log.read(0, entry.verdicts[0].source), missing)
        await self._announce(name)

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
        self.proposals.pop(proposal.control.control_id, None)
        return proposal

    async def _carry_out(self, proposal: Proposal) -> Entry:
        control = proposal.control
        name, control_id = control.election, control.control_id
        entry = await self._write(control, encode(proposal.record), [0])
        if entry.in_order:
            entry = await self._write(control, encode(proposal.record), range(1, self.shards))
            await self._announce(name)
        self.proposals.pop(control_id, None)
        whole = self._account(name).is_whole(control, self.shards)
        if entry.applied and whole:
            return entry
        stands_alone = isinstance(
            control, ElectionCertified | ElectionConfigured | ElectorVoided | ElectorRestored
        )
        if not entry.applied and (whole or stands_alone):
            raise OrderRefused(why_not(entry))
        raise PartlyRefused(f"some shards took the order and some did not: {why_not(entry)}")

    async def _write(self, control: Control, value: bytes, shards: Collection[int]) -> Entry:
        """Write a control's record into these shards; return its entry once they have judged it. Raises SendFailed.

        What they refused before was a copy that somebody else wrote, or an earlier try.
        """
        refused = {shard: of.source for shard, of in self.book.entry(control).verdicts.items()}
        signers = {key for key, _ in decode_as(SignedRecord, value).signatures}
        await self.log.write_bytes(value, shards)
        try:
            return await self.book.wait(control, signers, shards, refused, VERDICT_BOUND_S)
        except TimeoutError as fault:
            raise SendFailed(
                f"no verdict within {VERDICT_BOUND_S:g} s: it is not known yet what became of the order"
            ) from fault

    async def _announce(self, name: str) -> None:
        before = self.log.elections.newest.get(name)
        account = self._account(name)
        after = account.announcement(
            self.log_id, self.shards, before, await self._configured(account, before)
        )
        if after is None or (before is not None and _says_nothing_new(after, before)):
            return
        await self.log.announce(after)

    async def _configured(self, account: Account, before: ElectionAnnounced | None) -> Configured | None:
        """Return the root key's signature over an account's definition, by which the edges know it. Raises SendFailed."""
        entry = account.configured
        if entry is None or (before is not None and before.configured is not None):
            return None if before is None else before.configured
        value = await self.log.read(*entry.taken())
        return Configured.of(decode_as(SignedRecord, value), self.root_key)

    def _propose_to_officials(self, control: Control, account: Account, phase: Phase) -> Proposal:
        keys = account.keys()
        definition = account.definition
        assert definition is not None, "what was announced has been read, the definition included"
        if isinstance(control, KeyReplaced):
            others = {key: name for key, name in keys.items() if key != control.old}
            return self._propose(control, {self.root_key: "root", **others}, 2 if others else 1)
        needed = approvals_needed(definition, phase, type(control))
        if needed > len(keys):
            raise OrderRefused(
                f"after the close it takes {needed} officials to change whose ballots count; {definition.id} has {len(keys)}"
            )
        return self._propose(control, keys, needed)

    def _propose(self, control: Control, keys: dict[str, str], needed: int) -> Proposal:
        record = SignedRecord(payload=payload_bytes(control), signatures=())
        room = MAX_PROPOSAL_BYTES - len(record.payload)
        while len(self.proposals) >= MAX_PROPOSALS or self._proposed_bytes() > room:
            self.proposals.pop(next(iter(self.proposals)))
        proposal = self.proposals[control.control_id] = Proposal(control, record, keys, needed)
        return proposal

    def _proposed_bytes(self) -> int:
        return sum(len(of.record.payload) for of in self.proposals.values())

    def is_enough(self, proposal: Proposal) -> bool:
        """Return whether as many have signed as must: then the order is on its way."""
        signers = {key for key, _ in proposal.record.signatures}
        by_root = (
            not isinstance(proposal.control, KeyReplaced | ElectionConfigured) or self.root_key in signers
        )
        return len(signers) >= proposal.needed and by_root

    @asynccontextmanager
    async def _in_turn(self, name: str) -> AsyncIterator[None]:
        async with self._turn:
            self._require_read()
            await self.finish(name)
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

    def _account(self, name: str) -> Account:
        return self.book.accounts.get(name, Account())

    def _read_account(self, announced: ElectionAnnounced) -> Account:
        """Return an election's account once it holds every verdict that was announced, by another process too."""
        account = self._account(announced.definition.id)
        if account.verdicts < announced.verdicts:
            raise NotReady("another operator has announced orders that are not read here yet; try again")
        return account

    def _final_standings(self, announced: ElectionAnnounced) -> list[Standing]:
        found = self.standings_of(announced)
        if against := obstacles(announced.definition, found):
            raise NotFinal(f"not final yet: {against[0]}", against)
        return list(found.values())

    def _checked(
        self, announced: ElectionAnnounced, command: Command, reason: str, content: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what a control holds. Raises UnknownEntry, OrderRefused for what the definition or orders so far rule out."""
        definition = announced.definition
        if command in (Command.VOID, Command.RESTORE):
            try:
                content = about_electors(definition, content)
            except ValueError as fault:
                raise UnknownEntry(str(fault)) from fault
            if "electors" in content:
                _check_batch(announced, content["electors"], reason, self.shards)
        elif "elector" in content and not 0 <= content["elector"] < definition.electors:
            raise UnknownEntry(
                f"elector {content['elector']} is not on the roll 0..{definition.electors - 1}"
            )
        if command in (Command.WITHDRAW, Command.REINSTATE):
            _check_candidate(announced, command, content["contest"], content["candidate"])
        return content


def _check_batch(announced: ElectionAnnounced, runs: Runs, reason: str, shards: int) -> None:
    definition = announced.definition
    if not reason.strip():
        raise OrderRefused("expected a reason: everybody of the batch will ask why")
    shows_votes = definition.live_tallies and definition.keeps_secret
    if shows_votes and announced.phase in (Phase.OPEN, Phase.PAUSED):
        raise OrderRefused(
            "live figures may hold ballots of a batch, so it is taken out, or brought back, after the close, by two officials"
        )
    if (why := bound_fault(definition, runs, shards)) is not None:
        raise OrderRefused(why)


def _says_nothing_new(after: ElectionAnnounced, before: ElectionAnnounced) -> bool:
    """Return whether an announcement is behind another, or says the same."""
    return not after.follows(before) or after.model_copy(update={"verdicts": before.verdicts}) == before


def _check_candidate(announced: ElectionAnnounced, command: Command, contest_id: str, candidate: str) -> None:
    try:
        contest = announced.definition.contest(contest_id)
        place = contest.place(candidate)
    except KeyError as fault:
        raise UnknownEntry(fault.args[0]) from fault
    out = {name for of, name in announced.withdrawn if of == contest_id}
    if command is Command.REINSTATE:
        if candidate not in out:
            raise OrderRefused(f"{candidate} has not withdrawn from {contest_id}")
    elif candidate in out or contest.candidates[place].excluded:
        raise OrderRefused(f"{candidate} is out of {contest_id} already")
    elif len(contest.included) - len(out) == 1:
        raise OrderRefused(f"nobody would be left in {contest_id}")


_WHY_NOT: Final = {
    NoEffect.OUT_OF_ORDER: "another order came first; look at the election and order again if it is still right",
    NoEffect.ROLL_NOT_WHOLE: "the roll in the log is not the one that the order names: upload it, then open again",
    NoEffect.SUPERSEDED: "something changed after the recount: certify again",
    NoEffect.NO_CHANGE: "it changes nothing: it was so before",
    NoEffect.OUT_OF_PHASE: "the election was in another phase by then",
    NoEffect.NOT_SIGNED: "it is not signed by enough officials",
    NoEffect.COUNTED_LIVE: "the elector has voted, and live figures may hold the ballot: it can be taken out after the close, "
    "by two officials",
    NoEffect.TOO_LARGE: "in a shard the ballots of the batch are too large for one record: give the same numbers in several "
    "orders, those that were taken already change nothing",
}


def why_not(entry: Entry) -> str:
    """Return why a control had no effect, in a sentence."""
    found = {verdict.why for verdict in entry.verdicts.values() if verdict.why is not None}
    shown = found - {NoEffect.NOT_HERE} or found
    return "; ".join(_WHY_NOT.get(why, f"it had no effect: {why}") for why in sorted(shown))
