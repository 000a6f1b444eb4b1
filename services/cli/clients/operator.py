"""A client of the operator's API: it asks for orders, signs them with the keys at hand, and learns what became of them.

An order that was signed has its effect once, however often it is sent: so what has no answer, or one of 502 and 503, is asked
again, and the public list of controls says in the end what became of it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from services.cli.clients.keys import KeyRing
from shared.contract.elections import Election
from shared.contract.events import (
    ElectionAnnounced,
    ElectorRestored,
    ElectorVoided,
    RollCommitted,
    SignedRecord,
    signed,
)
from shared.contract.lifecycle import Command
from shared.contract.recounts import Recount
from shared.contract.rolls import Roll, make_codes, roll_of
from shared.contract.sentences import Irreversible, in_words
from shared.contract.signing import sign, sign_in_message
from shared.contract.verdicts import NoEffect

TIMEOUT_S: Final = 30.0
RECOUNT_TIMEOUT_S: Final = 900.0
LOST_S: Final = 15.0
"""How long the public list is asked for an order whose answer was lost, before it is ordered again."""
LATER: Final = frozenset({429, 502, 503})
"""What an operator may answer that has just been started again: it is still reading which elections there are."""


class Patience(NamedTuple):
    """How often a request is made that may succeed later, and how long it waits between two tries."""

    tries: int
    retry_s: float = 0.5


ONCE: Final = Patience(tries=1)


class OperatorError(RuntimeError):
    """The operator refused, or did not answer; one sentence, in the API's own words where it gave any."""


class OperatorRefused(OperatorError):
    """The operator refused. `lost`: a try before had no answer; `unclear`: it had none, or one that leaves it open."""

    def __init__(self, sentence: str, answer: httpx.Response, *, lost: bool, unclear: bool) -> None:
        super().__init__(sentence)
        self.status = answer.status_code
        self.retry_after_s = retry_after_s(answer)
        self.lost = lost
        self.unclear = unclear


class Unanswered(OperatorError):
    """The operator does not answer."""


class OrderLost(OperatorError):
    """A proposal went with the operator's process before it was written: it is in no log."""


class Outcome(NamedTuple):
    """What became of an order. Pending: it waits for more signatures, and nothing has become of it yet."""

    control_id: str
    pending: bool
    effect: str
    needed: int
    signed: list[str]
    recount: Recount | None = None
    due: str = ""
    """When it is to be carried out, RFC 3339; "": as soon as enough have signed."""


class Officer(NamedTuple):
    """Who orders and why, for the record, and the keys that sign."""

    keys: KeyRing
    by: str = "operator"
    reason: str = ""
    say: Callable[[str], object] = str
    """Takes news while an order is on its way."""
    confirm: Callable[[str], object] = str
    """Takes what an order that nothing takes back, or one about a batch, will do, before it is signed; raises what it likes if it
    is not meant."""


