"""The application that the rooms add their commands to. It imports nothing but typer."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any, TypeVar

import typer

Command = TypeVar("Command", bound=Callable[..., Any])

app = typer.Typer(
    help="Counts ranked-choice votes as they arrive, and every kind of ballot file at once.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def command(*examples: str) -> Callable[[Command], Command]:
    """Add a function as the command of its name; its help is its docstring, then the `examples`."""

    def add(function: Command) -> Command:
        shown = "\n".join(f"  {example}" for example in examples)
        name = function.__name__.strip("_")
        app.command(name, help=f"{cleandoc(function.__doc__ or '')}\n\n\b\nExamples:\n{shown}")(function)
        return function

    return add
