"""Commands that give an operator's orders."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.app import app
from services.cli.errors import first_error

if TYPE_CHECKING:
    from services.operator.client import OperatorClient

OPERATOR_URL = "http://127.0.0.1:8102"
TOKEN_FILE = Path(".livecount/operator-token")
WHO = os.environ.get("USER") or "operator"

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
    with operator_client(operator, token_file) as client:
        _tell(client.post("/v1/elections", election.model_dump(mode="json")))


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
    query = f"?section={section}" if section else ""
    with operator_client(operator, token_file) as client:
        lines = client.save(f"/v1/elections/{election}/codes{query}", out)
    typer.echo(f"{lines - 1:,} voting codes in {out}")


def _order_command(name: str, what: str) -> None:
    @app.command(name, help=f"{what}\n\nExample: livecount {name} labour-2015 --by ada --reason 'as agreed'")
    def order(
        election: ElectionArgument,
        by: By = WHO,
        reason: Reason = "",
        operator: Operator = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
    ) -> None:
        with operator_client(operator, token_file) as client:
            _tell(client.post(f"/v1/elections/{election}/{name}", {"by": by, "reason": reason}))


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
    from services.operator.client import RECOUNT_TIMEOUT_S

    with operator_client(operator, token_file) as client:
        path, body = f"/v1/elections/{election}/certify", {"by": by, "reason": reason}
        answer = client.post(path, body, RECOUNT_TIMEOUT_S)
    for contest, counted in answer["contests"].items():
        elected = ", ".join(counted["results"]["elected"]) or "nobody"
        typer.echo(f"certified {election}/{contest}: {elected} ({counted['result_hash']})")


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
        with operator_client(operator, token_file) as client:
            body = {"elector": elector, "by": by, "reason": reason}
            typer.echo(client.post(f"/v1/elections/{election}/{name}", body)["status"])


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
        contest, _, candidate = who.partition("/")
        body = {"contest": contest, "candidate": candidate, "by": by, "reason": reason}
        with operator_client(operator, token_file) as client:
            announced = client.post(f"/v1/elections/{election}/{name}", body)
        out = ", ".join("/".join(entry) for entry in announced["withdrawn"]) or "nobody"
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
    with operator_client(operator, token_file) as client:
        found = [client.get(f"/v1/elections/{election}")] if election else client.get("/v1/elections")
    for announced in found:
        _tell(announced)


def operator_client(operator: str, token_file: Path) -> "OperatorClient":
    """Return the operator's API, with the token. Raises ValueError if there is no token."""
    from services.operator.client import OperatorClient

    token = os.environ.get("LIVECOUNT_OPERATOR_TOKEN")
    if token is None and not token_file.is_file():
        raise ValueError(
            f"{token_file}: no token there; `livecount up` makes one, or name it by --token-file"
        )
    return OperatorClient(operator, token or token_file.read_text().strip())


def _tell(announced: Any) -> None:
    name, electors = announced["definition"]["id"], _electors(announced["definition"])
    typer.echo(f"{name}: {announced['phase']} since {announced['at']}, {electors:,} electors")


def _electors(definition: Any) -> int:
    return sum(section["electors"] for section in definition["sections"])
