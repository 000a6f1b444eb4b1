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
    text, any_json = {"schema": {"type": "string"}}, {"application/json": {"schema": {"type": "object"}}}
    one_standing = {"application/json": {"schema": standing}}
    contest = ("election", "contest")
    return {
        "/.well-known/livecount.json": _get("Keys by which signatures of standings are checked", any_json),
        "/v1/elections": _get(
            "All elections", {"application/json": {"schema": {"type": "array", "items": announced}}}
        ),
        "/v1/elections/{election}": _get(
            "One election", {"application/json": {"schema": announced}}, "election"
        ),
        "/v1/elections/{election}/seats": _get(
            "Seats by party over all contests: in complete counts (final), as the others stand now (ahead), and in all; 404 where no"
            " candidate has a party",
            any_json,
            "election",
        ),
        "/v1/elections/{election}/seats.csv": _get("The same as a table", {"text/csv": text}, "election"),
        "/v1/elections/{election}/changes": _get(
            "Contests with a newer standing than when the cursor (a query parameter) was given",
            any_json,
            "election",
        ),
        f"{CONTEST}/standing": _get(
            "The newest standing, with a strong ETag, signed", one_standing, *contest
        ),
        f"{CONTEST}/standings/latest": _get("The same", one_standing, *contest),
        f"{CONTEST}/standings/{{sequence}}": _get(
            "A standing of the last hour, or one that is kept for ever: its bytes never change",
            one_standing,
            *contest,
            "sequence",
        ),
        f"{CONTEST}/history": _get(
            "Standings that are kept for ever, one a minute at most: sequence, time, ballots counted, votes of the first and the last"
            " round, of a budget what was funded, and which certified standing one corrects; the query parameter after gives those behind a sequence",
            any_json,
            *contest,
        ),
        f"{CONTEST}/stream": _get(
            "Standings as server-sent events: id is the sequence, Last-Event-ID resumes; ?light=1: the sequence alone",
            {"text/event-stream": text},
            *contest,
        ),
        f"{CONTEST}/rounds.csv": _get(
            "The rounds as a tidy table, a line a candidate, round and section; of a budget, a line a project",
            {"text/csv": text},
            *contest,
        ),
        f"{CONTEST}/rounds-wide.csv": _get(
            "The rounds as a table, a column a round", {"text/csv": text}, *contest
        ),
        f"{CONTEST}/rctab.json": _get("RCTab's detailed report; of a budget 404", any_json, *contest),
        f"{CONTEST}/rcvis.json": _get("The same as RCVis reads it", any_json, *contest),
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
    problem = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
    answers["429"] = {
        "description": "This address has asked too often; see RateLimit and Retry-After",
        **problem,
    }
    if places:
        answers["404"] = {"description": "Nothing there", **problem}
    return {"get": {"summary": summary, "tags": ["results"], "parameters": parameters, "responses": answers}}
