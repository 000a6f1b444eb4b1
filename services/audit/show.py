"""What was verified, for people: the balance, each shard, and every round of every contest."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.audit.verify import Verification
from shared.contract.recounts import Recounted
from shared.contract.standings import decimal


def show(verified: Verification, out: Console) -> None:
    """Print a verification."""
    recount, balance = verified.recount, verified.recount.balance
    out.print(f"[bold]{escape(recount.election)}[/]  every verdict, head and round agrees", soft_wrap=True)
    out.print(
        f"cast {balance.cast:,} = accepted {balance.accepted:,} + duplicate {balance.duplicate:,} "
        f"+ late {balance.late:,} + voided {balance.voided:,} + rejected {balance.rejected:,}",
        soft_wrap=True,
    )
    for number, shard in enumerate(verified.shards):
        out.print(
            f"shard {number}: {shard.cast:,} records, {shard.judged:,} verdicts, {shard.repeats:,} told again, "
            f"head {shard.head}",
            soft_wrap=True,
        )
    for standing in verified.standings:
        covered = "+".join(map(str, standing.watermark))
        out.print(
            f"standing of {standing.contest}, {standing.status}, at {covered}: {standing.result_hash}",
            soft_wrap=True,
        )
    if not verified.standings:
        out.print("no standing is published")
    for name, counted in recount.contests.items():
        out.print(_table(name, counted))
        out.print(f"elected: {', '.join(counted.results.elected) or 'nobody'}", soft_wrap=True)
        out.print(f"result hash: {counted.result_hash}", soft_wrap=True)


def _table(name: str, counted: Recounted) -> Table:
    results = counted.results
    table = Table(name, *(f"round {n}" for n in range(1, len(results.rounds) + 1)), title_justify="left")

    def votes(units: int) -> str:
        return decimal(units, results.places) if results.places else f"{units:,}"

    for candidate in dict.fromkeys(c for round_ in results.rounds for c in round_):
        table.add_row(candidate, *(votes(r[candidate]) if candidate in r else "" for r in results.rounds))
    for ending in dict.fromkeys(e for ends in results.inactive for e in ends):
        table.add_row(f"({ending})", *(votes(ends.get(ending, 0)) for ends in results.inactive))
    return table
