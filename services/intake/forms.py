"""A ballot's form: the JSON that a client sends. Pure.

* Reading is total: any bytes give a form or a refusal that names the field and what was expected.
* A form has one reading. Two values under one key, or an escape that hides a second key, are refused.

Forms are decoded in one typed step. It cannot see a repeated key, but quotes can be counted: without a backslash every
string has two, so more quotes than the form's strings account for give a repetition away. Only then, and for errors, the
slow and strict reader is asked.
"""

from itertools import chain
from typing import Final

import msgspec

from services.intake.bounds import Ranks
from services.intake.outcomes import Refusal
from shared.runtime.process.one_reading import NotOneReading, read_json

EXAMPLE: Final = (
    '{"ballot_id": "32 hexadecimal digits", "code": "...", "rankings": {"contest": [["candidate"]]}}'
)


class Form(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A ballot as a client sends it: rankings as marked, by contest id, each rank the candidates' ids.

    A rank of `("*",)` holds several candidates that are not distinguished.
    """

    ballot_id: str
    code: str
    rankings: dict[str, Ranks]


_decode = msgspec.json.Decoder(Form).decode


def read_form(body: bytes) -> Form | Refusal:
    """Return the form that bytes hold, or what is wrong with them."""
    try:
        form = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        message, _, path = str(fault).partition(" - at `")
        field = path.rstrip("`").removeprefix("$").lstrip(".")
        return _json_fault(body) or Refusal(422, "Not a ballot form", field, message)
    if b"\\" in body or body.count(b'"') != 2 * _strings(form):
        plain = "Every id is plain text; expected no backslash"
        return _json_fault(body) or Refusal(422, "Escapes are not used in ballots", "", plain)
    return form


def _strings(form: Form) -> int:
    """Count the strings of a form: the names of its fields, its id and its code, and what the rankings hold."""
    return 5 + len(form.rankings) + sum(map(len, chain.from_iterable(form.rankings.values())))


def _json_fault(body: bytes) -> Refusal | None:
    """Return what is wrong with the bytes as JSON, None if they are sound JSON with one reading."""
    try:
        read_json(body)
    except NotOneReading as fault:
        example = (
            f". A ballot looks like {EXAMPLE}" if fault.title in ("Not JSON", "Nested too deeply") else ""
        )
        return Refusal(400, fault.title, "", fault.detail + example)
    return None
