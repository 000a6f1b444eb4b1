"""The application that the rooms add their commands to. It imports nothing but typer."""

from collections.abc import Callable, Sequence
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


def command(*examples: str, of: typer.Typer = app) -> Callable[[Command], Command]:
    """Add a function as the command of its name; its help is its docstring, then the `examples`."""

    def add(function: Command) -> Command:
        name = function.__name__.strip("_")
        of.command(name, help=_with(function.__doc__ or "", examples))(function)
        return function

    return add


def group(name: str, about: str, *examples: str) -> typer.Typer:
    """Add a word before commands, such as `receipt` before `check`; return where to add them."""
    made = typer.Typer(help=_with(about, examples), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(made, name=name)
    return made


def _with(about: str, examples: Sequence[str]) -> str:
    shown = "\n".join(f"  {example}" for example in examples)
    return f"{cleandoc(about)}\n\n\b\nExamples:\n{shown}"
