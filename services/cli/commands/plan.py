"""The command that calculates how large a deployment an election needs."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.app import command

if TYPE_CHECKING:
    from rich.table import Table

    from services.cli.capacity.model import Plan


@command(
    "livecount plan --electors 500000 --hours 240 --peak-share 0.05 --contests 2",
    "livecount plan --electors 40000000 --hours 12 --peak-share 0.2",
)
def plan(
    electors: Annotated[int, typer.Option(min=1, help="Entries of the roll")],
    hours: Annotated[float, typer.Option(min=0.1, help="How long voting goes on")] = 24.0,
    peak_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Of all ballots, how many arrive in the busiest hour")
    ] = 0.2,
    contests: Annotated[int, typer.Option(min=1, max=50, help="Contests on a ballot")] = 1,
    turnout: Annotated[float, typer.Option(min=0.01, max=1.0, help="Ballots by electors")] = 1.0,
    recover_s: Annotated[
        float, typer.Option(min=1.0, help="Seconds to replay the log if all state is lost")
    ] = 60.0,
) -> None:
    """Calculate processes, cores, memory, disks and network for an election, and what gives way first."""
    from rich.console import Console

    from services.cli.capacity import model
    from services.cli.capacity.constants import measured

    costs = measured()
    demand = model.Demand(electors, hours, peak_share, contests, turnout, recover_s=recover_s)
    found = model.plan(demand, costs)
    console = Console(highlight=False)
    console.print(f"{demand.ballots:,.0f} ballots, {found.peak:,.0f} a second in the busiest hour")
    console.print(_stages(found))
    console.print(
        f"{found.shards} shards (frozen once the log exists), {model.COPIES} copies of each record\n"
        f"disk of each broker: {model.size(found.disk_bytes)}, kept until certified; "
        f"its line at the peak: {model.size(found.network_bytes)}/s\n"
        f"all state lost: replayed in {found.recovery_s:,.0f} s\n"
    )
    console.print("Nearest to its limit:")
    for strain in found.strains[:3]:
        console.print(f"  {strain.used:6.1%}  {strain.what}")
    console.print(f"\nCosts as measured by `{costs.command}` on {costs.machine}", style="dim")


def _stages(found: "Plan") -> "Table":
    from rich.table import Table

    from services.cli.capacity import model

    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Service")
    for name in ("Processes", "Cores at the peak", "Memory of each"):
        table.add_column(name, justify="right")
    for stage in found.stages:
        table.add_row(stage.name, str(stage.processes), f"{stage.cores:.2f}", model.size(stage.memory_bytes))
    table.add_row("together", "", f"{found.cores:.1f} with room to spare", "", style="bold")
    return table
