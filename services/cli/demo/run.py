"""One run of the demo, through the public APIs of a deployment that is up.

Rule 1: it sees what anybody sees: the operator's API, intake's, and the published standings.
Rule 2: every wait has a bound, and says what it waited for when it is over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import httpx
from rich.console import Console
from rich.live import Live

from infra.local.ports import LOOPBACK
from services.cli.demo import official
from services.cli.demo.casting import Casting
from services.cli.demo.comparison import compare
from services.cli.demo.forms import ballot_forms, issue_codes
from services.cli.demo.show import Show, comparison_table
from services.cli.demo.synthesis import synthesise
from shared.contract.codec import decode_as
from shared.contract.standings import Standing, Status

ELECTION = "labour-2015"
CONTESTS = ("leader", "deputy")
STAGE_OF = {"validation": "judged", "counting.tally": "counted"}
COUNT_BOUND_S = 120.0
RECOUNT_BOUND_S = 120.0
SHOW_EVERY_S = 0.25
LOOK_EVERY_S = 0.1

T = TypeVar("T")


class DemoFailed(Exception):
    """The run cannot go on, and why."""


class Demo:
    """One run against the services at `ports`, by their names."""

    def __init__(
        self, client: httpx.AsyncClient, ports: Mapping[str, int], token: str, console: Console
    ) -> None:
        self._client = client
        self._at = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
        self._headers = {"Authorization": f"Bearer {token}"}
        self._console = console
        self._standings: dict[str, Standing] = {}
        self._show = Show()

    async def run(self, rate: float) -> bool:
        """Hold the election at `rate` ballots a second; return whether every official figure came out.

        Raises DemoFailed, CastingFailed, CodesRefused, httpx.HTTPError.
        """
        papers = await self._step("Papers", asyncio.to_thread(synthesise))
        await self._post("/v1/elections", official.ELECTION_FILE.read_bytes())
        url = f"{self._at['operator']}/v1/elections/{ELECTION}/codes"
        codes = await self._step("Voting codes", issue_codes(self._client, url, self._headers))
        forms = ballot_forms(papers, codes)
        await self._order("open")
        self._print_places()
        await self._step("Casting and counting", self._cast(forms, rate))
        await self._order("close")
        await self._step("Close", self._until("the final count", lambda s: s.status is Status.COMPLETE))
        await self._step("Recount and certificate", self._order("certify"))
        await self._step("Certified", self._until("the certificate", lambda s: s.status is Status.CERTIFIED))
        return self._judge()

    async def _cast(self, forms: list[bytes], rate: float) -> None:
        casting = Casting(self._client, f"{self._at['intake']}/v1/elections/{ELECTION}/ballots", forms, rate)
        with Live(self._show, console=self._console, refresh_per_second=8):
            showing = asyncio.create_task(self._keep_showing(casting))
            try:
                await casting.run()
                await self._until("the count", lambda s: s.balance.accepted >= official.PAPERS)
            finally:
                showing.cancel()
            await self._look_at_stages(casting)
        self._console.print()  # the display ends without a line feed where there is no terminal
        if casting.retries:
            self._console.print(f"{casting.retries} requests had to be sent again")

    async def _keep_showing(self, casting: Casting) -> None:
        while True:
            await self._look()
            await self._look_at_stages(casting)
            await asyncio.sleep(SHOW_EVERY_S)

    async def _look_at_stages(self, casting: Casting) -> None:
        """Show how far each stage is. What a service in the middle of a restart does not tell is left as it was."""
        shown = min((standing.balance.cast for standing in self._standings.values()), default=0)
        told = {"cast": casting.recorded, "judged": 0, "counted": 0, "shown": shown}
        with suppress(httpx.TransportError):
            answer = await self._client.get(f"{self._at['operator']}/v1/monitor", headers=self._headers)
            for shard in answer.json()["shards"] if answer.status_code == 200 else ():
                if shard["service"] in STAGE_OF:
                    told[STAGE_OF[shard["service"]]] += shard["covered"]
        self._show.update(told, asyncio.get_running_loop().time(), self._standings)

    async def _look(self) -> None:
        """Read the newest standings. What cannot be read now is left as it was."""
        with suppress(httpx.TransportError):
            for contest in CONTESTS:
                url = f"{self._at['results']}/v1/elections/{ELECTION}/contests/{contest}/standing"
                answer = await self._client.get(url)
                if answer.status_code == 200:
                    self._standings[contest] = decode_as(Standing, answer.content)

    async def _until(self, what: str, condition: Callable[[Standing], bool]) -> None:
        """Wait until the standing of every contest meets the condition. Raises DemoFailed."""
        try:
            async with asyncio.timeout(COUNT_BOUND_S):
                while not self._all(condition):
                    await asyncio.sleep(LOOK_EVERY_S)
                    await self._look()
        except TimeoutError:
            found = ", ".join(
                f"{contest} {standing.status}, {standing.balance.accepted:,} of {official.PAPERS:,} accepted"
                for contest, standing in self._standings.items()
            )
            waited = f"waited {COUNT_BOUND_S:g} s for {what}"
            raise DemoFailed(f"{waited}; found {found or 'no standing'}") from None

    def _all(self, condition: Callable[[Standing], bool]) -> bool:
        standings = self._standings.values()
        return len(standings) == len(CONTESTS) and all(map(condition, standings))

    async def _order(self, order: str) -> None:
        await self._post(f"/v1/elections/{ELECTION}/{order}", b'{"by":"demo","reason":"demo"}')

    async def _post(self, path: str, content: bytes) -> None:
        answer = await self._client.post(
            self._at["operator"] + path,
            content=content,
            headers={**self._headers, "Content-Type": "application/json"},
            timeout=RECOUNT_BOUND_S,
        )
        if answer.is_error:
            raise DemoFailed(f"the operator refused {path}: {answer.text}")

    async def _step(self, what: str, work: Awaitable[T]) -> T:
        began_s = asyncio.get_running_loop().time()
        result = await work
        self._console.print(f"{what}: {asyncio.get_running_loop().time() - began_s:.1f} s")
        return result

    def _print_places(self) -> None:
        for name, url in (
            ("Results", f"{self._at['results']}/elections/{ELECTION}"),
            ("Intake", self._at["intake"]),
            ("Operator", self._at["operator"]),
        ):
            self._console.print(f"  {name:<9} [link={url}]{url}[/link]")

    def _judge(self) -> bool:
        lines = compare(self._standings["leader"], self._standings["deputy"])
        self._console.print(comparison_table(lines))
        rates = ", ".join(f"{stage} {rate:,.0f}" for stage, rate in self._show.rates.items())
        self._console.print(f"Ballots a second, as seen: {rates}")
        wrong = [line for line in lines if not line.agrees]
        for line in wrong:
            found = f"official {line.official}, counted {line.counted}"
            self._console.print(f"✗ {line.place}, {line.what}: {found}")
        self._console.print("Every official figure came out." if not wrong else f"{len(wrong)} differ.")
        return not wrong
