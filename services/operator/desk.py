"""The operator's desk: one order at a time, from a request to the log.

Rule 1: orders pass one after another; each sees the announcement of the one before.
Rule 2: nothing is announced that does not stand in every shard it must stand in.
Rule 3: nothing is ordered before every announcement has been read: an election taken for new would be announced as such.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.operator.certification import disagreements, obstacles
from services.operator.controls import ControlLog
from services.operator.lifecycle import (
    Command,
    Order,
    Refusal,
    candidate_control,
    elector_control,
    next_phase,
    phase_control,
)
from services.operator.roll import codes_csv
from shared.contract.codes import election_key, fingerprint
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import ElectionAnnounced, ElectionCertified, ElectionConfigured
from shared.contract.ids import contest_key, shard_of
from shared.contract.recounts import Recount
from shared.contract.standings import Standing

Recounter = Callable[[str, Sequence[int]], Awaitable[Recount]]
"""Election and watermark to the audit's report."""


class UnknownElection(Exception):
    """No election of this id is announced."""


class UnknownEntry(Exception):
    """No such section, or no such elector on the roll."""


class NotReady(Exception):
    """The announcements are still being read; the order can be repeated."""


class OrderRefused(Exception):
    """The order cannot be carried out now; `found` lists everything that stands against it."""

    def __init__(self, sentence: str, found: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.found = list(found)


@dataclass
class Desk:
    """Carries orders out. `standings` is the newest standing by contest key."""

    log: ControlLog
    standings: Mapping[str, Standing]
    recount: Recounter
    master: bytes
    shards: int
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def elections(self) -> list[ElectionAnnounced]:
        """Return every election, in the order of their ids."""
        return [announced for _, announced in sorted(self.log.elections.newest.items())]

    def election(self, name: str) -> ElectionAnnounced:
        """Return an election as last announced. Raises UnknownElection, NotReady."""
        announced = self.log.elections.newest.get(name)
        if announced is None:
            self._require_read()
            raise UnknownElection(f"no election {name!r}; there are: {', '.join(self._names()) or 'none'}")
        return announced

    def codes(self, name: str, section: str | None) -> Iterator[str]:
        """Return the voting codes as CSV, in chunks. Raises UnknownElection, UnknownEntry."""
        definition = self.election(name).definition
        try:
            return codes_csv(definition, election_key(self.master, name), section)
        except KeyError as fault:
            raise UnknownEntry(fault.args[0]) from fault

    async def configure(self, definition: Election, order: Order) -> ElectionAnnounced:
        """Freeze a definition. The same one again changes nothing. Raises OrderRefused, SendFailed."""
        async with self._in_turn():
            known = self.log.elections.newest.get(definition.id)
            if known is not None:
                return _same(known, definition)
            announced = self._announcement(definition, order.at)
            control = ElectionConfigured(
                election=definition.id,
                control_id=order.control_id,
                by=order.by,
                reason=order.reason,
                at=order.at,
                definition=definition,
            )
            await self.log.write(control, range(self.shards))
            await self.log.announce(announced)
            return announced

    async def move(self, name: str, command: Command, order: Order) -> ElectionAnnounced:
        """Open, pause, resume or close. Raises UnknownElection, OrderRefused, SendFailed."""
        async with self._in_turn():
            announced = self.election(name)
            after = _permitted(announced, command).moved(order.at)
            await self.log.write(phase_control(command, announced, order), range(announced.shards))
            await self.log.announce(after)
            return after

    async def change_elector(self, name: str, command: Command, elector: int, order: Order) -> None:
        """Void or restore an elector. Raises UnknownElection, UnknownEntry, OrderRefused, SendFailed."""
        async with self._in_turn():
            announced = self.election(name)
            _permitted(announced, command)
            if not 0 <= elector < announced.definition.electors:
                raise UnknownEntry(
                    f"elector {elector} is not on the roll 0..{announced.definition.electors - 1}"
                )
            control = elector_control(command, name, elector, order)
            await self.log.write(control, [shard_of(elector, announced.shards)])

    async def change_candidate(
        self, name: str, command: Command, contest: str, candidate: str, order: Order
    ) -> ElectionAnnounced:
        """Withdraw or reinstate a candidate. Raises UnknownElection, UnknownEntry, OrderRefused, SendFailed."""
        async with self._in_turn():
            announced = self.election(name)
            _permitted(announced, command)
            after = _with_candidate_changed(announced, command, contest, candidate)
            control = candidate_control(command, name, contest, candidate, order)
            await self.log.write(control, range(announced.shards))
            await self.log.announce(after)
            return after

    async def certify(self, name: str, order: Order) -> Recount:
        """Certify what an independent recount confirms. Raises OrderRefused with every disagreement, and as `move`."""
        async with self._in_turn():
            announced = self.election(name)
            after = _permitted(announced, Command.CERTIFY).moved(order.at)
            standings = self._final_standings(announced.definition)
            report = await self.recount(name, standings[0].watermark)
            if found := disagreements(standings, report):
                raise OrderRefused(f"the recount disagrees: {found[0]}", found)
            await self.log.write(_certificate(name, report, order), range(announced.shards))
            await self.log.announce(after)
            return report

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        async with self._turn:
            self._require_read()
            yield

    def _require_read(self) -> None:
        elections = self.log.elections
        if elections.alarm or not elections.caught_up:
            raise NotReady(elections.alarm or "elections are still being read from the log; try again")

    def _final_standings(self, definition: Election) -> list[Standing]:
        keys = {contest.id: contest_key(definition.id, contest.id) for contest in definition.contests}
        found = {name: self.standings[key] for name, key in keys.items() if key in self.standings}
        if against := obstacles(definition, found):
            raise OrderRefused(f"not final yet: {against[0]}", against)
        return list(found.values())

    def _announcement(self, definition: Election, at: str) -> ElectionAnnounced:
        return ElectionAnnounced(
            definition=definition,
            config_hash=config_hash(definition),
            code_key=fingerprint(election_key(self.master, definition.id)),
            shards=self.shards,
            phase=Phase.CONFIGURED,
            at=at,
        )

    def _names(self) -> list[str]:
        return sorted(self.log.elections.newest)


@dataclass(frozen=True)
class _Step:
    announced: ElectionAnnounced
    phase: Phase

    def moved(self, at: str) -> ElectionAnnounced:
        return self.announced.moved_to(self.phase, at)


def _permitted(announced: ElectionAnnounced, command: Command) -> _Step:
    after = next_phase(announced.phase, command)
    if isinstance(after, Refusal):
        raise OrderRefused(after.sentence)
    return _Step(announced, after)


def _with_candidate_changed(
    announced: ElectionAnnounced, command: Command, contest_id: str, candidate: str
) -> ElectionAnnounced:
    try:
        contest = announced.definition.contest(contest_id)
        place = contest.place(candidate)
    except KeyError as fault:
        raise UnknownEntry(fault.args[0]) from fault
    out = {name for of, name in announced.withdrawn if of == contest_id}
    if command is Command.REINSTATE:
        if candidate not in out:
            raise OrderRefused(f"{candidate} has not withdrawn from {contest_id}")
        return announced.with_withdrawn({*announced.withdrawn} - {(contest_id, candidate)})
    if candidate in out or contest.candidates[place].excluded:
        raise OrderRefused(f"{candidate} is out of {contest_id} already")
    if len(contest.included) - len(out) == 1:
        raise OrderRefused(f"nobody would be left in {contest_id}")
    return announced.with_withdrawn({*announced.withdrawn} | {(contest_id, candidate)})


def _same(known: ElectionAnnounced, definition: Election) -> ElectionAnnounced:
    if known.config_hash != config_hash(definition):
        raise OrderRefused(f"election {definition.id!r} is configured already, with another definition")
    return known


def _certificate(name: str, report: Recount, order: Order) -> ElectionCertified:
    return ElectionCertified(
        election=name,
        control_id=order.control_id,
        by=order.by,
        reason=order.reason,
        at=order.at,
        watermark=report.watermark,
        heads=report.heads,
        result_hashes={contest: counted.result_hash for contest, counted in report.contests.items()},
    )
