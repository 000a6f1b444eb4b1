"""Commands that document the log, the interfaces and the settings, from the code."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

from services.cli.app import app

if TYPE_CHECKING:
    from shared.runtime.settings import Settings


@app.command()
def topics(
    *,
    root: Annotated[
        Path | None, typer.Option(help="Root key's file: found the log as well, as LIVECOUNT_LOG_ID names it")
    ] = None,
    acls: Annotated[
        bool,
        typer.Option("--acls", help="Grant each service on Kafka what it must do there, and nothing else"),
    ] = False,
) -> None:
    """Create the topics that a deployment needs, as LIVECOUNT_NAMESPACE, _SHARDS, _REPLICATION say.

    With --acls the rights on Kafka become those that `livecount rights` prints: what is missing is granted, what is there
    beside it in this namespace is taken away. Kafka must be reached as principal `topics`, a superuser of it.

    With --root the first record of every empty shard is written too, signed by the root key; what is founded already is
    compared. The key may be kept offline afterwards: it is needed again to configure an election or to replace a lost key.

    Example: LIVECOUNT_KAFKA=127.0.0.1:9092 livecount topics --root root.key
    """
    import logging

    from infra.local.topics import create_topics, grant
    from services.cli.clients.keys import read_key
    from shared.contract.rights import rights
    from shared.contract.signing import public_key
    from shared.contract.topics import topic_specs
    from shared.runtime.kafka.founding import found_log
    from shared.runtime.settings import Settings

    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # what it has to say is in the error
    settings = Settings()
    private = None if root is None else read_key(root)
    if private is not None:
        settings.require_log()
        if public_key(private) != settings.root_key:
            raise ValueError(
                f"{root}: its public key is {public_key(private)}, LIVECOUNT_ROOT_KEY is another"
            )
    specs = topic_specs(
        settings.namespace,
        shards=settings.shards,
        contest_partitions=settings.contest_partitions,
        replication=settings.replication,
    )
    asyncio.run(create_topics(settings.brokers, specs))
    for spec in specs:
        typer.echo(f"{spec.name}: {spec.partitions} partitions")
    if acls:
        wanted = rights(settings.namespace)
        for gone in asyncio.run(grant(settings.brokers, settings.namespace, wanted)):
            typer.echo(f"taken away: {gone}")
        for right in wanted:
            typer.echo(f"granted: {right}")
    if private is not None:
        asyncio.run(
            found_log(settings.brokers, settings.namespace, settings.log_id, settings.shards, private)
        )
        typer.echo(f"log {settings.log_id}: {settings.shards} shards founded")


@app.command(name="rights")
def print_rights(
    *,
    namespace: Annotated[
        str, typer.Option(help="Stands before every topic's name", envvar="LIVECOUNT_NAMESPACE")
    ] = "local",
    strimzi: Annotated[bool, typer.Option("--strimzi", help="As KafkaUsers for Kubernetes, in YAML")] = False,
) -> None:
    """Print what each service may do on Kafka, as the table of topics says: a line a right.

    Example: livecount rights --namespace live --strimzi > infra/kubernetes/users.yaml
    """
    from shared.contract.rights import kafka_users, rights

    found = rights(namespace)
    if strimzi:
        typer.echo(
            f"# Made by `livecount rights --namespace {namespace} --strimzi`; a test holds this file to it."
        )
        typer.echo("\n---\n".join(json.dumps(user, indent=2) for user in kafka_users(found)))
    else:
        typer.echo("\n".join(map(str, found)))


@app.command()
def certificates(
    folder: Annotated[Path, typer.Argument(help="Where to; made if it is not there")],
    host: Annotated[
        list[str] | None,
        typer.Option(help="A further name or address at which services are reached; again for more"),
    ] = None,
) -> None:
    """Make an authority, and certificates for Kafka, Valkey and each service, where they are missing.

    A service shows its own to Kafka, which knows it by the name in it, and may serve HTTP with it. Keep ca.key offline.

    Example: livecount certificates certificates --host vote.example.org
    """
    from datetime import UTC, datetime

    from infra.local.certificates import make_certificates

    for made in make_certificates(folder, datetime.now(UTC), host or ()):  # noqa: TID251  a certificate begins now
        typer.echo(made)


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
    from services.operator.api.app import openapi_document
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


@app.command()
def settings() -> None:
    """Print every setting of every service and command, as Markdown.

    Example: livecount settings > infra/SETTINGS.md
    """
    typer.echo("\n".join(_settings_document()))


def _settings_document() -> Iterator[str]:
    from services.audit.settings import AuditSettings
    from services.counting.settings import CountingSettings
    from services.intake.settings import IntakeSettings
    from services.operator.settings import OperatorSettings
    from services.proofs.settings import ProofsSettings
    from services.results.settings import ResultsSettings
    from services.validation.settings import ValidationSettings
    from shared.runtime.settings import Settings

    yield "# Settings"
    yield ""
    yield "Printed by `livecount settings` from the code; a test holds this file to it. Each setting is an environment"
    yield "variable. A wrong value ends the process with a sentence that names the setting."
    yield from _settings_table("Every service", Settings, {})
    common = Settings.model_json_schema()["properties"]
    for room, own in (
        ("intake", IntakeSettings),
        ("validation", ValidationSettings),
        ("counting", CountingSettings),
        ("results", ResultsSettings),
        ("operator", OperatorSettings),
        ("proofs", ProofsSettings),
        ("`livecount verify`, `export`, `import`", AuditSettings),
    ):
        yield from _settings_table(room[0].upper() + room[1:], own, common)
    yield from ("", "## Options of commands", "", "| variable | stands for | of |", "|---|---|---|")
    options: dict[tuple[str, str], list[str]] = {}
    for name, found in sorted(typer.main.get_command(app).commands.items()):  # type: ignore[attr-defined]
        for option in found.params:
            if option.envvar:
                options.setdefault((option.envvar, option.opts[0]), []).append(f"`{name}`")
    for (variable, option), commands in sorted(options.items()):
        yield f"| `{variable}` | `{option}` | {', '.join(commands)} |"


def _settings_table(title: str, settings: "type[Settings]", common: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| variable | default | allowed | |", "|---|---|---|---|")
    for name, field in settings.model_json_schema()["properties"].items():
        if field.get("default") == common.get(name, {}).get("default") and name in common:
            continue
        described = field.get("description") or common[name]["description"]
        default = "none" if field.get("default") is None else f"`{field['default']}`"
        yield f"| `LIVECOUNT_{name.upper()}` | {default} | {_allowed(field)} | {described} |"


def _allowed(field: dict[str, Any]) -> str:
    """Return which values a setting may have, in words."""
    kinds = field.get("anyOf", [field])
    first = kinds[0]
    if "pattern" in first:
        return f"`{first['pattern']}`".replace("|", "\\|")
    if first["type"] not in {"integer", "number"}:
        return f"{first['minLength']} characters or more" if "minLength" in first else "text"
    least, most, above = (first.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    if above is not None:
        return f"more than {above:g}"
    return f"{least:,} or more" if most is None else f"{least:,} to {most:,}"
