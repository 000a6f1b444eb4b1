"""The operator's HTTP API: it parses a request, calls the service, and answers. No decision is made here.

Everything asks for the operator's bearer token, or that of a session whose role may do it (access.py), before its body is
read; only health, metrics and signing in are open. A body has one
reading: no key twice, no NaN, no number for a text or text for a number. Every error is a problem document that
says what was expected. Retry-After stands in every answer to an order that may succeed when it is given again.
"""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer

from services.operator.access import Sessions
from services.operator.api.guards import OneReading, TokenCheck
from services.operator.api.problems import add_problems
from services.operator.api.routes import (
    NewOrder,
    election_routes,
    monitor_routes,
    order_routes,
    proposal_routes,
    schedule_routes,
    sign_in_routes,
)
from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.service import OperatorService
from shared.runtime.process.health import Health
from shared.runtime.process.http import BodyLimit, health_routes

MAX_BODY_BYTES: Final = 600_000
"""A definition or a chunk of the roll travels in one record, and a record in one batch."""


def create_api(
    service: OperatorService,
    figures: Callable[[], MonitorFigures],
    health: Health,
    sessions: Sessions,
    new_order: NewOrder,
) -> FastAPI:
    """Return the API."""
    api = FastAPI(title="Livecount operator", version="1", description=__doc__, redirect_slashes=False)
    api.router.routes.extend(health_routes(health))
    router = APIRouter(prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))])
    election_routes(router, service, new_order)
    schedule_routes(router, service)
    order_routes(router, service, new_order)
    proposal_routes(router, service)
    monitor_routes(router, service, figures)
    api.include_router(router)
    sign_in_routes(api, sessions)
    add_problems(api)
    api.add_middleware(OneReading)
    api.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    api.add_middleware(TokenCheck, sessions=sessions)
    return api


def openapi_document() -> dict[str, Any]:
    """Return the API's OpenAPI document."""
    unused = OperatorService.__new__(OperatorService)  # only the routes' shapes are read
    nothing = MonitorFigures(shards=[])
    order = Order(by="", reason="", at="", control_id="")
    sessions = Sessions(unused, "", lambda: 0.0)
    return create_api(unused, lambda: nothing, Health(), sessions, lambda _by, _reason: order).openapi()
