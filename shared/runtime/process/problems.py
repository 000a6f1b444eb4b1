"""Errors as RFC 9457 problem documents: they name the field and say what was expected."""

from typing import Any

from starlette.responses import JSONResponse, Response


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    field: str | None = None,
    retry_after_s: int | None = None,
    **extra: Any,
) -> Response:
    """Return an application/problem+json response; `field` is the path of what is wrong in the request."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        **extra,
    }
    if field is not None:
        document["field"] = field
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse(document, status_code=status, headers=headers, media_type="application/problem+json")
