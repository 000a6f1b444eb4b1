"""Ties that the rules leave to somebody: asked on a terminal, or answered on a pipe, a line each."""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from services.cli.waiting import Hush
    from shared.rcv.count.ties import Tie


def asker(names: Sequence[str], hush: "Hush") -> "Callable[[Tie], int]":
    """Return who is asked about ties, after `hush`. On a pipe each line is a name, or its number among those level.

    The same tie has the same answer: where seats are filled one after another it may come again. What is returned raises
    UnresolvedTie where the pipe has no further line, ValueError for an answer that names nobody who is level, or two.
    """

    @cache
    def ask(tie: "Tie") -> int:
        hush()
        level = [names[c] for c in tie.candidates]
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return tie.candidates[_read(tie, level)]
        typer.echo(f"Round {tie.round}: {', '.join(level)} are level.", err=True)
        for number, name in enumerate(level, 1):
            typer.echo(f"  {number}  {name}", err=True)
        wanted = "is the winner" if tie.sought == "winner" else "falls"
        return tie.candidates[_answer(f"Who {wanted}?", len(level)) - 1]

    return ask


def _answer(question: str, most: int) -> int:
    while True:
        number: int = typer.prompt(f"{question} 1..{most}", type=int, err=True)
        if 1 <= number <= most:
            return number


def _read(tie: "Tie", level: Sequence[str]) -> int:
    from shared.rcv.count.ties import UnresolvedTie
    from shared.rcv.names import find

    line = "" if sys.stdin.isatty() else sys.stdin.readline()
    answer = line.strip()
    if not answer:
        raise UnresolvedTie(tie, level)
    if answer.isascii() and answer.isdecimal() and 1 <= int(answer) <= len(level):
        numbered = level[int(answer) - 1]
        if answer in level and answer != numbered:
            raise ValueError(
                f"round {tie.round}: {answer} is a name, and the number of {numbered!r}: it may be either"
            )
        return int(answer) - 1
    return find(answer, level, f"candidate who is level in round {tie.round}")
