"""From the bytes of a request to a ballot form, or to what is wrong with them.

Rule 1: reading is total: any bytes give a form or a refusal that names the field and what was expected.
Rule 2: a form has one reading. Two values under one key, or an escape that hides a second key, are refused.

The fast way is one typed decode. It cannot see a repeated key, but quotes can be counted: without a backslash,
every string has two, so more quotes than the form's strings account for give a repetition away. Only then, and
for errors, the slow and strict reader is asked.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

MAX_CONTESTS = 50
EXAMPLE = '{"ballot_id": "32 hexadecimal digits", "code": "...", "rankings": {"contest": [["candidate"]]}}'

Ranks = tuple[tuple[str, ...], ...]


class Form(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A ballot as a client sends it: rankings as marked, by contest id, each rank the candidates' ids.

    A rank of `("*",)` holds several candidates whom the paper does not tell apart.
    """

    ballot_id: str
    code: str
    rankings: dict[str, Ranks]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a ballot is not taken: an HTTP status, the field, what was expected and found."""

    status: int
    title: str
    field: str
    detail: str


_decode = msgspec.json.Decoder(Form).decode


def read_form(body: bytes) -> Form | Refusal:
    """Read a form."""
    try:
        form = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        return _why_unreadable(body, fault)
    if b"\\" in body or body.count(b'"') != 2 * _strings(form):
        return _why_ambiguous(body)
    return form


def _strings(form: Form) -> int:
    """Count the strings of a form: the names of its fields, its id and its code, and what the rankings hold."""
    return 5 + len(form.rankings) + sum([sum(map(len, ranks)) for ranks in form.rankings.values()])


def _why_unreadable(body: bytes, fault: Exception) -> Refusal:
    strict = _read_strictly(body)
    if isinstance(strict, Refusal):
        return strict
    message, _, path = str(fault).partition(" - at `")
    return Refusal(422, "Not a ballot form", path.rstrip("`").removeprefix("$").lstrip("."), message)


def _why_ambiguous(body: bytes) -> Refusal:
    strict = _read_strictly(body)
    if isinstance(strict, Refusal):
        return strict
    return Refusal(
        422, "Escapes are not used in ballots", "", "Every id is plain text; expected no backslash"
    )


class _Fault(Exception):
    pass


def _read_strictly(body: bytes) -> Refusal | None:
    """Return what is wrong with the bytes as JSON, None if they are sound JSON."""
    try:
        json.loads(body.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except UnicodeDecodeError as fault:
        return Refusal(400, "Not UTF-8", "", f"Byte {fault.start} is not UTF-8 text")
    except RecursionError:
        return Refusal(400, "Nested too deeply", "", f"A ballot looks like {EXAMPLE}")
    except _Fault as fault:
        return Refusal(400, "Not one reading", "", str(fault))
    except ValueError as fault:
        return Refusal(400, "Not JSON", "", f"{fault}. A ballot looks like {EXAMPLE}")
    return None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Fault(f"The key {key!r} stands twice in one object; expected once")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise _Fault(f"{name} is not JSON; expected a string or a list")
