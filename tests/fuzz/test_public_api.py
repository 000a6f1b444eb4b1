"""Everything that the document says of results' public API is so: codes, headers, types and forms of answers, whatever is asked."""

import json
import subprocess
import sys
from pathlib import Path

from shared.contract.elections import Phase
from tests.fuzz.over_http import openapi_of
from tests.support.budgets import spent
from tests.support.gateway import gateway
from tests.support.standings import standing, surplus

SECONDS = 15
SEED = 19
HELD = (
    *(
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
    ),
    *("response_schema_conformance", "unsupported_method"),
)
"""What schemathesis checks of every answer. Not that whatever fits is accepted: of a cursor no document can say which fit."""


def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    """Of a run-off, two seats and a budget; of what there is, and of what there is not."""
    shown = (standing(5, Phase.CLOSED), surplus(), spent())
    document = openapi_of("results")
    found = {
        "election": ["picnic", shown[1].election, shown[2].election, "nowhere"],
        "contest": ["fruit", shown[2].contest.id, "pudding"],
        "sequence": [*[str(of.sequence) for of in shown], "7", "latest", "-1"],
    }
    for operations in document["paths"].values():
        for parameter in operations["get"]["parameters"]:
            if parameter["in"] == "path":
                parameter["schema"] = {"enum": found[parameter["name"]]}
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    with gateway(tmp_path, *shown, max_requests_per_minute=0) as running:
        for of in shown:
            running.keep(of, 1)
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(tmp_path / "openapi.json")]
        command += [
            "--url",
            running.url,
            "-c",
            ",".join(HELD),
            "--phases",
            "coverage,fuzzing",
            "--mode",
            "all",
        ]
        command += ["--max-time", str(SECONDS), "--seed", str(SEED), "--no-color", "-n", "30"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=SECONDS + 120)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-1_000:]
    assert "passed" in done.stdout or "No issues found" in done.stdout, done.stdout
