"""One run of the demo, through the public APIs of a deployment that is up: it sees what anybody sees.

Every wait has a bound, and says what it waited for when it is over.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import httpx
from rich.console import Console
from rich.live import Live

from infra.local.ports import LOOPBACK
from services.cli.clients.ballots import Casting
from services.cli.clients.keys import KeyRing, with_officer
from services.cli.clients.operator import Officer, OperatorClient, OperatorError, Patience
from services.cli.clients.results import ResultsClient
from services.cli.demo import by_hand, official
from services.cli.demo.by_hand import open_by_hand
from services.cli.demo.official import compare
from services.cli.demo.show import Show, comparison_table
from services.cli.demo.synthesis import ballot_forms, synthesise
from shared.contract.lifecycle import Command
from shared.contract.standings import Status

ELECTION = "labour-2015"
CONTESTS = ("leader", "deputy")
STAGE_OF = {"validation": "judged", "counting.tally": "counted"}
SHOW_EVERY_S = 0.25
FINAL_BOUND_S = 30.0
PATIENCE = Patience(tries=120)
"""A minute: a service that was killed starts again in less."""

T = TypeVar("T")


class Demo:
    """One run against the services at `ports`, by their names."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        ports: Mapping[str, int],
        token: str,
        keys: Path,
        console: Console,
    ) -> None:
        self._client = client
        self._at = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
        officer = Officer(KeyRing.read(keys), "demo", "demo")
        self._operator = OperatorClient(client, self._at["operator"], token, officer, PATIENCE)
        self._monitor = OperatorClient(client, self._at["operator"], token, officer)
        self._keys = keys
        self._results = ResultsClient(client, self._at["results"], ELECTION, CONTESTS)
        self._console = console
        self._show = Show()

    async def run(self, rate: float) -> bool:
        """Hold the election at `rate` ballots a second; return whether every official figure came out.

        Raises OperatorError, CastingFailed, NotPublished, httpx.HTTPError.
        """
        ballots = await self._step("Ballots", asyncio.to_thread(synthesise))
        await self._operator.configure(with_officer(official.election(), self._keys, "demo"))
        codes = await self._step("Voting codes", self._operator.open_with_new_codes(ELECTION))
        forms = ballot_forms(ballots, codes)
        for name, url in (
            ("Results", f"{self._at['results']}/elections/{ELECTION}"),
            ("Intake", self._at["intake"]),
            ("Operator", self._at["operator"]),
        ):
            self._console.print(f"  {name:<9} [link={url}]{url}[/link]")
        await self._offer_ballots()
        await self._step("Casting and counting", self._cast(forms, rate))
        await self._operator.order(ELECTION, Command.CLOSE)
        final = self._results.until("the final count", lambda of: of.status is Status.COMPLETE)
        await self._step("Close", final)
        certify = self._operator.certify(ELECTION, until_final_s=FINAL_BOUND_S)
        await self._step("Recount and certificate", certify)
        certified = self._results.until("the certificate", lambda of: of.status is Status.CERTIFIED)
        await self._step("Certified", certified)
        return self._compare()

    async def _offer_ballots(self) -> None:
        """Open the picnic and print where it is voted in by hand, and where its result moves."""
        self._console.print("Vote yourself, each link once, and see the result move:")
        for link in await open_by_hand(self._operator, self._keys, self._at["intake"]):
            self._console.print(f"  Ballot    {link}", markup=False, soft_wrap=True)
        result = f"{self._at['results']}/elections/{by_hand.ELECTION.id}"
        self._console.print(f"  Result    {result}", markup=False, soft_wrap=True)
        receipts = f"{self._at['proofs']}/receipt"
        self._console.print(f"  Receipt   {receipts} looks it up and proves it", markup=False, soft_wrap=True)

    async def _cast(self, forms: list[bytes], rate: float) -> None:
        casting = Casting(self._client, f"{self._at['intake']}/v1/elections/{ELECTION}/ballots", forms, rate)
        with Live(self._show, console=self._console, refresh_per_second=8):
            showing = asyncio.create_task(self._keep_showing(casting))
            try:
                await casting.run()
                await self._results.until("the count", lambda of: of.balance.accepted >= official.BALLOTS)
            finally:
                showing.cancel()
            await self._look_at_stages(casting)
        self._console.print()  # the display ends without a line feed where there is no terminal
        if casting.retries:
            self._console.print(f"{casting.retries} requests had to be sent again")

    async def _keep_showing(self, casting: Casting) -> None:
        while True:
            await self._results.look()
            await self._look_at_stages(casting)
            await asyncio.sleep(SHOW_EVERY_S)

    async def _look_at_stages(self, casting: Casting) -> None:
        """Show how far each stage is. A service that is just starting again has nothing to report: nothing is shown."""
        standings = self._results.standings
        shown = min((standing.balance.cast for standing in standings.values()), default=0)
        reached = {"cast": casting.recorded, "judged": 0, "counted": 0, "shown": shown}
        with suppress(OperatorError):
            for shard in (await self._monitor.monitor())["shards"]:
                if shard["service"] in STAGE_OF:
                    reached[STAGE_OF[shard["service"]]] += shard["ballots"]
        self._show.update(reached, asyncio.get_running_loop().time(), standings)

    async def _step(self, what: str, work: Awaitable[T]) -> T:
        began_s = asyncio.get_running_loop().time()
        result = await work
        self._console.print(f"{what}: {asyncio.get_running_loop().time() - began_s:.1f} s")
        return result

    def _compare(self) -> bool:
        standings = self._results.standings
        lines = compare(standings["leader"], standings["deputy"])
        self._console.print(comparison_table(lines))
        rates = ", ".join(f"{stage} {rate:,.0f}" for stage, rate in self._show.rates.items())
        self._console.print(f"Ballots a second, as seen: {rates}")
        wrong = [line for line in lines if not line.agrees]
        for line in wrong:
            found = f"official {line.official}, counted {line.counted}"
            self._console.print(f"✗ {line.place}, {line.what}: {found}")
        self._console.print("Every official figure came out." if not wrong else f"{len(wrong)} differ.")
        return not wrong
