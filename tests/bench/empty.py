"""A Starlette that does nothing but answer, run as intake is: `python -m tests.bench.empty PORT WORKERS`."""

import sys
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.__main__ import SERVER


async def empty(_: Request) -> Response:
    """Answer."""
    return Response(b"{}", 202, media_type="application/json")


async def nothing(_: Request) -> Response:
    """Answer a question."""
    return Response(b"{}", media_type="application/json")


app: Final = Starlette(
    routes=[
        Route("/v1/elections/{election}/ballots", empty, methods=["POST"]),
        Route("/v1/elections/{election}/contests/{contest}/standing", nothing),
    ]
)

if __name__ == "__main__":
    uvicorn.run(
        "tests.bench.empty:app",
        port=int(sys.argv[1]),
        workers=int(sys.argv[2]),
        **SERVER,
    )
