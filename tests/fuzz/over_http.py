"""The three HTTP APIs fuzzed on a running deployment: `python -m tests.fuzz.over_http --minutes 10`.

* schemathesis makes requests of the OpenAPI document, legal ones and others.
* Requests that cast genuine ballots are mutated, byte by byte and piece by piece, and sent as they are.

Rule 1: no answer is 5xx. Rule 2: every process stays ready, and none logs a traceback. Rule 3: a genuine ballot is taken
afterwards.
"""

import argparse
import asyncio
import json
import random
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from infra.local import ports
from infra.local.kafka import EmbeddedKafka
from infra.local.valkey import EmbeddedValkey
from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import Officer, OperatorClient, Patience
from tests.support.elections import OFFICER, ROOT, Life, election
from tests.support.pipeline import Pipeline

LIFE: Final = Life(election(electors=4_000), 2)
TOKEN: Final = "a-token-only-for-fuzzing"
SERVICES: Final = ("validation", "counting", "intake", "results", "operator")
UNFIT: Final = ("/stream", "/bulk")
"""What schemathesis cannot ask: an answer without end, and lines of JSON, of which mutated ballots are sent instead."""
NO_LIMIT: Final = {"max_requests_per_minute": "0"}
APIS: Final = ("intake", "results", "operator")
ANSWER_S: Final = 5.0
MUTATED_S: Final = 0.3
"""A mutated request may be one that waits for more; it is left then."""
PIECES: Final = (
    *(
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\\ud800",
        b"NaN",
        b"1e999",
        b"9" * 400,
        b"-1",
        b"null",
    ),
    *(
        b"[" * 500,
        b"{",
        b"}",
        b'"',
        b"\\",
        b",",
        b":",
        b"\r\n",
        b"\r\n\r\n",
        b"%00",
        b"%2e%2e/",
        b"?x",
        b"//",
        b" ",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: h2c\r\n",
    ),
    *(b"apple", b"*", b"fruit", b'"rankings":{', b'"code":"x",'),
)


class FuzzingFailed(Exception):
    """A rule was broken, and by what."""


@contextmanager
def deployment(kafka: str, redis: str, folder: Path) -> Iterator[Pipeline]:
    """Run every service with an election open."""
    pipeline = Pipeline(kafka, folder, redis=redis)
    own = {"operator_token": TOKEN, "monitor_port": str(ports.free_ports(1)[0])}
    asyncio.run(pipeline.create())
    try:
        for service in SERVICES:
            pipeline.start(
                service, **(own if service == "operator" else NO_LIMIT if service == "results" else {})
            )
        for service in SERVICES:
            pipeline.wait_ready(service, bound_s=60.0)
        asyncio.run(_open(pipeline))
        yield pipeline
    finally:
        pipeline.stop()


async def _open(pipeline: Pipeline) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        about = Officer(KeyRing.of(ROOT, OFFICER), "ada", "as agreed")
        url = f"http://127.0.0.1:{pipeline.port('operator')}"
        client = OperatorClient(http, url, TOKEN, about, Patience(tries=20))
        await client.configure(LIFE.definition)
        await client.open("picnic", LIFE.whole_roll())


def genuine(elector: int, *, bulk: bool = False) -> bytes:
    """Return the request that casts an elector's ballot, by itself or as a stream of one line."""
    form = {
        "ballot_id": secrets.token_hex(16),
        "code": LIFE.code(elector),
        "rankings": {"fruit": [["apple"], [], ["damson", "banana"]], "drink": [["juice"]]},
    }
    body = json.dumps(form).encode()
    path, media = ("ballots/bulk", "application/x-ndjson") if bulk else ("ballots", "application/json")
    head = f"POST /v1/elections/picnic/{path} HTTP/1.1\r\nHost: test\r\nContent-Type: {media}\r\n"
    return f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def mutated(request: bytes, chance: random.Random) -> bytes:
    """Return a request that is not quite what it was; its length may be stated rightly again."""
    head, _, body = request.partition(b"\r\n\r\n")
    parts = [bytearray(head), bytearray(body)]
    for _ in range(chance.randint(1, 4)):
        part = parts[chance.random() < 0.7]
        start = chance.randrange(len(part) + 1)
        end = min(len(part), start + chance.choice((0, 1, 1, 8)))
        other = chance.choice(parts)
        taken = bytes(other[chance.randrange(len(other) + 1) :][:20])
        part[start:end] = chance.choice((b"", bytes([chance.randrange(256)]), chance.choice(PIECES), taken))
    if chance.random() < 0.8:
        stated = bytes(parts[0]).rpartition(b"Content-Length: ")[0]
        parts[0][:] = stated + b"Content-Length: %d" % len(parts[1]) if stated else parts[0]
    return bytes(parts[0]) + b"\r\n\r\n" + bytes(parts[1])


