"""What people do: electors with retries, operators with half-failed orders, and those who write what they should not.

Rule 1: a client that got no clear answer sends the same ballot again; one that got a receipt is owed it.
Rule 2: an order that failed is given again, with a new control, until it is carried out or refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from services.intake.bounds import Ranks
from services.intake.forms import Form
from services.intake.outcomes import Refusal
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.refusals import NotReady, OrderRefused, PartlyRefused, UnknownElection, UnknownEntry
from services.operator.service import OperatorService
from shared.contract.batches import runs_of
from shared.contract.codec import encode
from shared.contract.elections import Contest, Election, Revote
from shared.contract.events import (
    Control,
    ElectionCancelled,
    ElectionCertified,
    ElectionClosed,
    ElectionOpened,
    SignedRecord,
    signed,
)
from shared.contract.lifecycle import Command
from shared.contract.signing import public_key, sign
from shared.runtime.log import Outgoing, SendFailed
from tests.simulation.apis import IntakeNode, OperatorNode
from tests.simulation.invariants import CAST
from tests.simulation.nodes import Site
from tests.support.elections import OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life

TRIES = 6
ORDER_TRIES = 12
AT = "2026-01-01T00:00:00Z"
Give = Callable[[OperatorService, Order], Awaitable[Any]]
GARBAGE = (b"", b"[]", b"\xff\xfe", b"{", b"\x98\xadballot-pack/1", b"null", b'{"type":1}', b"[[[[[[[[")
PRIVATE = {ROOT_KEY: ROOT, OFFICER_KEY: OFFICER}


class People:
    """Everybody who wants something of one election."""

    def __init__(
        self, site: Site, intake: IntakeNode, operators: Sequence[OperatorNode], election: Election
    ) -> None:
        self.acknowledged: dict[str, int] = {}
        self._site = site
        self._random = site.random
        self._intake = intake
        self._operators = operators
        self._election = election
        last = len(election.sections) - 1
        self._life = Life(election, site.shards, {e: last for e in range(election.electors) if e % 3 == 0})
        self._number = 0

    async def live(self) -> None:
        """Configure and open, vote and correct, close, and try what must fail."""
        random = self._random
        await self._order(self._configure)
        await self._order(self._open)
        voting = [self._spawn(self._vote(elector)) for elector in range(self._election.electors)]
        voting += [self._spawn(self._scribble()) for _ in range(random.randint(0, 3))]
        for _ in range(random.randint(0, 4)):
            await asyncio.sleep(random.random() * 1.5)
            await self._correct()
        await asyncio.sleep(random.random() * 2.0)
        await self._order(self._move(Command.CLOSE))
        if random.random() < 0.2:
            await self._certify_and_correct()
        if random.random() < 0.3:
            await self._order(self._open)  # which is refused
            self._forge()
        await asyncio.gather(*voting)

    async def certify(self) -> None:
        """Ask for the certificate until it is given or refused for good; now and then correct what is certified."""
        if self._random.random() < 0.2:
            await self._order(self._certificate, tries=3)
            await self._order(self._void)
        await self._order(self._certificate, tries=3)

    async def finish(self) -> None:
        """See the election configured and closed everywhere, once nothing fails any more."""
        await self._order(self._configure)
        await self._order(self._open)
        await self._order(self._move(Command.CLOSE))

    def _spawn(self, work: Any) -> "asyncio.Task[Any]":
        return self._site.loop.spawn(self._site.loop.world, work)

    def _move(self, command: Command) -> Give:
        return lambda service, order: service.order(self._election.id, command, order)

    async def _open(self, service: OperatorService, order: Order) -> Any:
        """Upload the roll, and propose to open for it; now and then for another one first."""
        life = self._life
        if self._random.random() < 0.1:
            life = Life(self._election, self._site.shards, {0: 0})
        for shard in range(min(self._site.shards, self._election.electors)):
            await service.commit_roll(SignedRecord.model_validate_json(life.roll(shard)))
        roll = self._life.whole_roll().parts(self._site.shards)
        return await service.order(self._election.id, Command.OPEN, order, roll=roll)

    def _certificate(self, service: OperatorService, order: Order) -> Awaitable[Any]:
        return service.certify(self._election.id, order)

    def _void(self, service: OperatorService, order: Order) -> Awaitable[Any]:
        return service.order(self._election.id, Command.VOID, order, **self._some_electors())

    def _some_electors(self) -> dict[str, Any]:
        """Return one elector, or a batch, or a section, as an order names them."""
        random, election = self._random, self._election
        what = random.random()
        if what < 0.6:
            return {"elector": random.randrange(election.electors)}
        self._site.broker.occurred["order about a batch"] += 1
        if what < 0.7:
            return {"section": random.choice([of.id for of in election.sections if of.electors])}
        some = random.sample(range(election.electors), random.randint(1, election.electors))
        return {"electors": runs_of(some)}

    async def _certify_and_correct(self) -> None:
        """Let an order come between a recount and its certificate, or after the certificate."""
        self._site.broker.occurred["order beside a certificate"] += 1
        orders = [self._certificate, self._void, *self._random.choice(([], [], [self._certificate]))]
        self._random.shuffle(orders)
        await asyncio.gather(*(self._order(order, tries=2) for order in orders))
        if self._random.random() < 0.5:
            self._deliver_again()

    def _deliver_again(self) -> None:
        """Write every certificate of the log once more, into every shard: the one that stands, and stale ones."""
        records = self._site.broker.partition(CAST, 0).records
        for value in [record.value for record in records if b"election-certified" in record.value]:
            self._site.broker.occurred["certificate delivered again"] += 1
            for shard in range(self._site.shards):
                self._site.broker.append(CAST, shard, [Outgoing(CAST, shard, None, value)])

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
            electors = self._some_electors()
            await self._order(lambda service, order: service.order(name, command, order, **electors))
        else:
            command = random.choice((Command.WITHDRAW, Command.WITHDRAW, Command.REINSTATE))
            contest = random.choice(self._election.contests)
            candidate = random.choice(contest.candidates).id
            about: dict[str, Any] = {"contest": contest.id, "candidate": candidate}
            await self._order(lambda service, order: service.order(name, command, order, **about))

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

    async def _give(self, give: Give) -> bool:
        """Give an order once; return whether it need not be repeated."""
        order = Order(by="ada", reason="as agreed", at=AT, control_id=self._new_id())
        try:
            operator = self._random.choice(self._operators)
            await operator.ask(lambda: self._signed(operator, give, order), 8.0)
        except PartlyRefused:
            return False
        except (OrderRefused, UnknownEntry):
            return True
        except (SendFailed, NotReady, TimeoutError, UnknownElection, AttributeError):
            return False
        return True

    async def _signed(self, operator: OperatorNode, give: Give, order: Order) -> None:
        """Propose an order, and sign it as everybody must who has to."""
        service = operator.service
        proposal = await give(service, order)
        if not isinstance(proposal, Proposal):
            return
        await asyncio.sleep(self._random.choice((0.0, 0.0, 0.3)))
        if self._random.random() < 0.1:
            self._copy(proposal.control)
        payload = proposal.record.payload.encode()
        for key in list(proposal.keys)[: proposal.needed]:
            await service.sign(order.control_id, key, sign(PRIVATE[key], payload))

    def _configure(self, service: OperatorService, order: Order) -> Awaitable[Any]:
        return service.configure(self._election, order)

    async def _vote(self, elector: int) -> None:
        random = self._random
        await asyncio.sleep(random.random() * 5.0)
        again = self._election.revote is Revote.LAST_COUNTS
        forms = []
        for _ in range(random.choice((1, 2, 3) if again else (1, 1, 1, 2))):
            code = self._life.code(elector)
            if random.random() < 0.05:
                code = f"{code[:-1]}{'0' if code[-1] != '0' else '1'}"
            forms.append(Form(self._new_id(), code, self._rankings()))
            await self._cast(elector, forms[-1])
        if again and random.random() < 0.3:
            self._site.broker.occurred["superseded ballot sent again"] += len(forms) > 1
            await asyncio.sleep(random.random() * 4.0)
            await self._cast(elector, forms[0])

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
        """Return a pack of ballots that are right, wrong, or repeated."""
        random, election = self._random, self._election
        life = self._life
        if random.random() < 0.2:
            life = Life(election.model_copy(update={"id": "nowhere"}), self._site.shards)
        ballots = []
        for _ in range(random.choice((1, 1, 2, 4))):
            elector = random.randrange(election.electors + 2)
            section = None if random.random() < 0.7 else random.randrange(len(election.sections) + 1)
            secret = None if random.random() < 0.7 else bytes(10)
            marks = tuple(random.choice(("0", "9", "0>0=0", "1>0", "x")) for _ in election.contests)
            number = int(self._new_id(), 16) if random.random() < 0.8 else 7
            ballots.append(life.cast(elector, *marks, ballot=number, section=section, secret=secret))
        return life.pack(*ballots)

    def _copy(self, control: Control) -> None:
        """Write what nobody signed under the id of an order that is on its way, as whoever has seen it can."""
        self._site.broker.occurred["another order under an order's id"] += 1
        shared = set(type(control).model_fields) & set(ElectionCancelled.model_fields) - {"type"}
        copied = ElectionCancelled(**{name: getattr(control, name) for name in shared})
        shard = self._random.randrange(self._site.shards)
        value = encode(signed(self._random.choice((control, copied))))
        self._site.broker.append(CAST, shard, [Outgoing(CAST, shard, None, value)])

    def _forge(self) -> None:
        """Write what nobody may: orders of somebody else's, and an officer's certificate of what was never recounted."""
        self._site.broker.occurred["forged control"] += 1
        eve = self._random.randbytes(32)
        opening = SignedRecord.model_validate_json(self._life.opened()).content()
        assert isinstance(opening, ElectionOpened)
        closing = self._life.control(ElectionClosed)
        if (account := self._operators[0].service.book.accounts.get(self._election.id)) is not None:
            self._life.last_control = account.last_control(0)
        shards = self._site.shards
        certificate = self._life.ordered(
            ElectionCertified,
            watermark=(1,) * shards,
            heads=(bytes(32).hex(),) * shards,
            effects=(bytes(32).hex(),) * shards,
            result_hashes={},
            replaces=None,
        )
        for forged in (
            encode(signed(opening, (public_key(eve), eve))),
            encode(signed(closing, (OFFICER_KEY, eve))),
            self._life.configured().replace(b"ada", b"eve"),
        ):
            for shard in range(shards):
                self._site.broker.append(CAST, shard, [Outgoing(CAST, shard, None, forged)])
        # Shard 0 decides the order of controls: an official who writes elsewhere first could stop a shard.
        self._site.broker.append(CAST, 0, [Outgoing(CAST, 0, None, certificate)])

    def _rankings(self) -> dict[str, Ranks]:
        return {contest.id: self._ranking(contest) for contest in self._election.contests}

    def _ranking(self, contest: Contest) -> Ranks:
        random = self._random
        ids = [candidate.id for candidate in contest.candidates]
        ranked: list[tuple[str, ...]] = [
            (one,)
            for one in random.sample(ids, random.randint(0, min(len(ids), contest.max_ranks_on_ballot)))
        ]
        if ranked and random.random() < 0.1:
            ranked[0] = () if random.random() < 0.5 else (ids[0], ids[1])
        return tuple(ranked)

    def _new_id(self) -> str:
        self._number += 1
        return f"{len(self._election.id):x}{self._number:031x}"
