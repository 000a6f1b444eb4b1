"""Ties that the rules leave to somebody: asked on a terminal, and only there."""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from services.cli.waiting import Hush
    from shared.rcv.count.ties import Tie


def asker(names: Sequence[str], hush: "Hush") -> "Callable[[Tie], int] | None":
    """Return who is asked about ties, after `hush`; None where nobody is there.

    The same tie has the same answer: where seats are filled one after another it may come again.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    @cache
    def ask(tie: "Tie") -> int:
        hush()
        level = [names[c] for c in tie.candidates]
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
