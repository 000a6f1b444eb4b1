"""What the feed's page shows can be copied and run; the client follows, resumes and checks, and results can be published as files."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.publishing import proof_files, tile_paths
from services.proofs.tiles import TiledTree
from shared.client import Contest, NotSigned
from shared.contract.elections import Phase
from tests.support.gateway import Gateway, gateway, serving
from tests.support.proofs import FilesInMemory
from tests.support.standings import standing

PAGE = "/elections/picnic/contests/fruit"
FIRST, SECOND = standing(3, Phase.OPEN), standing(5, Phase.CLOSED)
RUNNERS = {"python": sys.executable, "sh": "sh", "js": "node", "r": "Rscript"}
SAYS = {
    "python": f"{FIRST.sequence} unofficial-partial ('banana',)",
    "js": f"{FIRST.sequence} unofficial-partial {{ apple: 27, banana: 33 }}",
    "r": "Banana 21 21 33",
}


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway with one live standing."""
    with gateway(tmp_path, FIRST) as running:
        yield running


@pytest.mark.parametrize("language", RUNNERS)
def test_the_examples_of_the_feed_s_page_run_as_they_stand_there(
    shown: Gateway, language: str, tmp_path: Path
) -> None:
    """With the interpreter that is there: R is a Debian package (r-base-core), Node another."""
    program = shutil.which(RUNNERS[language])
    if program is None:
        pytest.skip(f"{RUNNERS[language]} is not installed")
    page = httpx.get(f"{shown.url}/feed").text
    examples = re.findall(
        rf'<pre tabindex="0" data-runs="{language}"><code>(.*?)</code></pre>', page, re.DOTALL
    )
    assert examples
    for number, example in enumerate(examples):
        file = tmp_path / f"example-{number}.{'mjs' if language == 'js' else language}"
        file.write_text(unescape(example))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            [program, str(file)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert done.returncode == 0, done.stderr
        if language in SAYS:
            assert SAYS[language] in done.stdout
        elif number == 0:
            assert "livecount-signature: " in done.stdout.lower()
            assert done.stdout.endswith(f"id: {FIRST.sequence}\nevent: standing\n")
        else:
            assert shown.key in done.stdout


def test_a_client_follows_resumes_and_checks(shown: Gateway) -> None:
    """The newest first, then each newer one; from a sequence on; by a key that was made known, else refused."""
    with Contest(shown.url + PAGE, shown.key) as contest:
        assert contest.latest() == FIRST
        following = contest.follow()
        assert next(following) == FIRST
        threading.Timer(0.1, shown.show, [SECOND]).start()
        assert next(following) == SECOND
        following.close()
    with Contest(shown.url + PAGE) as contest:
        assert next(contest.follow(FIRST.sequence)) == SECOND
    with Contest(shown.url + PAGE, "0" * 64) as stranger:
        with pytest.raises(NotSigned):
            stranger.latest()
        with pytest.raises(NotSigned):
            next(stranger.follow())
    with Contest(shown.url + PAGE + "x") as missing, pytest.raises(httpx.HTTPStatusError, match="404"):
        next(missing.follow())


def test_a_client_goes_on_after_its_stream_broke(shown: Gateway) -> None:
    """A stream that ends in the middle of an event, and a server that puts it off: nothing twice, nothing wrong."""
    streams: list[dict[str, str]] = []
    first = event_of(shown)
    shown.show(SECOND)
    second = event_of(shown)

    class Breaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Send half an event, then be busy, then an event twice, then another."""
            streams.append(dict(self.headers))
            if len(streams) == 2:
                self.send_response(503)
                self.send_header("Retry-After", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            replayed = first.replace(b"id: %d" % FIRST.sequence, b"id: %d" % (FIRST.sequence + 1))
            self.wfile.write([first + first[:200], b"", first, replayed + second][len(streams) - 1])

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Breaks)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        with Contest(f"http://127.0.0.1:{server.server_port}{PAGE}", shown.key) as contest:
            following = contest.follow()
            assert next(following) == FIRST
            assert next(following) == SECOND, "not the first under another number"
            following.close()
        assert [asked.get("Last-Event-ID") for asked in streams] == [None, *[str(FIRST.sequence)] * 3]
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def event_of(shown: Gateway) -> bytes:
    """Return the newest standing as an event."""
    newest = httpx.get(f"{shown.url}/v1{PAGE}/standings/latest")
    signature, sequence = newest.headers["livecount-signature"], newest.headers["livecount-sequence"]
    return f"id: {sequence}\nevent: standing\nsignature: {signature}\ndata: {newest.text}\n\n".encode()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 70_000, 300_000])
def test_a_published_tree_has_every_tile_that_its_checkpoint_needs(size: int) -> None:
    """Those that the log itself writes: full ones as they fill, and one at each level that is not full."""
    written = FilesInMemory()
    tree = TiledTree(written)
    tree.extend([b"leaf"] * size)
    assert sorted(tile_paths(size)) == sorted([*written, *(path for path, _ in tree.partial_tiles())])


def test_a_published_folder_has_the_log_s_tree(tmp_path: Path) -> None:
    """Read over HTTP, laid out as `livecount witness` reads it: checkpoint and tiles of each shard that has one."""
    written = FilesInMemory()
    tree = TiledTree(written)
    tree.extend([b"leaf"] * 300)
    needed = {**written, **dict(tree.partial_tiles()), "checkpoint": b"log/0\n300\nroot\n"}
    served = {f"log/0/{path}": content for path, content in needed.items()} | {"v1/log": b'{"shards": 2}'}
    for path, content in served.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    with serving(tmp_path) as address, httpx.Client(base_url=address) as http:
        assert dict(proof_files(http)) == served
