"""Commands that document the log and the interfaces, from the code."""

import asyncio
import json
from typing import Annotated

import typer

from services.cli.app import app


@app.command()
def topics() -> None:
    """Create the topics that a deployment needs, as LIVECOUNT_NAMESPACE, _SHARDS, _REPLICATION say.

    Example: LIVECOUNT_KAFKA=127.0.0.1:9092 livecount topics
    """
    from infra.local.topics import create_topics
    from shared.contract.topics import topic_specs
    from shared.runtime.settings import Settings

    settings = Settings()
    specs = topic_specs(
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
    from shared.runtime.process.telemetry import ShardReport

    document = documents.asyncapi(namespace, version="1", beyond={"ShardReport": ShardReport})
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
