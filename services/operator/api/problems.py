"""How each refusal and fault is answered: a problem document that says what was expected.

Retry-After stands in every answer to an order that may succeed when it is given again.
"""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.operator.access import SignInRefused
from services.operator.certificate.document import BeyondLetters
from services.operator.certificate.view import NoCertificate
from services.operator.recount import RecountFailed
from services.operator.refusals import NotFinal, NotReady, OrderRefused, UnknownElection, UnknownEntry
from shared.contract.mistakes import Mistake, find_mistakes
from shared.runtime.log import SendFailed
from shared.runtime.process.http import http_problem, problem

RETRY_AFTER_S = 2


def add_problems(api: FastAPI) -> None:
    """Answer every refusal and fault of the service as a problem document."""
    titles: dict[type[Exception], tuple[int, str]] = {
        UnknownElection: (404, "No such election"),
        UnknownEntry: (422, "No such entry"),
        NoCertificate: (409, "No certificate"),
        BeyondLetters: (422, "Letters beyond the PDF's fonts"),
        SignInRefused: (403, "Not signed in"),
        RecountFailed: (502, "The audit gave no report"),
        NotReady: (503, "Not ready yet"),
        SendFailed: (503, "Not known yet what became of the order; it can be signed again"),
    }
    for kind, (status, title) in titles.items():
        api.add_exception_handler(kind, _answering(status, title))

    @api.exception_handler(OrderRefused)
    def refused(_: Request, fault: OrderRefused) -> Response:
        later = RETRY_AFTER_S if isinstance(fault, NotFinal) else None
        return problem(409, "Order refused", str(fault), retry_after_s=later, differences=fault.found)

    @api.exception_handler(RequestValidationError)
    def invalid(_: Request, fault: RequestValidationError) -> Response:
        first: dict[str, Any] = fault.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "body")
        if path.startswith("definition.") and isinstance(fault.body, dict):
            return mistaken(find_mistakes(fault.body["definition"]))
        return problem(422, "Invalid request", f"{path or 'body'}: {first['msg']}", field=path or "body")

    api.add_exception_handler(HTTPException, http_problem)


def mistaken(mistakes: list[Mistake]) -> Response:
    """Return the answer to a definition with mistakes: all of them."""
    noun = "mistake" if len(mistakes) == 1 else "mistakes"
    listed = [str(of) for of in mistakes]
    return problem(
        422, "Invalid definition", f"{len(mistakes)} {noun}", field="definition", differences=listed
    )


def _answering(status: int, title: str) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, fault: Exception) -> Response:
        return problem(status, title, str(fault), retry_after_s=RETRY_AFTER_S if status == 503 else None)

    return answer
