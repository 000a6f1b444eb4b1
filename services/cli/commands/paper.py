"""Commands for ballots on paper: draw them, type what is on them, compare two tellers, cast what both have written."""

import asyncio
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from services.cli.app import command
from services.cli.common import INTAKE_URL
from services.cli.errors import naming

if TYPE_CHECKING:
    from services.cli.clients.ballots import Answer
    from shared.contract.elections import Contest, Election

DIFFERENT: Final = 1
"""Exit code: two tellers wrote something else, and nothing was cast."""

DefinitionFile = Annotated[Path, typer.Argument(metavar="DEFINITION", help="The election's definition, JSON")]
CodesFile = Annotated[Path, typer.Option("--codes", help="The file that `codes` wrote")]


@command(
    "livecount draw definition.json --codes codes.csv --section postal --out papers.pdf",
    "livecount draw definition.json --codes codes.csv --out large.pdf --size large",
)
def draw(
    definition: DefinitionFile,
    codes: CodesFile,
    out: Annotated[Path, typer.Option(help="PDF to write")],
    section: Annotated[str | None, typer.Option(help="Only for codes of this section")] = None,
    size: Annotated[Literal["normal", "large"], typer.Option(help="Names of 12 or 18 points")] = "normal",
    font: Annotated[
        Path | None, typer.Option(help="TrueType font [default: Helvetica, which has Western letters only]")
    ] = None,
) -> None:
    """Draw a paper ballot for each code, A4, as PDF.

    A paper bears the number of its code and not the code. Hand papers out at random, and write down nowhere who has which.
    """
    from services.cli.paper.drawing import Paper, write
    from services.cli.paper.entry import read_codes

    found = read_codes(codes)
    drawn = [Paper(n, of.section) for n, of in sorted(found.items()) if section in (None, of.section)]
    if not drawn:
        raise ValueError(f"{codes}: no code of section {section}")
    write(_definition(definition), drawn, out, size, font)
    typer.echo(f"{out}: {len(drawn):,} papers")


@command("livecount enter definition.json --out ada.csv")
def enter(
    definition: DefinitionFile,
    out: Annotated[Path, typer.Option(help="Sheet to write, CSV; one that is there is continued")],
) -> None:
    """Type what stands on papers, one after another: a number, then the letters of each contest in order.

    Two tellers do so apart, each into a sheet of their own. An empty number ends it; to correct a paper, change its line in the sheet.
    """
    from services.cli.paper.entry import read_sheet

    election = _definition(definition)
    there = set(read_sheet(out, election)) if out.exists() else set()
    with out.open("a", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        if not there and not out.stat().st_size:
            rows.writerow(["number", *(contest.id for contest in election.contests)])
        while number := typer.prompt("Paper", default="", show_default=False).strip():
            if not (number.isascii() and number.isdecimal()) or int(number) in there:
                typer.echo(f"  expected the number of a paper that is not in {out} yet", err=True)
                continue
            rows.writerow([number, *(_asked(contest) for contest in election.contests)])
            file.flush()
            there.add(int(number))
    typer.echo(f"{out}: {len(there):,} papers")


@command(
    "livecount compare definition.json ada.csv ben.csv",
    "livecount compare definition.json ada.csv ben.csv --cast --codes codes.csv",
)
def compare(
    definition: DefinitionFile,
    first: Annotated[Path, typer.Argument(help="One teller's sheet")],
    second: Annotated[Path, typer.Argument(help="The other teller's sheet")],
    cast: Annotated[bool, typer.Option("--cast", help="Cast the papers if the sheets are alike")] = False,  # noqa: FBT002
    codes: Annotated[Path | None, typer.Option(help="The file that `codes` wrote")] = None,
    intake: Annotated[
        str, typer.Option(envvar="LIVECOUNT_INTAKE_URL", help="Where intake listens")
    ] = INTAKE_URL,
) -> None:
    """Compare what two tellers typed of the same papers; cast it once there is no difference.

    Exit code 1: the differences, paper by paper; nothing was cast. Cast twice, papers are the same ballots and count once.
    """
    from services.cli.paper.entry import differences, forms, read_codes, read_sheet

    if first.resolve() == second.resolve():
        raise ValueError(f"{first}: expected the sheets of two tellers, found one twice")
    election = _definition(definition)
    sheet, other = read_sheet(first, election), read_sheet(second, election)
    found = list(differences(sheet, other, election))
    for paper, contest, ours, theirs in found:
        typer.echo(f"paper {paper}, {contest}: {first} has {_shown(ours)}, {second} has {_shown(theirs)}")
    if found:
        typer.echo(
            f"{len({of.paper for of in found})} of {len({*sheet, *other}):,} papers differ: nothing was cast"
        )
        raise typer.Exit(DIFFERENT)
    typer.echo(f"{len(sheet):,} papers, alike in both sheets")
    if cast:
        if codes is None:
            raise ValueError("expected --codes FILE beside --cast")
        bodies = forms(sheet, read_codes(codes), election)
        asyncio.run(_cast(f"{intake}/v1/elections/{election.id}/ballots", bodies))
        typer.echo(f"{len(bodies):,} ballots recorded")


async def _cast(url: str, bodies: list[bytes]) -> None:
    import httpx

    from services.cli.clients.ballots import LATER, BallotClient, CastingFailed

    def settle(_place: int, answer: "Answer") -> bool:
        if answer.status == "recorded":
            return True
        if answer.problem.get("status") in LATER:
            return False
        raise CastingFailed(f"line {answer.line}: intake answered {answer.problem}")

    async with httpx.AsyncClient(timeout=30) as http:
        await BallotClient(http, url).cast(bodies, settle, bulk=True)


def _asked(contest: "Contest") -> str:
    """Ask for a contest's letters until they are marks of it."""
    from services.cli.paper.entry import read_letters

    while True:
        text: str = typer.prompt(f"  {contest.title}", default="", show_default=False)
        try:
            read_letters(text, contest)
        except ValueError as fault:
            typer.echo(f"    {fault}", err=True)
        else:
            return text.upper().strip()


def _definition(file: Path) -> "Election":
    from shared.contract.elections import Election

    with naming(file):
        return Election.model_validate_json(file.read_bytes())


def _shown(letters: str | None) -> str:
    return "no such paper" if letters is None else repr(letters)
