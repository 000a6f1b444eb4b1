"""The ballot's style, script and icon, under names that change with their content: kept for a year, never asked again."""

import gzip
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

STATIC: Final = Path(__file__).parent / "static"
_MEDIA: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


class _File(NamedTuple):
    media: str
    plain: bytes
    packed: bytes


def _named(path: Path) -> str:
    return f"{path.stem}.{sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix}"


NAMES: Final[Mapping[str, str]] = {path.name: f"/static/{_named(path)}" for path in STATIC.iterdir()}
"""From a file's name to the path it is served at."""
HASHES: Final[Mapping[str, str]] = {
    path.name: f"sha256-{b64encode(sha256(path.read_bytes()).digest()).decode()}" for path in STATIC.iterdir()
}
"""From a file's name to what a page says of its content: a browser takes nothing else (W3C Subresource Integrity)."""
_FILES: Final = {
    _named(path): _File(_MEDIA[path.suffix], path.read_bytes(), gzip.compress(path.read_bytes(), 9, mtime=0))
    for path in STATIC.iterdir()
}


def static(request: Request) -> Response:
    """Answer `GET /static/NAME`, packed where the browser can unpack it."""
    file = _FILES.get(request.path_params["name"])
    if file is None:
        return Response(status_code=404)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**_HEADERS, "Content-Encoding": "gzip"}, media_type=file.media)
    return Response(file.plain, headers=_HEADERS, media_type=file.media)
