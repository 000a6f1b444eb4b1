"""Commands about an election's definition before it is frozen: begin one, check one, describe what one is."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from services.cli.app import app, command

if TYPE_CHECKING:
    from shared.contract.elections import Election
    from shared.rcv.definitions.files import Found
    from shared.rcv.definitions.templates import NewContest, NewElection

MISTAKEN: Final = 1
"""Exit code: the definition has mistakes."""

TemplateName = Literal["committee", "council", "new-zealand", "leadership", "college", "priorities", "budget"]

election_app = typer.Typer(
    help="Check an election's definition, or describe what one is.\n\nExample: livecount election check club.yaml",
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(election_app, name="election")


@command("livecount new club", "livecount new ward-7 --template council --defaults")
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="The election's id, such as club-2026")],
    template: Annotated[
        TemplateName | None, typer.Option(help="What to begin with [default: it asks]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write [default: ID.yaml]")] = None,
    defaults: Annotated[  # noqa: FBT002
        bool, typer.Option("--defaults", help="Ask nothing: write the template as it is, to be edited")
    ] = False,
) -> None:
    """Ask who may vote and who stands, and write an election's definition as commented YAML.

    Beside it stands election.schema.json, by which editors complete and check what one writes.
    """
    from shared.contract.mistakes import slug
    from shared.rcv.definitions.templates import SCHEMA_FILE, TEMPLATES, write_definition

    if slug(name) != name or not name:
        raise ValueError(
            f"expected an id of a-z, 0-9 and hyphens, found {name!r}; perhaps {slug(name) or 'club'}"
        )
    file = out or Path(f"{name}.yaml")
    if file.exists():
        raise ValueError(f"{file} is there already: remove it, or name another by --out")
    if template is None and not defaults:
        for known, election in TEMPLATES.items():
            typer.echo(f"  {known:12}{election.about}")
        template = typer.prompt(
            "Which is most like yours?", default="committee", type=_one_of(list(TEMPLATES))
        )
    chosen = TEMPLATES[template or "committee"]
    file.write_text(write_definition(chosen if defaults else _asked(chosen), name))
    file.with_name(SCHEMA_FILE).write_text(_schema())
    typer.echo(f"{file} is written. Look at it, then: livecount election check {file}")


@election_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The election's definition, YAML or JSON")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the mistakes as JSON")] = False,  # noqa: FBT002
    preview: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--preview", help="Then show its ballot and, of made-up votes, its result; Ctrl-C ends it"
        ),
    ] = False,
) -> None:
    """Show every mistake of a definition at once: its line, what was expected, and what was perhaps meant.

    Without mistakes it is counted with made-up ballots, as before it is frozen: what could not be counted is shown, too.
    Exit code 0: it can be frozen; 1: it has mistakes; 2: it cannot be read.

    Example: livecount election check club.yaml --preview
    """
    from shared.rcv.definitions.files import check_file

    value, found = check_file(file, tried=True)
    if as_json:
        lines = [
            {"line": line, "path": of.where, "expected": of.expected, "suggestion": of.suggestion}
            for line, of in found
        ]
        typer.echo(json.dumps({"type": "definition-check/1", "mistakes": lines}, ensure_ascii=False))
    elif found:
        typer.echo(_mistakes(file, found), err=True)
    else:
        typer.echo(_summary(file, value))
    if found:
        raise typer.Exit(MISTAKEN)
    if preview:
        _preview(value)


def _preview(value: object) -> None:
    """Serve the ballot and the result of an election on free ports of this machine."""
    import asyncio
    import socket

    from services.cli.preview import Preview, serve
    from shared.contract.elections import Election

    shown = Preview(Election.model_validate(value))
    name = shown.election.id

    async def run() -> None:
        with socket.socket() as ballot, socket.socket() as results:
            for listener in (ballot, results):
                listener.bind(("127.0.0.1", 0))
            at_ballot, at_results = (f"http://127.0.0.1:{of.getsockname()[1]}" for of in (ballot, results))
            typer.echo(f"The ballot: {at_ballot}/vote/{name}/practice")
            typer.echo(f"The result, of made-up votes: {at_results}/elections/{name}")
            typer.echo("Nothing can be cast there, and nothing is kept. Ctrl-C ends it.", err=True)
            await asyncio.gather(serve(shown.ballot_site(), ballot), serve(shown.results_site(), results))

    asyncio.run(run())


@election_app.command()
def schema() -> None:
    """Print the JSON Schema of a definition, by which editors complete and check it.

    Example: livecount election schema > election.schema.json
    """
    typer.echo(_schema(), nl=False)


def read_election(file: Path) -> "Election":
    """Return the definition that a file holds. Raises OSError; ValueError with the first mistake in it."""
    from shared.contract.elections import Election
    from shared.rcv.definitions.files import check_file

    value, found = check_file(file)
    if found:
        more = (
            f"; and {len(found) - 1} more: `livecount election check {file}` shows all" if found[1:] else ""
        )
        raise ValueError(f"{file}:{found[0].line}: {found[0].mistake}{more}")
    return Election.model_validate(value)


def _mistakes(file: Path, found: "list[Found]") -> str:
    noun = "mistake" if len(found) == 1 else "mistakes"
    lines = [f"{file}:{line}: {of}" if line else f"{file}: {of}" for line, of in found]
    return "\n".join([*lines, f"{file}: {len(found)} {noun}; nothing is frozen"])


def _summary(file: Path, value: object) -> str:
    from shared.contract.elections import Election

    election = Election.model_validate(value)
    marked = " Everything will be marked as test data." if election.epoch == "test" else ""
    lines = [f"{file}: no mistakes. {election.title}, {election.electors:,} electors.{marked}"]
    for contest in election.contests:
        seats = "1 seat" if contest.seats == 1 else f"{contest.seats} seats"
        about = f"{len(contest.candidates)} candidates, {seats}"
        if contest.budget is not None:
            about = f"{len(contest.candidates)} projects, a budget of {contest.budget.amount:,}"
        lines.append(f"  {contest.title}: {about}, {contest.method}")
    return "\n".join([*lines, f"Next: livecount create {file}"])


def _schema() -> str:
    from shared.contract.elections import Election

    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Election.model_json_schema(),
        "title": "Definition of a Livecount election",
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _asked(chosen: "NewElection") -> "NewElection":
    """Return a template with what is answered in the place of its own."""
    from dataclasses import replace

    title = typer.prompt("Title of the election", default=chosen.title)
    sections = {}
    for section, electors in chosen.sections.items():
        sections[section] = typer.prompt(
            f"How many electors has the section {section}?", default=electors, type=int
        )
    contests = tuple(_asked_contest(contest) for contest in chosen.contests)
    return replace(chosen, title=title, sections=sections, contests=contests)


def _asked_contest(contest: "NewContest") -> "NewContest":
    from dataclasses import replace

    title = typer.prompt("A contest's title", default=contest.title)
    typer.echo(contest.about)
    listed = typer.prompt(
        f"Who stands for {title}? Names, with commas between", default=", ".join(contest.candidates)
    )
    names = tuple(filter(None, (name.strip() for name in listed.split(","))))
    if contest.budget:
        budget = typer.prompt("How much is there to be spent?", default=contest.budget, type=int)
        known = dict(zip(contest.candidates, contest.costs, strict=True))
        costs = tuple(
            typer.prompt(f"What does {name} cost?", default=known.get(name), type=int) for name in names
        )
        return replace(contest, title=title, candidates=names, budget=budget, costs=costs)
    seats = contest.seats
    if contest.method in {"scottish-stv", "new-zealand-stv", "sequential-irv"}:
        seats = typer.prompt("How many are elected?", default=min(seats, len(names)), type=int)
    return replace(contest, title=title, candidates=names, seats=seats)


def _one_of(values: list[str]) -> object:
    from click import Choice

    return Choice(values)
