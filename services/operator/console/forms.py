"""What a form of the console says: its fields, and what the order in it is about."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request

from services.operator.changes import Change, before_and_after
from services.operator.console.view import ABOUT, parse_due
from services.operator.orders import about_electors
from shared.contract.batches import parse_runs
from shared.contract.elections import Election
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command
from shared.contract.standings import Standing

FORM_TYPE: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 4096
MAX_REASON_CHARS: Final = 1000

Form = Mapping[str, str]


async def read_form(request: Request, max_bytes: int = MAX_FORM_BYTES) -> Form:
    """Return a form's fields; of one that is too large, or is no form's body, none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return {}
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            return {}
    try:
        found = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=16)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def about_of(definition: Election, command: Command, form: Form) -> dict[str, Any]:
    """Return what an order is about, from its form. Raises ValueError."""
    if len(form.get("reason", "")) > MAX_REASON_CHARS:
        raise ValueError(f"expected a reason of at most {MAX_REASON_CHARS:,} characters")
    if command is Command.CLOSE and (due := parse_due(form.get("due", ""), form.get("zone", ""))) is not None:
        return {"due": due}
    about: dict[str, Any] = {
        name: text for name in ABOUT.get(command, ()) if (text := form.get(name, "").strip())
    }
    if "elector" in about:
        if not (about["elector"].isascii() and about["elector"].isdecimal() and len(about["elector"]) < 10):
            raise ValueError("expected an elector's number on the roll")
        about["elector"] = int(about["elector"])
    if "electors" in about:
        about["electors"] = parse_runs(about["electors"])
    if command in (Command.WITHDRAW, Command.REINSTATE):
        if "candidate" not in about:
            raise ValueError("expected a candidate")
        about["contest"], _, about["candidate"] = about["candidate"].partition("/")
    if command in (Command.VOID, Command.RESTORE):
        about = about_electors(definition, about)
    if command in (Command.OPEN, Command.REISSUE, Command.REPLACE_KEY):
        raise ValueError(
            "this order needs files of your own machine: give it in your signer, or by its command"
        )
    return about


def change_in(
    announced: ElectionAnnounced, command: Command, form: Form, standings: Mapping[str, Standing]
) -> Change | None:
    """Return what an order changes, as far as its form says what it is about."""
    try:
        about = about_of(announced.definition, command, form) if form else {}
    except ValueError:
        about = {}
    if command in (Command.VOID, Command.RESTORE) and not about:
        return None
    return before_and_after(announced, command, about, standings)
