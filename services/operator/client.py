"""The operator's API from the other side: what the command line says to it.

Rule 1: every failure is one sentence, in the API's own words where it gave any.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import httpx

TIMEOUT_S: Final = 30.0
RECOUNT_TIMEOUT_S: Final = 900.0


class OperatorError(Exception):
    """The operator refused, or did not answer."""


class OperatorClient:
    """Talks to one operator, with its token; a context."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """Return what is at a path. Raises OperatorError."""
        return self._json("GET", path)

    def post(self, path: str, body: object, timeout_s: float = TIMEOUT_S) -> Any:
        """Post and return the answer. Raises OperatorError."""
        return self._json("POST", path, json=body, timeout=timeout_s)

    def save(self, path: str, file: Path) -> int:
        """Post, and write the answer to a file only its owner can read, whole or not at all; return its lines."""
        lines = 0
        part = file.with_name(f"{file.name}.part")
        part.touch(mode=0o600)
        part.chmod(0o600)
        try:
            with self._told(), self._http.stream("POST", path) as answer, part.open("wb") as out:
                if answer.is_error:
                    answer.read()
                _require_success(answer)
                for chunk in answer.iter_bytes():
                    lines += chunk.count(b"\n")
                    out.write(chunk)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return lines

    def _json(self, method: str, path: str, **request: Any) -> Any:
        with self._told():
            answer = self._http.request(method, path, **request)
        _require_success(answer)
        return answer.json()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as fault:
            raise OperatorError(f"the operator at {self._url} does not answer: {fault!r}") from fault


def _require_success(answer: httpx.Response) -> None:
    if not answer.is_error:
        return
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        raise OperatorError(f"the operator answered {answer.status_code}: {answer.text[:200]}") from None
    found = [f"\n  {difference}" for difference in problem.get("differences", [])]
    raise OperatorError(f"{problem['title']}: {problem['detail']}{''.join(found)}")
