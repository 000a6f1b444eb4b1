"""The AsyncAPI 3 document of the log: made from the declared topics and the records' own schemas.

Nothing in it is written by hand that the code knows. Records in msgpack are described as the arrays that they are; what a
signed record carries as a string is described by the payloads, each a schema of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.contract.events import ElectionAnnounced, Payload, RollKnown, SignedRecord
from shared.contract.packs import Pack
from shared.contract.standings import Standing
from shared.contract.tallies import TallyChanged
from shared.contract.topics import TOPICS, Topic
from shared.contract.verdict_ranges import Verdicts
from shared.contract.verdicts import ControlJudged

ASYNCAPI = "3.0.0"
Record = type[BaseModel] | type[msgspec.Struct]
Kinds = Mapping[str, Record]
"""For each word of a topic's `value`, the record it stands for."""

KINDS: Kinds = {
    "Pack": Pack,
    "SignedRecord": SignedRecord,
    "Verdicts": Verdicts,
    "ControlJudged": ControlJudged,
    "RollKnown": RollKnown,
    "TallyChanged": TallyChanged,
    "Standing": Standing,
    "ElectionAnnounced": ElectionAnnounced,
}
PAYLOADS: Sequence[type[BaseModel]] = get_args(get_args(Payload)[0])


def asyncapi(namespace: str, version: str, beyond: Kinds) -> dict[str, Any]:
    """Return the document. `beyond` holds the records of topics that the contract does not define itself."""
    kinds = {**KINDS, **beyond}
    return {
        "asyncapi": ASYNCAPI,
        "info": {"title": "Livecount", "version": version, "description": "Every topic and what it carries"},
        "defaultContentType": "application/json",
        "channels": {topic.noun: _channel(topic, namespace, kinds) for topic in TOPICS},
        "operations": {
            f"{writer.replace(' ', '-')}-writes-{topic.noun}": _operation(topic)
            for topic in TOPICS
            for writer in topic.writers
        },
        "components": {
            "messages": {record.__name__: _message(record) for record in kinds.values()},
            "schemas": _schemas(list(kinds.values())),
        },
    }


def _channel(topic: Topic, namespace: str, kinds: Kinds) -> dict[str, Any]:
    names = [kinds[word].__name__ for word in topic.value.split(" | ")]
    return {
        "address": topic.name(namespace),
        "description": f"{topic.why}. Key: {topic.key}. Partitions: {topic.partitions}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": topic.name(namespace), "topicConfiguration": _configuration(topic)}},
    }


def _configuration(topic: Topic) -> dict[str, Any]:
    config: dict[str, Any] = dict(topic.config)
    config["cleanup.policy"] = config["cleanup.policy"].split(",")
    return config | {
        name: int(config[name]) for name in ("retention.ms", "retention.bytes") if name in config
    }


def _operation(topic: Topic) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic.noun}"}}


def _message(record: Record) -> dict[str, Any]:
    return {
        "name": _tag(record),
        "summary": (record.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json" if issubclass(record, BaseModel) else "application/msgpack",
        "payload": {"$ref": f"#/components/schemas/{record.__name__}"},
    }


def _tag(record: Record) -> Any:
    if issubclass(record, BaseModel):
        return record.model_fields["type"].default
    return record.__struct_config__.tag


def _schemas(records: Sequence[Record]) -> dict[str, Any]:
    models = [record for record in records if issubclass(record, BaseModel)]
    structs = [record for record in records if issubclass(record, msgspec.Struct)]
    reference = "#/components/schemas/{model}"
    _, document = models_json_schema(
        [(model, "validation") for model in (*models, *PAYLOADS)], ref_template=reference
    )
    _, arrays = msgspec.json.schema_components(structs, ref_template=reference.replace("model", "name"))
    return {**document["$defs"], **arrays}
