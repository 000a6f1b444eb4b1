"""Ties settled by what was drawn or decided elsewhere, so that a published count with lots can be repeated.

Three ways of saying it. An order, "A > B > C": of those who are level the winner is the first of it, the loser the last.
Drawn lots, a line a tie: the round and whom the lot picked, to win or to fall, "3: Anna Lees"; `#` and a space begin a comment.
A published count, as `livecount count --json` writes it: its own ties.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from shared.rcv.count.ties import Ask, Tie
from shared.rcv.formats.records import BallotFile
from shared.rcv.names import find, find_all

_COMMENT = re.compile(r"^\s*#|\s#(?=\s|$)")
_ROUND = re.compile(r"[1-9][0-9]{0,8}")

Lot = tuple[int, int]
"""A round, from 1, and the place of the candidate whom its lot picked."""


def given_order(text: str, names: Sequence[str]) -> Ask:
    """Return what settles ties by an order of names. Raises ValueError for a name that is not there or stands twice."""
    order = find_all(text.split(">"), names, "candidate")
    if len(set(order)) < len(order):
        raise ValueError(f"expected each candidate once in the order of a tie, found {text!r}")

    def ask(tie: Tie) -> int:
        missing = [names[c] for c in tie.candidates if c not in order]
        if missing:
            raise ValueError(
                f"{_who_is_level(tie, names)}, and the order that settles ties lacks {', '.join(missing)}"
            )
        return (min if tie.sought == "winner" else max)(tie.candidates, key=order.index)

    return ask


def file_order(file: BallotFile) -> Ask | None:
    """Return what settles ties by the file's own order: the first of it is picked, to win or to fall (Droop's [tie])."""
    order = file.tie_order

    def ask(tie: Tie) -> int:
        return min(tie.candidates, key=lambda c: order.index(c) if c in order else len(order) + c)

    return ask if order else None


def drawn(text: str, names: Sequence[str]) -> Ask:
    """Return what settles ties by drawn lots or a published count. Raises ValueError for what is neither."""
    lots = _published(text, names) if text.lstrip().startswith("{") else _lines(text, names)

    def ask(tie: Tie) -> int:
        for round_, picked in lots:
            if round_ == tie.round and picked in tie.candidates:
                return picked
        raise ValueError(f"{_who_is_level(tie, names)}, and no lot is given for them")

    return ask


def _lines(text: str, names: Sequence[str]) -> list[Lot]:
    lots, faults = list[Lot](), list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if said := _COMMENT.split(line, maxsplit=1)[0].strip():
            try:
                lots.append(_lot(said, names))
            except ValueError as fault:
                faults.append(f"line {number}: {fault}")
    if faults:
        raise ValueError("; ".join(faults))
    return lots


def _lot(said: str, names: Sequence[str]) -> Lot:
    """Return the lot that a line says. Raises ValueError."""
    round_, colon, name = said.partition(":")
    if not (colon and _ROUND.fullmatch(round_.strip())):
        raise ValueError(f"expected a round and whom the lot picked, '3: NAME', found {said!r}")
    return int(round_), find(name, names, "candidate")


def _published(text: str, names: Sequence[str]) -> list[Lot]:
    try:
        ties: Any = json.loads(text)["ties"]
        return [(int(tie["stage"]), find(str(tie["picked"]), names, "candidate")) for tie in ties]
    except (json.JSONDecodeError, KeyError, TypeError) as fault:
        raise ValueError(f"expected a count as `livecount count --json` writes it: {fault!r}") from None


def _who_is_level(tie: Tie, names: Sequence[str]) -> str:
    return f"round {tie.round}: {', '.join(names[c] for c in tie.candidates)} are level"