def answered(port: int, request: bytes, wait_s: float = ANSWER_S) -> int:
    """Send a request; return the first answer's status, 0 if there is none in that time."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
        try:
            connection.sendall(request)
            connection.settimeout(wait_s)
            answer = connection.recv(64)
        except OSError:
            return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def fuzz_ballots(pipeline: Pipeline, seconds: float, seed: int) -> Counter[int]:
    """Send mutated ballots for so long; return how often which status was answered. Raises FuzzingFailed."""
    chance, port, found = random.Random(seed), pipeline.port("intake"), Counter[int]()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        request = mutated(genuine(chance.randrange(2_000), bulk=chance.random() < 0.2), chance)
        status = answered(port, request, MUTATED_S)
        found[status] += 1
        if status >= 500:
            raise FuzzingFailed(f"{status} for {request!r}")
    return found


def fuzz_api(pipeline: Pipeline, service: str, seconds: float, seed: int, folder: Path) -> str:
    """Let schemathesis ask one API for so long; return what it says. Raises FuzzingFailed."""
    document = folder / f"{service}.json"
    document.write_text(json.dumps(openapi_of(service)))
    run = [sys.executable, "-m", "schemathesis.cli", "run", str(document)]
    run += ["--url", f"http://127.0.0.1:{pipeline.port(service)}", "-H", f"Authorization: Bearer {TOKEN}"]
    run += ["-c", "not_a_server_error", "--mode", "all", "--phases", "coverage,fuzzing", "--no-color"]
    run += ["--max-time", str(int(seconds)), "--request-timeout", "10", "--seed", str(seed)]
    run += ["-n", "100000" if seconds > 60 else "100"]
    done = subprocess.run(run, capture_output=True, text=True, cwd=folder, timeout=seconds + 120)
    if done.returncode or "Server error" in done.stdout:
        raise FuzzingFailed(f"{service}: {done.stdout[-4_000:]}{done.stderr[-1_000:]}")
    return done.stdout


def openapi_of(service: str) -> dict[str, Any]:
    """Return the part of the OpenAPI document that a service answers, with the election's own ids among those to try."""
    command = [sys.executable, "-m", "services.cli", "openapi"]
    document: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    paths: dict[str, Any] = {}
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            if service in operation.get("tags", ["operator"]) and not path.endswith(UNFIT):
                paths.setdefault(path, {})[verb] = operation
                for parameter in operation.get("parameters", []):
                    known = {"election": ["picnic", "nowhere"], "contest": ["fruit", "pudding"]}
                    if parameter["in"] == "path" and parameter["name"] in known:
                        parameter["schema"] = {"enum": known[parameter["name"]]}
    return {**document, "paths": paths}


def all_is_well(pipeline: Pipeline) -> None:
    """Raise FuzzingFailed unless every process is ready, has logged no traceback, and a genuine ballot is taken."""
    for service in SERVICES:
        if pipeline.ready(service) is None:
            raise FuzzingFailed(f"{service} is not ready\n{pipeline.log(service)}")
        if "Traceback" in (text := (pipeline.folder / f"{service}-1.log").read_text()):
            raise FuzzingFailed(f"{service}: {text[text.index('Traceback') :][:3_000]}")
    statuses = Counter(answered(pipeline.port("intake"), genuine(2_000 + n)) for n in range(20))
    if statuses != {202: 20}:
        raise FuzzingFailed(f"genuine ballots were answered {dict(statuses)}")


def main() -> int:
    """Fuzz for so many minutes on servers of its own; return 0 if no rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.over_http", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    arguments = parser.parse_args()
    share_s = 60.0 * arguments.minutes / 4
    sys.stdout.write(f"seed {arguments.seed}\n")
    with TemporaryDirectory(prefix="livecount-fuzz-") as name:
        folder = Path(name)
        with (
            EmbeddedKafka(folder / "kafka") as kafka,
            EmbeddedValkey(folder / "valkey") as valkey,
            deployment(kafka.bootstrap, valkey.url, folder) as pipeline,
        ):
            try:
                found = fuzz_ballots(pipeline, share_s, arguments.seed)
                sys.stdout.write(f"mutated ballots, by status: {dict(found)}\n")
                for service in APIS:
                    sys.stdout.write(fuzz_api(pipeline, service, share_s, arguments.seed, folder)[-600:])
                all_is_well(pipeline)
            except FuzzingFailed as fault:
                sys.stdout.write(f"{fault}\n")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