class OperatorClient:
    """One operator's API, with its token. A request that may succeed later is made again as `patience` says.

    Every method raises OperatorError; OperatorRefused where the operator gave a reason.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: str,
        officer: Officer,
        patience: Patience = ONCE,
    ) -> None:
        self._http = http
        self._url = url
        self._keys = officer.keys
        self._headers = {"Content-Type": "application/json"}
        if token:  # whoever signs in has none yet
            self._headers["Authorization"] = f"Bearer {token}"
        self._by, self._reason, self._say = officer.by, officer.reason, officer.say
        self._confirm = officer.confirm
        self._patience = patience
        self.orders = 0
        """Orders carried out."""
        self.repeats = 0
        """Requests made again."""

    async def configure(self, definition: Election) -> Outcome | None:
        """Freeze an election's definition; None if it was frozen before."""
        form = {"definition": definition.model_dump(mode="json")}
        return await self._ordered("/v1/elections", form, TIMEOUT_S)

    async def elections(self) -> list[ElectionAnnounced]:
        """Return every election as last announced."""
        answer = await self._request("GET", "/v1/elections")
        return [ElectionAnnounced.model_validate(of) for of in answer.json()]

    async def election(self, name: str) -> ElectionAnnounced:
        """Return an election as last announced."""
        answer = await self._request("GET", f"/v1/elections/{name}")
        return ElectionAnnounced.model_validate_json(answer.content)

    async def controls(self, name: str) -> list[dict[str, Any]]:
        """Return what officers did, in order: JSON of /v1/elections/NAME/controls."""
        found: list[dict[str, Any]] = (await self._request("GET", f"/v1/elections/{name}/controls")).json()
        return found

    async def counted(self, name: str) -> dict[str, Any]:
        """Return whether all accepted ballots are counted (Yes, No, Not known), and what stands against a yes."""
        answer = await self._request("GET", f"/v1/elections/{name}/counted")
        found: dict[str, Any] = answer.json()
        return found

    async def certificate(self, name: str, kind: str) -> bytes:
        """Return an election's certificate as a document: `html` or `pdf`."""
        return (await self._request("GET", f"/v1/elections/{name}/certificate.{kind}")).content

    async def proposals(self) -> list[dict[str, Any]]:
        """Return the orders that wait for signatures: JSON of /v1/proposals."""
        found: list[dict[str, Any]] = (await self._request("GET", "/v1/proposals")).json()
        return found

    async def monitor(self) -> Any:
        """Return the figures of every shard of every service: JSON of /v1/monitor."""
        return (await self._request("GET", "/v1/monitor")).json()

    async def scheduled(self, election: str) -> list[dict[str, Any]]:
        """Return the orders that wait for their time: JSON of /v1/elections/NAME/scheduled."""
        found: list[dict[str, Any]] = (
            await self._request("GET", f"/v1/elections/{election}/scheduled")
        ).json()
        return found

    async def take_out(self, election: str, control_id: str) -> None:
        """Take a scheduled order out."""
        await self._request("DELETE", f"/v1/elections/{election}/scheduled/{control_id}")

    async def order(self, election: str, command: Command, **about: object) -> Outcome:
        """Give an order, `about` an elector or a candidate, and sign it with the keys at hand."""
        timeout_s = RECOUNT_TIMEOUT_S if command is Command.CERTIFY else TIMEOUT_S
        path = f"/v1/elections/{election}/{command}"
        outcome = await self._ordered(path, about, timeout_s)
        assert outcome is not None, "only a definition may stand already"
        return outcome

    async def open(self, election: str, roll: Roll, **about: object) -> Outcome:
        """Upload a roll and open the election for it; `about` may give another reason than the officer's."""
        shards = (await self.election(election)).shards
        await self.upload(roll, shards)
        parts = [part.model_dump(mode="json") for part in roll.parts(shards)]
        return await self.order(election, Command.OPEN, roll=parts, **about)

    async def open_with_new_codes(self, election: str) -> list[str]:
        """Make codes for the whole roll, open the election for them, and return them by elector."""
        announced = await self.election(election)
        codes, roll = await asyncio.to_thread(new_codes, announced)
        await self.open(election, roll)
        return codes

    async def upload(self, roll: Roll, shards: int) -> None:
        """Upload a roll's commitments, chunk by chunk, each signed by one of the keys at hand."""
        name = roll.head.election
        for shard in range(shards):
            for first, commitments in roll.chunks(shard, shards):
                chunk = RollCommitted(
                    log=roll.head.log,
                    election=name,
                    shard=shard,
                    first=first,
                    commitments=commitments,
                    by=self._by,
                    at=(await self.election(name)).at,
                )
                record = signed(chunk, *[(key, self._keys.private(key)) for key in self._keys])
                await self._request("POST", f"/v1/elections/{name}/roll", record.model_dump_json().encode())

    async def approve(self, control_id: str) -> Outcome:
        """Sign an order that waits for signatures."""
        return await self._signed(await self.proposal(control_id))

    async def proposal(self, control_id: str) -> dict[str, Any]:
        """Return an order that waits for signatures: JSON of /v1/proposals/ID."""
        found: dict[str, Any] = (await self._request("GET", f"/v1/proposals/{control_id}")).json()
        return found

    async def sign(self, proposal: dict[str, Any]) -> Outcome:
        """Sign an order just as it was returned by `proposal`."""
        return await self._signed(proposal)

    def own_names(self, proposal: dict[str, Any]) -> list[str]:
        """Return in whose names the keys at hand sign an order."""
        return sorted(proposal["keys"][key] for key in self._keys if key in proposal["keys"])

    async def sign_in(self, signer: str = "") -> dict[str, Any]:
        """Sign in by the first of the keys at hand that opens a session, which then gives the orders of this client.

        `signer` is where its owner's signer answers. Return the JSON of POST /v1/sessions.
        """
        refused: OperatorRefused | None = None
        for key in self._keys:
            asked = await self._post("/v1/challenges", {}, who=False)
            message = sign_in_message(asked["log"], asked["challenge"])
            form = {
                "challenge": asked["challenge"],
                "key": key,
                "signature": sign(self._keys.private(key), message),
                "signer": signer,
            }
            try:
                session = await self._post("/v1/sessions", form, who=False)
            except OperatorRefused as fault:
                refused = fault
                continue
            self._headers["Authorization"] = f"Bearer {session['session']}"
            self._by = session["name"]
            return session
        raise refused or OperatorError(
            "no key at hand: expected an official's, as `livecount key FILE` makes one"
        )

    async def certify(self, election: str, *, until_final_s: float = 0.0) -> Outcome:
        """Certify an election; while its count is not final yet, ask again for so many seconds."""
        give_up_s = asyncio.get_running_loop().time() + until_final_s
        while True:
            try:
                return await self.order(election, Command.CERTIFY)
            except OperatorRefused as refused:
                if refused.retry_after_s is None or asyncio.get_running_loop().time() >= give_up_s:
                    raise
                await asyncio.sleep(refused.retry_after_s)

    async def _ordered(self, path: str, about: dict[str, Any], timeout_s: float) -> Outcome | None:
        """Propose an order and sign it, again if the proposal went with its process; None if it stands already."""
        for _ in range(self._patience.tries):
            with suppress(OrderLost):
                answer = await self._post(path, about, timeout_s=timeout_s)
                return await self._signed(answer) if "payload" in answer else None
            self.repeats += 1
        raise OrderLost(f"{path}: the operator's process ended before the order was written; give it again")

    async def _signed(self, proposal: dict[str, Any]) -> Outcome:
        """Sign a proposal with the keys at hand, as many as it needs; return what became of it."""
        control_id, recount = proposal["control_id"], proposal.get("recount")
        report = None if recount is None else Recount.model_validate(recount)
        own = [key for key in self._keys if key in proposal["keys"]]
        if not own:
            names = ", ".join(sorted(proposal["keys"].values()))
            raise OperatorError(
                f"{proposal['type']}: expected the key of {names}; none of the keys at hand is"
            )
        self._confirm_final(proposal)
        answer = proposal
        for key in own:
            signature = sign(self._keys.private(key), proposal["payload"].encode())
            form = {"key": key, "signature": signature}
            try:
                answer = await self._post(f"/v1/proposals/{control_id}/signatures", form, who=False)
            except (OperatorRefused, Unanswered) as fault:
                if isinstance(fault, OperatorRefused) and not fault.unclear:
                    raise
                answer = await self._cleared_up(proposal, fault)
            if "effect" in answer:
                self.orders += 1
                return Outcome(control_id, False, answer["effect"], proposal["needed"], [], report)
        due = answer.get("due") or ""
        return Outcome(control_id, True, "", answer["needed"], answer["signed"], report, due)

    def _confirm_final(self, proposal: dict[str, Any]) -> None:
        """Say what the very bytes that are to be signed will do, if nothing takes it back or it is about a batch."""
        content = SignedRecord(payload=proposal["payload"], signatures=()).content()
        if content is None:
            self._confirm("This program is too old to know what this order does.")
        elif isinstance(content, Irreversible):
            due = f" It is carried out at {proposal['due']}." if proposal.get("due") else ""
            self._confirm(f"{in_words(content)}{due}")
        elif isinstance(content, ElectorVoided | ElectorRestored) and content.electors is not None:
            self._say("\n".join(changed_lines(proposal)))
            self._confirm(in_words(content))

    async def _cleared_up(self, proposal: dict[str, Any], fault: OperatorError) -> dict[str, Any]:
        """Return what became of an order whose answer was lost. Raises OrderLost if it came to no log."""
        control_id, name = proposal["control_id"], proposal["election"]
        self._say(
            f"not known yet what became of {proposal['type']} in {name}; looking in the list of controls"
        )
        try:
            stands = await self._stands(name, control_id)
        except Unanswered as silent:
            raise Unanswered(
                f"not known yet what became of {control_id}: {silent}. Later: livecount controls {name}"
            ) from silent
        if not stands:
            raise OrderLost(f"{control_id}: {fault}; it stands in no log, give the order again") from fault
        self._say("it was carried out")
        return {"effect": "applied"}

    async def _stands(self, election: str, control_id: str) -> bool:
        """Return whether an order whose answer was lost has had its effect; False: it came to no log."""
        give_up_s = asyncio.get_running_loop().time() + LOST_S
        while True:
            found = [of for of in await self.controls(election) if of["control_id"] == control_id]
            became = {verdict for control in found for verdict in control["verdicts"].values()}
            if became - {NoEffect.NOT_SIGNED}:  # whoever writes to Kafka can write a copy that nobody signed
                return "applied" in became
            if asyncio.get_running_loop().time() >= give_up_s:
                return False
            await asyncio.sleep(self._patience.retry_s)

    async def _post(
        self, path: str, about: dict[str, Any], *, who: bool = True, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        form = {**({"by": self._by, "reason": self._reason} if who else {}), **about}
        answer = await self._request("POST", path, msgspec.json.encode(form), timeout_s=timeout_s)
        found: dict[str, Any] = answer.json()
        return found

    async def _request(
        self, method: str, path: str, content: bytes | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> httpx.Response:
        """Ask until there is an answer that time does not change."""
        lost = unclear = False
        trouble = ""
        for number in range(self._patience.tries):
            self.repeats += number > 0
            wait_s = self._patience.retry_s
            try:
                answer = await self._http.request(
                    method, self._url + path, content=content, headers=self._headers, timeout=timeout_s
                )
            except httpx.TransportError as fault:
                lost = unclear = True
                trouble = repr(fault)
                if self._patience.tries == 1:
                    raise Unanswered(f"the operator at {self._url} does not answer: {fault!r}") from fault
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in LATER or self._patience.tries == 1:
                    unclear = unclear or answer.status_code in LATER
                    raise OperatorRefused(_reason(path, answer), answer, lost=lost, unclear=unclear)
                unclear = True
                trouble = f"{answer.status_code}: {answer.text}"
                wait_s = max(wait_s, retry_after_s(answer) or 0.0)
            await asyncio.sleep(wait_s)
        raise Unanswered(
            f"{path} was not carried out after {self._patience.tries} tries, the last one: {trouble}"
        )


def changed_lines(proposal: dict[str, Any]) -> list[str]:
    """Return what the operator says that an order changes, line by line: JSON of /v1/proposals/ID."""
    change = proposal.get("change") or {"words": "", "rows": []}
    rows = [f"  {what}: {before} before, {after} after" for what, before, after in change["rows"]]
    return [of for of in (change["words"], *rows) if of]


def new_codes(announced: ElectionAnnounced) -> tuple[list[str], Roll]:
    """Return new voting codes of everybody on an election's roll, by elector, and their roll."""
    codes: list[str] = []
    blocks = []
    for lines, commitments in make_codes(announced.definition, announced.log):
        codes += [line.rpartition(",")[2] for line in lines.splitlines()]
        blocks.append(commitments)
    return codes, roll_of(announced.definition, announced.log, blocks)


def retry_after_s(answer: httpx.Response) -> float | None:
    """Return how long an answer asks to wait before the same request is made again, in seconds; None if it does not."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _reason(path: str, answer: httpx.Response) -> str:
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"the operator refused {path}: {answer.text[:200] or answer.status_code}"
    found = [f"\n  {difference}" for difference in problem.get("differences", [])]
    return f"{problem.get('title')}: {problem.get('detail')}{''.join(found)}"
