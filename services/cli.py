"""The front door: `livecount` starts services, gives an operator's orders, recounts, and documents the log.

Rule 1: it decides nothing; it asks a service, or starts one.
Rule 2: an error is one line on standard error that says what was expected, and exit code 2.
"""

import asyncio
import json
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

if TYPE_CHECKING:
    from services.operator.client import OperatorClient

SERVICES = ("intake", "validation", "counting", "results", "operator")
OPERATOR_URL = "http://127.0.0.1:8102"

app = typer.Typer(
    help="Counts ranked-choice votes as they arrive.", no_args_is_help=True, pretty_exceptions_enable=False
)

ElectionArgument = Annotated[str, typer.Argument(metavar="ID", help="Election id, such as labour-2015")]
Operator = Annotated[str, typer.Option(envvar="LIVECOUNT_OPERATOR_URL", help="Where the operator listens")]
TokenFile = Annotated[
    Path, typer.Option(envvar="LIVECOUNT_OPERATOR_TOKEN_FILE", help="File with the operator's token")
]
By = Annotated[str, typer.Option(help="Who gives the order")]
Reason = Annotated[str, typer.Option(help="Why, for the record")]
TOKEN_FILE = Path(".livecount/operator-token")
WHO = os.environ.get("USER") or "operator"


def main() -> None:
    """Run the command line."""
    from services.operator.client import OperatorError

    try:
        app()
    except ValidationError as fault:
        _fail(_first_error(fault))
    except (OperatorError, OSError, ValueError, RuntimeError) as fault:
        _fail(str(fault))


def _first_error(fault: ValidationError) -> str:
    first = fault.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"livecount: {sentence}", err=True)
    sys.exit(2)


@app.command()
def up(
    kafka: Annotated[str | None, typer.Option(help="host:port of a Kafka to use; default: embedded")] = None,
    redis: Annotated[str | None, typer.Option(help="URL of a Redis to use; default: embedded")] = None,
    data_dir: Annotated[Path, typer.Option(help="Folder for everything that is kept")] = Path(".livecount"),
    namespace: Annotated[str, typer.Option(help="Stands before every topic's name")] = "local",
) -> None:
    """Run all of Livecount on this machine until Ctrl-C.

    Example: livecount up --data-dir .livecount
    """
    asyncio.run(_up(kafka, redis, data_dir, namespace))


async def _up(kafka: str | None, redis: str | None, data_dir: Path, namespace: str) -> None:
    from infra.local.deployment import DEFAULT_PORTS, plan
    from infra.local.stack import Stack, cancel_on_signals

    cancel_on_signals()
    try:
        async with Stack(plan(data_dir, namespace, kafka=kafka, redis=redis)) as stack:
            at = f"http://127.0.0.1:{DEFAULT_PORTS['results']}"
            typer.echo(f"Livecount is up: {at}, Kafka at {stack.addresses.kafka}. Ctrl-C ends it.")
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        typer.echo("Livecount has stopped.")


def _service_command(name: str) -> None:
    @app.command(
        name, help=f"Run {name} until it is told to stop.\n\nExample: LIVECOUNT_PORT=9000 livecount {name}"
    )
    def run() -> None:
        runpy.run_module(f"services.{name}", run_name="__main__", alter_sys=True)


for _name in SERVICES:
    _service_command(_name)


@app.command()
def create(
    file: Annotated[Path, typer.Argument(help="The election's definition, JSON")],
    operator: Operator = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
) -> None:
    """Freeze an election's definition.

    Example: livecount create labour-2015.json
    """
    from shared.contract.elections import Election

    try:
        election = Election.model_validate_json(file.read_bytes())
    except ValidationError as fault:
        _fail(f"{file}: {_first_error(fault)}")
    with _client(operator, token_file) as client:
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
    with _client(operator, token_file) as client:
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
        with _client(operator, token_file) as client:
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

    with _client(operator, token_file) as client:
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
        with _client(operator, token_file) as client:
            body = {"elector": elector, "by": by, "reason": reason}
            typer.echo(client.post(f"/v1/elections/{election}/{name}", body)["status"])


_elector_command("void", "Take an elector's right to vote, and any ballot it has cast, out of the count.")
_elector_command("restore", "Take a void back.")


@app.command()
def status(
    election: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this election")] = None,
    operator: Operator = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
) -> None:
    """Show where elections stand.

    Example: livecount status
    """
    with _client(operator, token_file) as client:
        found = [client.get(f"/v1/elections/{election}")] if election else client.get("/v1/elections")
    for announced in found:
        _tell(announced)


@app.command()
def recount(
    election: ElectionArgument,
    watermark: Annotated[
        str | None, typer.Option(help="Records to read of each shard, such as 9,8,9,9")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,  # noqa: FBT002
) -> None:
    """Count the log again, independently of the counting service.

    Example: LIVECOUNT_KAFKA=127.0.0.1:9092 livecount recount labour-2015
    """
    from services.audit.__main__ import main as audit

    audit(election, watermark, as_json)


@app.command()
def topics() -> None:
    """Create the topics that a deployment needs, as LIVECOUNT_NAMESPACE, _SHARDS, _REPLICATION say.

    Example: LIVECOUNT_KAFKA=127.0.0.1:9092 livecount topics
    """
    from infra.local.topics import create_topics
    from shared.runtime.settings import Settings

    settings = Settings()
    from infra.local.deployment import all_topics

    specs = all_topics(
        settings.namespace,
        shards=settings.shards,
        contest_partitions=settings.contest_partitions,
        replication=settings.replication,
    )
    asyncio.run(create_topics(settings.kafka, specs))
    for spec in specs:
        typer.echo(f"{spec.name}: {spec.partitions} partitions")


@app.command()
def asyncapi(
    namespace: Annotated[str, typer.Option(help="Stands before every topic's name")] = "local",
) -> None:
    """Print the AsyncAPI document of every topic.

    Example: livecount asyncapi > asyncapi.json
    """
    from shared.contract import documents
    from shared.runtime.telemetry import ShardReport

    document = documents.asyncapi(namespace, version="1", beyond={"ShardReport": (ShardReport,)})
    typer.echo(json.dumps(document, indent=2))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of intake, results and operator.

    Example: livecount openapi > openapi.json
    """
    from services.intake import openapi as intake
    from services.operator.api import openapi_document
    from services.results import openapi as results

    document = openapi_document()
    document["info"]["title"] = "Livecount"
    document["info"]["description"] = "Intake, results and operator; each listens on its own port."
    document["components"]["schemas"] |= results.schemas()
    for path, operations in (intake.paths() | results.paths()).items():
        document["paths"].setdefault(path, {}).update(
            {k: v for k, v in operations.items() if k not in document["paths"].get(path, {})}
        )
    typer.echo(json.dumps(document, indent=2))


def _client(operator: str, token_file: Path) -> "OperatorClient":
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


if __name__ == "__main__":
    main()
