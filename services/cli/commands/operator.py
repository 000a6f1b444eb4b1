"""Commands that give an officer's orders to the operator's service, and show what became of them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from services.cli.app import app
from services.cli.errors import first_error

if TYPE_CHECKING:
    from services.cli.clients.operator import OperatorClient
    from shared.contract.events import ElectionAnnounced

T = TypeVar("T")

OPERATOR_URL = "http://127.0.0.1:8102"
TOKEN_FILE = Path(".livecount/operator-token")
WHO = os.environ.get("USER") or "operator"
UNTIL_FINAL_S: Final = 30.0
"""How long `certify` waits for the count of an election that has just been closed."""

ElectionArgument = Annotated[str, typer.Argument(metavar="ID", help="Election id, such as labour-2015")]
Operator = Annotated[str, typer.Option(envvar="LIVECOUNT_OPERATOR_URL", help="Where the operator listens")]
TokenFile = Annotated[
    Path, typer.Option(envvar="LIVECOUNT_OPERATOR_TOKEN_FILE", help="File with the operator's token")
]
By = Annotated[str, typer.Option(help="Who gives the order")]
Reason = Annotated[str, typer.Option(help="Why, for the record")]


@app.command()
def create(
    file: Annotated[Path, typer.Argument(help="The election's definition, JSON")],
    operator: Operator = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
) -> None:
    """Freeze an election's definition.

    Example: livecount create labour-2015.json
    """
    from pydantic import ValidationError

    from shared.contract.elections import Election

    try:
        election = Election.model_validate_json(file.read_bytes())
    except ValidationError as fault:
        raise ValueError(f"{file}: {first_error(fault)}") from None
    _show(ask(operator, token_file, lambda client: client.configure(election)))


@app.command()
def codes(
    election: ElectionArgument,
    out: Annotated[Path, typer.Option(help="CSV file to write, readable by its owner only")],
    section: Annotated[str | None, typer.Option(help="Only this section of the roll")] = None,
    operator: Operator = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
) -> None:
    """Write the voting codes of a whole roll to a file.

    Example: livecount codes labour-2015 --out codes.csv
    """
    written = ask(operator, token_file, lambda client: client.save_codes(election, out, section))
    typer.echo(f"{written:,} voting codes in {out}")


def _order_command(name: str, what: str) -> None:
    @app.command(name, help=f"{what}\n\nExample: livecount {name} labour-2015 --by ada --reason 'as agreed'")
    def order(
        election: ElectionArgument,
        by: By = WHO,
        reason: Reason = "",
        operator: Operator = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
    ) -> None:
        from shared.contract.events import ElectionAnnounced
        from shared.contract.lifecycle import Command

        answer = ask(
            operator,
            token_file,
            lambda client: client.order(election, Command(name)),
            by=by,
            reason=reason,
        )
        _show(ElectionAnnounced.model_validate_json(answer or b""))


_order_command("open", "Let ballots count.")
_order_command("pause", "Refuse ballots until the election is resumed.")
_order_command("resume", "Let ballots count again.")
_order_command("close", "End voting. There is no way back.")


@app.command()
def certify(
    election: ElectionArgument,
    by: By = WHO,
    reason: Reason = "",
    operator: Operator = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
) -> None:
    """Certify a closed election if an independent recount agrees in everything.

    Example: livecount certify labour-2015 --by ada
    """
    certificate = ask(
        operator,
        token_file,
        lambda client: client.certify(election, until_final_s=UNTIL_FINAL_S),
        by=by,
        reason=reason,
    )
    assert certificate is not None, "who asks once has an answer or an error"
    for contest, counted in certificate.contests.items():
        elected = ", ".join(counted.results.elected) or "nobody"
        typer.echo(f"certified {election}/{contest}: {elected} ({counted.result_hash})")


def _elector_command(name: str, what: str) -> None:
    @app.command(
        name, help=f"{what}\n\nExample: livecount {name} labour-2015 --elector 4711 --reason 'joined twice'"
    )
    def change(
        election: ElectionArgument,
        elector: Annotated[int, typer.Option(min=0, help="Number on the roll")],
        by: By = WHO,
        reason: Reason = "",
        operator: Operator = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
    ) -> None:
        from shared.contract.lifecycle import Command

        ask(
            operator,
            token_file,
            lambda client: client.order(election, Command(name), elector=elector),
            by=by,
            reason=reason,
        )
        typer.echo(f"{name} recorded")


_elector_command("void", "Take an elector's right to vote, and any ballot it has cast, out of the count.")
_elector_command("restore", "Take a void back.")


def _candidate_command(name: str, what: str) -> None:
    @app.command(
        name,
        help=f"{what}\n\nExample: livecount {name} labour-2015 deputy/flint --reason 'by her own letter'",
    )
    def change(
        election: ElectionArgument,
        who: Annotated[str, typer.Argument(metavar="CONTEST/CANDIDATE", help="Ids, such as deputy/flint")],
        by: By = WHO,
        reason: Reason = "",
        operator: Operator = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
    ) -> None:
        from shared.contract.events import ElectionAnnounced
        from shared.contract.lifecycle import Command

        contest, _, candidate = who.partition("/")
        answer = ask(
            operator,
            token_file,
            lambda client: client.order(election, Command(name), contest=contest, candidate=candidate),
            by=by,
            reason=reason,
        )
        announced = ElectionAnnounced.model_validate_json(answer or b"")
        out = ", ".join("/".join(entry) for entry in announced.withdrawn) or "nobody"
        typer.echo(f"{election}: withdrawn now: {out}")


_candidate_command("withdraw", "Take a candidate out of a contest: ballots go to whom they rank next.")
_candidate_command("reinstate", "Take a candidate's withdrawal back.")


@app.command()
def status(
    election: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this election")] = None,
    operator: Operator = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
) -> None:
    """Show where elections stand.

    Example: livecount status
    """

    async def found(client: "OperatorClient") -> "list[ElectionAnnounced]":
        return [await client.election(election)] if election else await client.elections()

    for announced in ask(operator, token_file, found):
        _show(announced)


def ask(
    operator: str,
    token_file: Path,
    asking: "Callable[[OperatorClient], Awaitable[T]]",
    *,
    by: str = "operator",
    reason: str = "",
) -> T:
    """Return what the operator answers. Raises OperatorError; ValueError if there is no token."""
    import httpx

    from services.cli.clients.operator import TIMEOUT_S, OperatorClient

    token = os.environ.get("LIVECOUNT_OPERATOR_TOKEN")
    if token is None and not token_file.is_file():
        raise ValueError(
            f"{token_file}: no token there; `livecount up` makes one, or name it by --token-file"
        )
    token = token or token_file.read_text().strip()

    async def run() -> T:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            return await asking(OperatorClient(http, operator, token, by=by, reason=reason))

    return asyncio.run(run())


def _show(announced: "ElectionAnnounced") -> None:
    definition = announced.definition
    typer.echo(f"{definition.id}: {announced.phase} since {announced.at}, {definition.electors:,} electors")
