"""Results' part of the OpenAPI document."""

from typing import Any

from shared.contract.events import ElectionAnnounced
from shared.contract.standings import Standing

CONTEST = "/v1/elections/{election}/contests/{contest}"


def paths() -> dict[str, Any]:
    """Return results' routes."""
    announced = ElectionAnnounced.model_json_schema(ref_template="#/components/schemas/{model}")
    standing = Standing.model_json_schema(ref_template="#/components/schemas/{model}")
    announced.pop("$defs")
    standing.pop("$defs")
    return {
        "/v1/elections": _get(
            "All elections", {"application/json": {"schema": {"type": "array", "items": announced}}}
        ),
        "/v1/elections/{election}": _get(
            "One election", {"application/json": {"schema": announced}}, "election"
        ),
        f"{CONTEST}/standing": _get(
            "The newest standing, with a strong ETag",
            {"application/json": {"schema": standing}},
            "election",
            "contest",
        ),
        f"{CONTEST}/stream": _get(
            "Standings as server-sent events: id is the sequence, Last-Event-ID resumes",
            {"text/event-stream": {"schema": {"type": "string"}}},
            "election",
            "contest",
        ),
        f"{CONTEST}/rounds.csv": _get(
            "The rounds as a tidy table", {"text/csv": {"schema": {"type": "string"}}}, "election", "contest"
        ),
    }


def schemas() -> dict[str, Any]:
    """Return the models that the routes refer to."""
    found: dict[str, Any] = {}
    for model in (ElectionAnnounced, Standing):
        found |= model.model_json_schema(ref_template="#/components/schemas/{model}")["$defs"]
    return found


def _get(summary: str, content: dict[str, Any], *places: str) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in places
    ]
    answers = {"200": {"description": "Found", "content": content}}
    if places:
        problem = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
        answers["404"] = {"description": "Nothing there", **problem}
    return {"get": {"summary": summary, "tags": ["results"], "parameters": parameters, "responses": answers}}
