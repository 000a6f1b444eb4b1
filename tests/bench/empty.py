"""A Starlette that does nothing but answer, run as intake is: `python -m tests.bench.empty PORT WORKERS`."""

import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.__main__ import LIMITS
from shared.runtime.process.server import run_server
from shared.runtime.settings import Settings


async def empty(_: Request) -> Response:
    """Answer."""
    return Response(b"{}", 202, media_type="application/json")


async def nothing(_: Request) -> Response:
    """Answer a question."""
    return Response(b"{}", media_type="application/json")


def create_app() -> Starlette:
    """Return the application."""
    return Starlette(
        routes=[
            Route("/v1/elections/{election}/ballots", empty, methods=["POST"]),
            Route("/v1/elections/{election}/contests/{contest}/standing", nothing),
        ]
    )


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    run_server("empty", "tests.bench.empty:create_app", Settings(port=port), LIMITS, workers=workers)
