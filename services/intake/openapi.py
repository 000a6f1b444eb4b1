"""Intake's part of the OpenAPI document."""

from typing import Any

import msgspec

from services.intake.forms import Form
from services.intake.routes import NOTE

PATH = "/v1/elections/{election}/ballots"
_ELECTION = {"name": "election", "in": "path", "required": True, "schema": {"type": "string"}}
_PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
_REFUSALS = {
    400: "Not JSON, or not one reading",
    403: "Not a genuine voting code",
    404: "No such election",
    409: "The election is not open, or a ballot of this id was sent before with other rankings (`field` is `ballot_id`)",
    413: "Too large",
    415: "Unsupported media type",
    422: "A field is not what was expected; `field` names it",
    429: "Too many ballots with this voting code, or too many wrong codes or ballots from this address; see Retry-After",
    503: "Not recorded; send the same ballot again after Retry-After",
}
_RECORDED = {
    "type": "object",
    "properties": {
        "ballot_id": {"type": "string"},
        "status": {"const": "recorded"},
        "shard": {"type": "integer"},
        "receipt": {"type": "string"},
        "note": {"const": NOTE},
    },
}


def paths() -> dict[str, Any]:
    """Return intake's routes."""
    refusals = {str(status): {"description": words, **_PROBLEM} for status, words in _REFUSALS.items()}
    return {
        PATH: {
            "post": _operation(
                "Cast one ballot",
                {"application/json": {"schema": form_schema()}},
                {"202": _answer("In the log, not yet judged", "application/json"), **refusals},
            )
        },
        f"{PATH}/bulk": {
            "post": _operation(
                "Cast a stream of ballots, one JSON object a line",
                {"application/x-ndjson": {"schema": form_schema()}},
                {"200": _answer("One answer a line, as each is recorded or refused", "application/x-ndjson")},
            )
        },
    }


def form_schema() -> dict[str, Any]:
    """Return the JSON Schema of a ballot form, made from the form itself."""
    _, components = msgspec.json.schema_components([Form])
    return {**components["Form"], "additionalProperties": False}


def _operation(summary: str, content: dict[str, Any], responses: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": ["intake"],
        "parameters": [_ELECTION],
        "requestBody": {"required": True, "content": content},
        "responses": responses,
    }


def _answer(description: str, media: str) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": _RECORDED}}}
