"""A whole result as files that any web server or archive can keep: what the pages and the feed show, with links among themselves.

Rule 1: a file's text is what the service answered; only links are changed, to lead from file to file.
Rule 2: what moves stays at the service: scripts and the live parts are left out, and other links lead to the service.
Rule 3: all files are of the same standings: if one moves while they are read, all are read again.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from os.path import relpath
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urljoin

import httpx

from services.proofs.tiles import HEIGHT, WIDTH, tile_path
from shared.contract.events import ElectionAnnounced

READINGS: Final = 5
SUMS: Final = "SHA256SUMS"
KEYS: Final = ".well-known/livecount.json"
TIMEOUT_S: Final = 30.0
EXPORTS: Final = ("rounds.csv", "rounds-wide.csv", "rctab.json", "rcvis.json")
SEATS: Final = {"seats": "seats.json", "seats.csv": "seats.csv"}
"""Where candidates have parties."""
_LINK: Final = re.compile(r'(?<= )(href|src|content)="([^"]*)"')
_LIVE: Final = re.compile(
    r'<script type="module"[^>]*></script>|<noscript><meta.*?</noscript>|<aside [^>]*id="livebar".*?</aside>'
    r'|<nav class="earlier".*?</nav>|<form class="tools".*?</form>'
    r'|<link rel="alternate" type="application/json\+oembed"[^>]*>',
    re.DOTALL,
)
_ROUND: Final = re.compile(r'href="[^"]*\?round=(\d+)"')


class Moved(RuntimeError):
    """Standings changed as often as they were read."""


def publish_files(results: httpx.Client, election: str, here: str = "") -> dict[str, bytes]:
    """Return a whole result, by the path of each file; `here` is where they will be found, for pictures of shared links.

    Raises httpx.HTTPError; Moved if the contests' standings keep changing, as they do while ballots come.
    """
    announced = ElectionAnnounced.model_validate_json(_get(results, f"/v1/elections/{election}").content)
    contests = [contest.id for contest in announced.definition.contests]
    parties = any(of.party for contest in announced.definition.contests for of in contest.candidates)
    for _ in range(READINGS):
        before = _tags(results, election, contests)
        of_all = SEATS if parties else {}
        answers = dict(
            _answers(results, election, [contest for contest, tag in before.items() if tag], of_all)
        )
        if _tags(results, election, contests) == before:
            return _files(answers, str(results.base_url).rstrip("/"), here.rstrip("/"))
    raise Moved(
        f"{election}: its standings changed while they were read, {READINGS} times; wait until it is closed"
    )


def proof_files(proofs: httpx.Client) -> Iterator[tuple[str, bytes]]:
    """Yield the log's checkpoints and all tiles that they need, at the addresses that `livecount witness` reads. Raises httpx.HTTPError."""
    about = _get(proofs, "/v1/log")
    yield "v1/log", about.content
    for shard in range(about.json()["shards"]):
        at = f"log/{shard}"
        checkpoint = proofs.get(f"/{at}/checkpoint")
        if checkpoint.status_code == httpx.codes.NOT_FOUND:
            continue
        yield f"{at}/checkpoint", checkpoint.raise_for_status().content
        for path in tile_paths(int(checkpoint.text.split("\n")[1])):
            yield f"{at}/{path}", _get(proofs, f"/{at}/{path}").content


def tile_paths(size: int) -> Iterator[str]:
    """Yield the path of each tile of a tree of so many leaves (C2SP, tlog-tiles)."""
    level = 0
    while hashes := size >> (HEIGHT * level):
        full, rest = divmod(hashes, WIDTH)
        yield from (tile_path(level, number) for number in range(full))
        if rest:
            yield tile_path(level, full, rest)
        level += 1


def write(files: dict[str, bytes], out: Path) -> None:
    """Write files below a folder, and the list of their hashes. Raises OSError."""
    sums = "".join(f"{sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
    for path, content in {**files, SUMS: sums.encode()}.items():
        file = out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _tags(results: httpx.Client, election: str, contests: list[str]) -> dict[str, str]:
    """Return the tag of each contest's newest standing, empty where there is none."""
    heads = {
        contest: results.head(f"/v1/elections/{election}/contests/{contest}/standing") for contest in contests
    }
    return {contest: head.headers.get("etag", "") for contest, head in heads.items()}


def _answers(
    results: httpx.Client, election: str, contests: list[str], of_all: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], httpx.Response]]:
    """Yield address and path of each file, and what the service answers there; `of_all` are exports of the whole election."""
    page = f"/elections/{election}"
    wanted = {page: "index.html", f"/{KEYS}": KEYS}
    wanted |= {f"/static/{name}": f"static/{name}" for name in ("livecount.css", "icon.svg")}
    wanted |= {f"/v1{page}/{name}": path for name, path in of_all.items()}
    for contest in contests:
        at, folder = f"{page}/contests/{contest}", f"contests/{contest}"
        wanted |= {at: f"{folder}/index.html", f"{at}/declaration": f"{folder}/declaration.html"}
        wanted |= {
            f"/v1{at}/standing": f"{folder}/standing.json",
            f"{at}/picture.png": f"{folder}/picture.png",
        }
        wanted |= {f"/v1{at}/{name}": f"{folder}/{name}" for name in EXPORTS}
        rounds = set(_ROUND.findall(_get(results, at).text))
        wanted |= {f"{at}?round={number}": f"{folder}/round-{number}.html" for number in rounds}
    for address, path in wanted.items():
        yield (address, path), _get(results, address)


def _files(answers: dict[tuple[str, str], httpx.Response], service: str, here: str) -> dict[str, bytes]:
    paths = dict(answers.keys()) | {"/": "index.html"}
    files = {}
    for (_, path), answer in answers.items():
        is_page = answer.headers["content-type"].startswith("text/html")
        files[path] = _page(answer.text, path, paths, service, here) if is_page else answer.content
        if signature := answer.headers.get("livecount-signature"):
            files[f"{path}.sig"] = f"{signature}\n".encode()
    return files


def _page(html: str, at: str, paths: dict[str, str], service: str, here: str) -> bytes:
    """Return a page whose links lead to the files, from the file `at`."""

    def linked(match: re.Match[str]) -> str:
        name, target = match.groups()
        address = target.removeprefix(service)
        path = paths.get(re.sub(r"\?standing=\d+$", "", address))
        if not address.startswith("/"):
            return match[0]
        if path is None:
            return f'{name}="{urljoin(service, address)}"'
        if name == "content":
            return f'{name}="{here or service}/{path if here else address[1:]}"'
        return f'{name}="{relpath(path, PurePosixPath(at).parent)}"'

    return _LINK.sub(linked, _LIVE.sub("", html)).encode()


def _get(service: httpx.Client, address: str) -> httpx.Response:
    return service.get(address).raise_for_status()
