"""JSON as it may come over the wire: text that every reader reads alike, or the reason why it is none."""

import json
from typing import Any


class NotOneReading(ValueError):
    """Bytes that are no JSON, or JSON that two readers may read differently."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(f"{title}: {detail}")
        self.title = title
        self.detail = detail


class _Ambiguous(Exception):
    pass


def read_json(body: bytes) -> Any:
    """Return what bytes hold. Raises NotOneReading for other than UTF-8, for NaN, repeated keys, and nesting without end."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except UnicodeDecodeError as fault:
        raise NotOneReading("Not UTF-8", f"Byte {fault.start} is not UTF-8 text") from None
    except RecursionError:
        raise NotOneReading("Nested too deeply", "Expected fewer brackets within one another") from None
    except _Ambiguous as fault:
        raise NotOneReading("Not one reading", str(fault)) from None
    except ValueError as fault:
        raise NotOneReading("Not JSON", str(fault)) from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Ambiguous(f"The key {key[:60]!r} stands twice in one object; expected once")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise _Ambiguous(f"{name} is not JSON; expected a string or a list")
