"""Posts forms as streams of lines over a few connections and prints how many were recorded, as JSON.

Run as `python -m tests.bench.stream_load PORT PATH FORMS`.
"""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

STREAMS: Final = 4
LINES: Final = 5_000
BOUND_S: Final = 60.0


def post(port: int, path: str, bodies: list[bytes]) -> int:
    """Post one stream after another; return how many lines were recorded."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_S)
    recorded = 0
    for body in bodies:
        connection.request("POST", path, body, {"Content-Type": "application/x-ndjson"})
        recorded += connection.getresponse().read().count(b'"status":"recorded"')
    connection.close()
    return recorded


def main(port: int, path: str, forms: Path) -> None:
    """Post, and print the report."""
    lines = forms.read_bytes().splitlines()
    bodies = [b"\n".join(lines[start : start + LINES]) for start in range(0, len(lines), LINES)]
    began_s = time.perf_counter()
    with ThreadPoolExecutor(STREAMS) as streams:
        counts = streams.map(lambda first: post(port, path, bodies[first::STREAMS]), range(STREAMS))
        recorded = sum(counts)
    seconds = time.perf_counter() - began_s
    sys.stdout.write(json.dumps({"sent": len(lines), "recorded": recorded, "seconds": seconds}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
