"""What an elector gives to be looked up, as it was kept: a receipt's text or file, its link, or its digits alone. Pure."""

import re
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from shared.contract.codes import BadCode, parse_code
from shared.contract.ids import SLUG_PATTERN
from shared.contract.receipts import LINK_DOTS

MAX_FORM_BYTES: Final = 65_536
"""A receipt with the longest proof has some 9,000 characters; a form may spell a character with three, or nine."""
FIELD: Final = "receipt"
_LINK: Final = re.compile(r"#([0-9a-z.-]+)")
_DIGITS: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff-]+")
"""What stands between digits that were copied or typed: spaces, hyphens, marks that nobody sees."""
_AROUND: Final = "\ufeff\u200b\u2060 \t\r\n"
_LINK_CODE: Final = "#code="
Fault = Literal["no text", "no receipt", "a code"]
"""Nothing like a receipt; one of which a part is missing; a voting code, which nobody should give away. Keys of `words`."""


class Typed(NamedTuple):
    """A receipt that can be looked up."""

    who: str
    election: str = ""
    """Empty: only digits were given. Then no standing can be named, for nothing says of which election they are."""
    ballot_id: str = ""


class _Receipt(msgspec.Struct):
    """The part of a receipt's text that a look-up needs; its proof is not looked at."""

    type: Literal["receipt/1"]
    election: Annotated[str, msgspec.Meta(pattern=rf"\A{SLUG_PATTERN.strip('^$')}\Z", max_length=48)]
    ballot_id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    who: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


_decode: Final = msgspec.json.Decoder(_Receipt).decode


def read_typed(body: bytes) -> str | None:
    """Return the text in a urlencoded form of the one field `receipt`; None if it is not such a form."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=1
        )
    except ValueError:
        return None
    return pairs[0][1] if [name for name, _ in pairs] == [FIELD] else None


def receipt_of(text: str) -> Typed | Fault:
    """Return the receipt that a text is, or what is wrong with it."""
    if _is_code(text):
        return "a code"
    digits = _BETWEEN.sub("", text).lower()
    if _DIGITS.fullmatch(digits):
        return Typed(digits)
    try:
        kept = _of_link(text) or _decode(text.strip(_AROUND))
    except msgspec.ValidationError:
        return "no receipt"
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return "no text"
    return Typed(kept.who, kept.election, kept.ballot_id)


def _is_code(text: str) -> bool:
    """Return whether a text is a voting code, or a personal link that holds one."""
    if _LINK_CODE in text:
        return True
    try:
        parse_code(_BETWEEN.sub("-", text.strip(_AROUND)))
    except (BadCode, ValueError):
        return False
    return True


def _of_link(text: str) -> _Receipt | None:
    """Return the receipt in a link's fragment (`receipt_link`), None if there is no such link. Raises msgspec.ValidationError."""
    found = _LINK.search(text)
    if found is None or found[1].count(".") != LINK_DOTS:
        return None
    _, election, ballot_id, _, who = found[1].split(".")
    made: dict[str, Any] = {"type": "receipt/1", "election": election, "ballot_id": ballot_id, "who": who}
    return msgspec.convert(made, _Receipt)
