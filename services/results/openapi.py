"""Results' part of the OpenAPI document."""

from typing import Any, Final

from shared.contract.events import ElectionAnnounced
from shared.contract.standings import Standing

CONTEST = "/v1/elections/{election}/contests/{contest}"
NOTHING: Final[dict[str, Any]] = {}
ALWAYS: Final = {"ETag", "Livecount-As-Of", "Livecount-Sequence"}
HEADERS: Final = {
    "ETag": "Strong: the same standing has the same one at every gateway",
    "Livecount-As-Of": "When the standing was published (RFC 3339)",
    "Livecount-Sequence": "The standing's sequence",
    "Livecount-Key": "The publishing key, where standings are signed",
    "Livecount-Signature": "Ed25519 over the very bytes of a standing",
    "Livecount-Corrects": "Of a standing that corrects a certified result: the sequence of what was certified",
    "Livecount-Stale": "`true` while newer standings may not be shown",
}
PROBLEM: Final = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
    },
}
"""RFC 9457."""
RUN: Final = {
    "run": {
        "description": "Seats filled one after another: which of them",
        "schema": {"type": "integer", "minimum": 1},
    }
}
CHANGES: Final = {
    "type": "object",
    "required": ["changes", "cursor"],
    "properties": {
        "cursor": {"type": "string"},
        "changes": {
            "type": "array",
            "items": {"type": "object", "required": ["contest", "sequence", "as_of", "standing"]},
        },
    },
}
PAST: Final = {
    "type": "object",
    "required": ["election", "contest", "places", "kept", "more"],
    "properties": {
        "more": {"type": "boolean"},
        "kept": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    *(
                        "sequence",
                        "as_of",
                        "standing",
                        "status",
                        "withheld",
                        "ballots",
                        "withdrawn",
                        "elected",
                    ),
                    *("first_round", "last_round"),
                ],
            },
        },
    },
}


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
            "Contests with a newer standing than when the cursor was given",
            {"application/json": {"schema": CHANGES}},
            "election",
            asks={
                "cursor": {
                    "description": "As the last answer gave it; none: the beginning",
                    "schema": {"type": "string"},
                }
            },
            refuses={"400": "Not a cursor"},
        ),
        f"{CONTEST}/standing": _of_standing(
            "The newest standing, with a strong ETag, signed", one_standing, *contest
        ),
        f"{CONTEST}/standings/latest": _of_standing("The same", one_standing, *contest),
        f"{CONTEST}/standings/{{sequence}}": _of_standing(
            "A standing of the last hour, or one that is kept for ever: its bytes never change",
            one_standing,
            *contest,
            "sequence",
            refuses={"503": "The log cannot be read now; see Retry-After"},
        ),
        f"{CONTEST}/history": _get(
            "Standings that are kept for ever, one a minute at most: sequence, time, ballots counted, votes of the first and the last"
            " round, of a budget what was funded, and which certified standing one corrects",
            {"application/json": {"schema": PAST}},
            *contest,
            asks={
                "after": {
                    "description": "A sequence: those behind it",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
                }
            },
            refuses={"400": "Not a sequence"},
        ),
        f"{CONTEST}/stream": _get(
            "Standings as server-sent events: id is the sequence, Last-Event-ID resumes",
            {"text/event-stream": text},
            *contest,
            asks={"light": {"description": "1: the sequence alone", "schema": {"type": "string"}}},
            refuses={"503": "No room for one more stream; see Retry-After"},
        ),
        f"{CONTEST}/rounds.csv": _of_standing(
            "The rounds as a tidy table, a line a candidate, round and section; of a budget, a line a project",
            {"text/csv": text},
            *contest,
        ),
        f"{CONTEST}/rounds-wide.csv": _of_standing(
            "The rounds as a table, a column a round", {"text/csv": text}, *contest
        ),
        f"{CONTEST}/rctab.json": _of_standing(
            "RCTab's detailed report; of a budget 404", any_json, *contest, asks=RUN
        ),
        f"{CONTEST}/rcvis.json": _of_standing("The same as RCVis reads it", any_json, *contest, asks=RUN),
    }


def schemas() -> dict[str, Any]:
    """Return the models that the routes refer to."""
    found: dict[str, Any] = {}
    for model in (ElectionAnnounced, Standing):
        found |= model.model_json_schema(ref_template="#/components/schemas/{model}")["$defs"]
    return found


def _get(
    summary: str,
    content: dict[str, Any],
    *places: str,
    asks: dict[str, Any] = NOTHING,
    refuses: dict[str, str] = NOTHING,
) -> dict[str, Any]:
    """Return a route: what it gives, its places, what may be asked for in the query, and how it may refuse."""
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in places
    ]
    parameters += [{"name": name, "in": "query", **asked} for name, asked in asks.items()]
    missing = {"404": "Nothing there"} if places else {}
    busy = {"429": "This address has asked too often; see RateLimit and Retry-After"}
    problem = {"content": {"application/problem+json": {"schema": PROBLEM}}}
    answers: dict[str, Any] = {"200": {"description": "Found", "content": content}}
    answers |= {
        code: {"description": why, **problem} for code, why in sorted({**busy, **missing, **refuses}.items())
    }
    return {"get": {"summary": summary, "tags": ["results"], "parameters": parameters, "responses": answers}}


def _of_standing(
    summary: str,
    content: dict[str, Any],
    *places: str,
    asks: dict[str, Any] = NOTHING,
    refuses: dict[str, str] = NOTHING,
) -> dict[str, Any]:
    """Return a route that gives a standing, or what is made of it: its headers too, and that a reader may have it already."""
    route = _get(summary, content, *places, asks=asks, refuses=refuses)
    answers = route["get"]["responses"]
    answers["200"]["headers"] = {
        name: {"description": said, "schema": {"type": "string"}, "required": name in ALWAYS}
        for name, said in HEADERS.items()
    }
    answers["304"] = {"description": "It has the entity tag that If-None-Match names"}
    route["get"]["parameters"].append(
        {"name": "If-None-Match", "in": "header", "schema": {"type": "string", "pattern": "^[ -~]*$"}}
    )
    return route
