"""What the proofs' routes answer to addresses that nobody gave out."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from services.proofs.files import TreeFiles
from services.proofs.routes import Api
from services.proofs.settings import ProofsSettings
from shared.runtime.disk import LocalDisk
from tests.support.elections import ROOT, ROOT_KEY
from tests.support.proofs import signer

BIG = "9" * 5_000
"""More digits than Python reads as a number."""


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        f"log/{shard}/{rest}"
        for shard in ("0", "1", "-1", BIG, "0x0", "%D9%A0")
        for rest in ("checkpoint", "tile/0/000")
    ]
    + [
        f"log/0/tile/{tile}"
        for tile in (f"0/{BIG}", f"{BIG}/000", "0/000.p/0", "0/000.p/999", "../checkpoint", "%00")
    ],
)
async def test_what_is_not_there_is_404_and_no_fault_of_ours(tmp_path: Path, path: str) -> None:
    """Whatever an address is made of."""
    files = TreeFiles(tmp_path, signer(0), ROOT, LocalDisk())
    routes = Api(ProofsSettings(), ROOT_KEY, [files], {}, {}).routes()
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get(path)).status_code == 404
