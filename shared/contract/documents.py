"""The AsyncAPI 3 document of the log: made from the declared topics and the records' own schemas.

Rule 1: nothing in it is written by hand that the code knows; what it says cannot fall behind.
Rule 2: an array record is described as the array it is on the wire.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.contract.events import ArrayRecord, BallotCast, Control, ElectionAnnounced
from shared.contract.standings import Standing
from shared.contract.tallies import TallyChanged
from shared.contract.topics import TOPICS, Topic
from shared.contract.verdicts import ControlJudged, Verdicts

ASYNCAPI = "3.0.0"
Kinds = Mapping[str, Sequence[type[BaseModel]]]
"""For each word of a topic's `value`, the records it stands for."""

KINDS: Kinds = {
    "BallotCast": (BallotCast,),
    "Control": get_args(get_args(Control)[0]),
    "Verdicts": (Verdicts,),
    "ControlJudged": (ControlJudged,),
    "TallyChanged": (TallyChanged,),
    "Standing": (Standing,),
    "ElectionAnnounced": (ElectionAnnounced,),
}


def asyncapi(namespace: str, version: str, beyond: Kinds) -> dict[str, Any]:
    """Return the document. `beyond` holds the records of topics that the contract does not define itself."""
    kinds = {**KINDS, **beyond}
    models = [model for group in kinds.values() for model in group]
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
            "messages": {model.__name__: _message(model) for model in models},
            "schemas": _schemas(models),
        },
    }


def _channel(topic: Topic, namespace: str, kinds: Kinds) -> dict[str, Any]:
    names = [model.__name__ for word in topic.value.split(" | ") for model in kinds[word]]
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


def _message(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": model.model_fields["type"].default,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }


def _schemas(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    _, document = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = document["$defs"]
    arrays = {model.__name__: list(model.model_fields) for model in models if issubclass(model, ArrayRecord)}
    return schemas | {name: _as_array(schemas[name], fields) for name, fields in arrays.items()}


def _as_array(schema: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "array",
        "description": schema.get("description", ""),
        "items": [schema["properties"][name] for name in fields],
        "minItems": len(fields),
        "maxItems": len(fields),
    }
