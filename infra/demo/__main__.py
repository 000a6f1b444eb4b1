"""`python -m infra.demo`: Labour's 2015 election, cast and counted live on this machine."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeVar

import httpx
import typer
from rich.console import Console
from rich.live import Live

from infra.demo import official
from infra.demo.casting import Casting, CastingFailed, ballot_forms, issue_codes
from infra.demo.comparison import compare
from infra.demo.show import Show, comparison_table
from infra.demo.synthesis import synthesise
from infra.local.deployment import DEFAULT_PORTS, plan
from infra.local.ports import free_ports, require_free
from infra.local.stack import Stack, cancel_on_signals
from shared.contract.codec import decode_as
from shared.contract.standings import Standing, Status

NAMESPACE = "demo"
ELECTION = "labour-2015"
CONTESTS = ("leader", "deputy")
COUNT_BOUND_S = 120.0
SHOW_EVERY_S = 0.25

T = TypeVar("T")

console = Console(highlight=False)


class Demo:
    """One run against a deployment that is up."""

    def __init__(self, client: httpx.AsyncClient, ports: dict[str, int], token: str) -> None:
        self._client = client
        self._at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self._headers = {"Authorization": f"Bearer {token}"}
        self._standings: dict[str, Standing] = {}
        self.show = Show()

    async def run(self, rate: float) -> bool:
        """Hold the election. Return whether every official figure was reproduced."""
        papers = await self._step("Papers", asyncio.to_thread(synthesise))
        await self._order("", official.ELECTION_FILE.read_bytes())
        url = f"{self._at['operator']}/v1/elections/{ELECTION}/codes"
        codes = await self._step("Voting codes", issue_codes(self._client, url, self._headers))
        forms = ballot_forms(papers, codes)
        await self._order("/open")
        self._print_places()
        await self._step("Casting and counting", self._cast(forms, rate))
        await self._order("/close")
        await self._step("Close", self._until(lambda s: s.status is Status.COMPLETE))
        await self._step("Recount and certificate", self._order("/certify"))
        await self._step("Certified", self._until(lambda s: s.status is Status.CERTIFIED))
        return self._judge()

    async def _cast(self, forms: list[bytes], rate: float) -> None:
        casting = Casting(self._client, f"{self._at['intake']}/v1/elections/{ELECTION}/ballots", forms, rate)
        with Live(self.show, console=console, refresh_per_second=8):
            showing = asyncio.create_task(self._keep_showing(casting))
            try:
                await casting.run()
                await self._until(lambda s: s.balance.accepted >= official.PAPERS)
                await self._show(casting)
            finally:
                showing.cancel()
        if casting.retries:
            console.print(f"{casting.retries} requests had to be sent again")

    async def _keep_showing(self, casting: Casting) -> None:
        while True:
            with suppress(httpx.HTTPError, ValueError):
                await self._show(casting)
            await asyncio.sleep(SHOW_EVERY_S)

    async def _show(self, casting: Casting) -> None:
        await self._look()
        figures = await self._client.get(f"{self._at['operator']}/v1/monitor", headers=self._headers)
        stages = {"validation": 0, "counting.tally": 0}
        for shard in figures.json()["shards"]:
            if shard["service"] in stages:
                stages[shard["service"]] += shard["position"]
        shown = min((standing.balance.cast for standing in self._standings.values()), default=0)
        done = {
            "cast": casting.recorded,
            "judged": stages["validation"],
            "counted": stages["counting.tally"],
            "shown": shown,
        }
        self.show.update(done, asyncio.get_running_loop().time(), self._standings)

    async def _look(self) -> None:
        for contest in CONTESTS:
            url = f"{self._at['results']}/v1/elections/{ELECTION}/contests/{contest}/standing"
            answer = await self._client.get(url)
            if answer.status_code == 200:
                self._standings[contest] = decode_as(Standing, answer.content)

    async def _until(self, condition: Callable[[Standing], bool]) -> None:
        async with asyncio.timeout(COUNT_BOUND_S):
            while not (self._standings and all(map(condition, self._standings.values()))):
                with suppress(httpx.TransportError):
                    await self._look()
                await asyncio.sleep(0.1)

    async def _order(self, order: str, body: bytes | None = None) -> None:
        path = f"/v1/elections/{ELECTION}{order}" if order else "/v1/elections"
        content = body or b'{"by":"demo","reason":"demo"}'
        headers = {**self._headers, "Content-Type": "application/json"}
        answer = await self._client.post(self._at["operator"] + path, content=content, headers=headers)
        if answer.status_code >= 400:
            raise CastingFailed(f"operator refused {order or 'the election'}: {answer.text}")

    async def _step(self, what: str, work: Awaitable[T]) -> T:
        began = asyncio.get_running_loop().time()
        result = await work
        console.print(f"{what}: {asyncio.get_running_loop().time() - began:.1f} s")
        return result

    def _print_places(self) -> None:
        pages = f"{self._at['results']}/elections/{ELECTION}"
        console.print(
            f"\n  Results   [link]{pages}[/link]\n  Intake    {self._at['intake']}\n  Operator  {self._at['operator']}\n"
        )

    def _judge(self) -> bool:
        lines = compare(self._standings["leader"], self._standings["deputy"])
        console.print(comparison_table(lines))
        rates = ", ".join(f"{stage} {rate:,.0f}" for stage, rate in self.show.rates.items())
        console.print(f"Ballots a second, as seen: {rates}")
        wrong = [line for line in lines if not line.agrees]
        console.print("Every official figure came out." if not wrong else f"{len(wrong)} figures differ.")
        return not wrong


def main(
    rate: Annotated[float, typer.Option(help="Ballots a second", min=1)] = 14_000,
    *,
    oneshot: Annotated[bool, typer.Option(help="Stop at the end; exit 0 only if all came out")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder to use; default: a new temporary one")] = None,
) -> None:
    """Cast and count Labour's 2015 leadership and deputy leadership election on this machine."""
    with tempfile.TemporaryDirectory(prefix="livecount-demo-") as folder:
        good = asyncio.run(_main(rate, data_dir or Path(folder), oneshot=oneshot))
    raise typer.Exit(0 if good else 1)


async def _main(rate: float, data_dir: Path, *, oneshot: bool) -> bool:
    cancel_on_signals()
    ports = _ports()
    good = False
    try:
        async with (
            Stack(plan(data_dir, NAMESPACE, ports), console) as _,
            httpx.AsyncClient(timeout=60) as client,
        ):
            token = (data_dir / "operator-token").read_text().strip()
            good = await Demo(client, ports, token).run(rate)
            if not oneshot:
                console.print("Still serving; Ctrl-C ends it.")
                await asyncio.Event().wait()
    except (CastingFailed, TimeoutError, httpx.HTTPError) as fault:
        console.print(f"The demo failed: {fault!r}")
        return False
    except asyncio.CancelledError:
        console.print("Stopped.")
    return good


def _ports() -> dict[str, int]:
    try:
        require_free(*DEFAULT_PORTS.values())
    except OSError:
        return dict(zip(DEFAULT_PORTS, free_ports(len(DEFAULT_PORTS)), strict=True))
    return dict(DEFAULT_PORTS)


if __name__ == "__main__":
    typer.run(main)
