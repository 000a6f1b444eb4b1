"""What people do: voters with retries, operators with half-failed orders, and those who write what they should not.

Rule 1: a client that got no clear answer sends the same ballot again; one that got a receipt is owed it.
Rule 2: an order that failed is given again, with a new control, until it is taken or refused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from services.intake.admission import Form, Ranks, Refusal
from services.operator.desk import Desk, NotReady, OrderRefused, UnknownElection, UnknownEntry
from services.operator.lifecycle import Command, Order
from shared.contract.codec import HotBallot, encode, encode_ballot
from shared.contract.codes import code_mac, election_key, fingerprint, issue_code
from shared.contract.elections import Contest, Election, config_hash
from shared.contract.events import ElectionOpened
from shared.runtime.log import Outgoing, SendFailed
from tests.simulation.desks import IntakeNode, OperatorNode
from tests.simulation.invariants import CAST
from tests.simulation.nodes import Site
from tests.support.elections import MASTER

TRIES = 6
ORDER_TRIES = 12
AT = "2026-01-01T00:00:00Z"
Give = Callable[[Desk, Order], Awaitable[Any]]
GARBAGE = (b"", b"[]", b"\xff\xfe", b"{", b'["ballot-cast/1"]', b"null", b'{"type":1}', b"[[[[[[[[")


class People:
    """Everybody who wants something of one election."""

    def __init__(self, site: Site, intake: IntakeNode, operator: OperatorNode, election: Election) -> None:
        self.acknowledged: dict[str, int] = {}
        self._site = site
        self._random = site.random
        self._intake = intake
        self._operator = operator
        self._election = election
        self._key = election_key(MASTER, election.id)
        self._number = 0

    async def live(self) -> None:
        """Configure and open, vote and correct, close, and try what must fail."""
        random = self._random
        await self._order(self._configure)
        await self._order(self._move(Command.OPEN))
        voting = [self._spawn(self._vote(elector)) for elector in range(self._election.electors)]
        voting += [self._spawn(self._scribble()) for _ in range(random.randint(0, 3))]
        for _ in range(random.randint(0, 4)):
            await asyncio.sleep(random.random() * 1.5)
            await self._correct()
        await asyncio.sleep(random.random() * 2.0)
        await self._order(self._move(Command.CLOSE))
        if random.random() < 0.3:
            await self._open_again()
        await asyncio.gather(*voting)

    async def certify(self) -> None:
        """Ask for the certificate until it is given or refused for good."""
        await self._order(lambda desk, order: desk.certify(self._election.id, order), tries=3)

    async def finish(self) -> None:
        """See the election configured and closed everywhere, once nothing fails any more."""
        await self._order(self._configure)
        for command in (Command.OPEN, Command.CLOSE):
            await self._order(self._move(command))

    def _spawn(self, work: Any) -> "asyncio.Task[Any]":
        return self._site.loop.spawn(self._site.loop.world, work)

    def _move(self, command: Command) -> Give:
        return lambda desk, order: desk.move(self._election.id, command, order)

    async def _correct(self) -> None:
        random, name = self._random, self._election.id
        what = random.random()
        if what < 0.3:
            await self._order(self._move(Command.PAUSE))
            await asyncio.sleep(random.random())
            await self._order(self._move(Command.RESUME))
        elif what < 0.4:
            await self._order(self._configure)
        elif what < 0.7:
            command = random.choice((Command.VOID, Command.VOID, Command.RESTORE))
            elector = random.randrange(self._election.electors)
            await self._order(lambda desk, order: desk.change_elector(name, command, elector, order))
        else:
            command = random.choice((Command.WITHDRAW, Command.WITHDRAW, Command.REINSTATE))
            contest = random.choice(self._election.contests)
            candidate = random.choice(contest.candidates).id
            await self._order(
                lambda desk, order: desk.change_candidate(name, command, contest.id, candidate, order)
            )

    async def _order(self, give: Give, tries: int = ORDER_TRIES) -> None:
        """Give an order until it is taken or refused; a cautious operator begins at the beginning each time."""
        for _ in range(tries):
            if await self._give(give):
                return
            self._site.broker.occurred["order repeated"] += 1
            await asyncio.sleep(2.0 * self._random.random() ** 2)
            if self._random.random() < 0.3:
                await self._give(self._configure)
        self._site.broker.occurred["order given up half-way"] += 1
        self._site.auditor.given_up.add(self._election.id)

    async def _give(self, give: Give) -> bool:
        """Give an order once; return whether it need not be repeated."""
        order = Order(by="ada", reason="", at=AT, control_id=self._new_id())
        try:
            await self._operator.ask(lambda: give(self._operator.desk, order), 5.0)
        except (OrderRefused, UnknownEntry):
            return True
        except (SendFailed, NotReady, TimeoutError, UnknownElection, AttributeError):
            return False
        return True

    def _configure(self, desk: Desk, order: Order) -> Awaitable[Any]:
        return desk.configure(self._election, order)

    async def _vote(self, elector: int) -> None:
        random = self._random
        await asyncio.sleep(random.random() * 5.0)
        for _ in range(random.choice((1, 1, 1, 2))):
            section = 0 if random.random() < 0.7 else len(self._election.sections) - 1
            code = issue_code(self._key, elector, section)
            if random.random() < 0.05:
                code = issue_code(b"another" * 4, elector, section)
            await self._cast(elector, Form(self._new_id(), code, self._rankings()))

    async def _cast(self, elector: int, form: Form) -> None:
        """Send a ballot until there is a clear answer; now and then even after one."""
        for _ in range(TRIES):
            answer = await self._send(form)
            if isinstance(answer, str):
                self.acknowledged[form.ballot_id] = elector
                self._site.auditor.acknowledged(form.ballot_id, elector)
                if self._random.random() < 0.9:
                    return
                self._site.broker.occurred["ballot sent again"] += 1
            elif isinstance(answer, Refusal) and answer.status not in (503, 404):
                return
            await asyncio.sleep(self._random.random() * 2.0)

    async def _send(self, form: Form) -> str | Refusal | None:
        broker = self._site.broker
        if broker.occurs("request to intake lost", broker.rates.lost_request):
            return None
        try:
            answer: str | Refusal = await self._intake.ask(
                lambda: self._intake.cast(self._election.id, form), 4.0
            )
        except (TimeoutError, AttributeError):
            broker.occurred["no answer from intake"] += 1
            return None
        return None if broker.occurs("receipt lost on the way", broker.rates.lost_ack) else answer

    async def _scribble(self) -> None:
        """Write into the log what intake would never have let through."""
        random, shards = self._random, self._site.shards
        await asyncio.sleep(random.random() * 6.0)
        shard = random.randrange(shards)
        value = random.choice(GARBAGE) if random.random() < 0.4 else self._odd_ballot()
        self._site.broker.occurred["odd record"] += 1
        self._site.broker.append(CAST, shard, [Outgoing(CAST, shard, None, value)])

    def _odd_ballot(self) -> bytes:
        random, election = self._random, self._election
        elector = random.randrange(election.electors + 2)
        section = random.randrange(len(election.sections) + 1)
        mac = code_mac(self._key, elector, section) if random.random() < 0.7 else 7
        name = election.id if random.random() < 0.8 else "nowhere"
        papers = tuple(random.choice(("0", "9", "0>0=0", "1>0", "x")) for _ in election.contests)
        return encode_ballot(HotBallot(self._new_id(), name, elector, section, mac, papers))

    async def _open_again(self) -> None:
        """Open what is closed: at the desk, where it is refused, and behind its back, where the log ignores it."""
        await self._order(self._move(Command.OPEN))
        control = ElectionOpened(
            election=self._election.id,
            control_id=self._new_id(),
            by="eve",
            at=AT,
            config_hash=config_hash(self._election),
            code_key=fingerprint(self._key),
        )
        self._site.broker.occurred["opened again by mistake"] += 1
        for shard in range(self._site.shards):
            self._site.broker.append(CAST, shard, [Outgoing(CAST, shard, None, encode(control))])

    def _rankings(self) -> dict[str, Ranks]:
        return {contest.id: self._ranking(contest) for contest in self._election.contests}

    def _ranking(self, contest: Contest) -> Ranks:
        random = self._random
        ids = [candidate.id for candidate in contest.candidates]
        ranked: list[tuple[str, ...]] = [
            (one,) for one in random.sample(ids, random.randint(0, min(len(ids), contest.max_ranks_on_paper)))
        ]
        if ranked and random.random() < 0.1:
            ranked[0] = () if random.random() < 0.5 else (ids[0], ids[1])
        return tuple(ranked)

    def _new_id(self) -> str:
        self._number += 1
        return f"{len(self._election.id):x}{self._number:031x}"
