"""The example configuration of nginx, run as it stands but for addresses, in front of a real gateway."""

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from infra.local.ports import free_ports
from shared.client import Contest
from shared.contract.elections import Phase
from tests.support.gateway import Gateway, gateway
from tests.support.standings import standing

CONF = Path(__file__).parents[2] / "infra" / "nginx" / "results.conf"
PAGE = "/elections/picnic/contests/fruit"
LIVE, CLOSED = standing(3, Phase.OPEN), standing(5, Phase.CLOSED)
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[str]:
    """Run nginx with the example, on loopback and without TLS; yield its address."""
    (here,) = free_ports(1)
    changed = CONF.read_text()
    for pattern, to in (
        (r"127\.0\.0\.1:8100", f"127.0.0.1:{port}"),
        (r"listen 443 ssl", f"listen 127.0.0.1:{here}"),
        (r"\n *ssl_certificate\S* [^\n]+", ""),
        (r"/var/cache/nginx", str(folder)),
        (r"Host \$host", "Host $http_host"),
    ):
        changed, times = re.subn(pattern, to, changed)
        assert times, pattern
    (folder / "results.conf").write_text(changed)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\nhttp {{ access_log off; {places} include {folder}/results.conf; }}"
    (folder / "nginx.conf").write_text(whole)
    assert NGINX is not None
    with subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")]
    ) as running:
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{here}/v1/elections")
                    break
                except httpx.TransportError:
                    assert running.poll() is None, (folder / "errors").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{here}"
        finally:
            running.terminate()


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[str, Gateway]]:
    """An nginx and the gateway behind it."""
    if NGINX is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    with gateway(tmp_path, LIVE) as shown, nginx(tmp_path, int(shown.url.rpartition(":")[2])) as address:
        yield address, shown


def test_what_may_be_kept_is_kept_for_a_second_and_the_stream_passes_at_once(
    behind: tuple[str, Gateway],
) -> None:
    """Same bytes, tag and signature; a newer standing within two seconds; a past one for good; a stream within half a second."""
    address, shown = behind
    first = httpx.get(f"{address}/v1{PAGE}/standings/latest")
    again = [httpx.get(f"{address}/v1{PAGE}/standings/latest") for _ in range(20)]
    assert {answer.headers["x-cache"] for answer in again} <= {
        "HIT",
        "STALE",
        "UPDATING",
        "EXPIRED",
        "REVALIDATED",
    }
    assert sum(answer.headers["x-cache"] == "HIT" for answer in again) >= 10
    assert first.headers["content-encoding"] == "gzip"
    with Contest(address + PAGE, shown.key) as contest:
        assert contest.latest() == LIVE
        assert contest.at(LIVE.sequence) == LIVE
        following = contest.follow()
        assert next(following) == LIVE
        published: list[float] = []

        def publish() -> None:
            published.append(time.monotonic())
            shown.show(CLOSED)

        threading.Timer(0.5, publish).start()
        assert next(following) == CLOSED
        assert time.monotonic() - published[0] < 0.5 + 1.5
        following.close()
        deadline = time.monotonic() + 5
        while contest.latest() != CLOSED:
            assert time.monotonic() < deadline, "the cache keeps an old standing"
            time.sleep(0.2)
    kept = httpx.get(f"{address}/v1{PAGE}/standings/{CLOSED.sequence}")
    assert httpx.get(str(kept.url)).headers["x-cache"] == "HIT"
    tag = kept.headers["etag"]
    assert httpx.get(str(kept.url), headers={"If-None-Match": tag}).status_code == 304


def test_a_page_and_an_embed_are_framed_as_results_says(behind: tuple[str, Gateway]) -> None:
    """The policies pass through; the proxy's own name is in what is shared."""
    address, _ = behind
    assert "frame-ancestors *" in httpx.get(f"{address}/embed{PAGE}").headers["content-security-policy"]
    page = httpx.get(address + PAGE)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert f'og:image" content="{address}{PAGE}/picture.png' in page.text
