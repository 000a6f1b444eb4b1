"""The application that the rooms add their commands to. It imports nothing but typer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, cleandoc, signature
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

Command = TypeVar("Command", bound=Callable[..., Any])

app = typer.Typer(
    help="Counts ranked-choice votes as they arrive, and every kind of ballot file at once.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _say_version(asked: bool) -> None:  # noqa: FBT001  typer's form
    if asked:
        from importlib.metadata import version

        typer.echo(f"livecount {version('livecount')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Take what stands before a command."""


def command(*examples: str, of: typer.Typer = app) -> Callable[[Command], Command]:
    """Add a function as the command of its name; its help is its docstring, then the `examples`.

    A parameter whose type is a dataclass of options, such as `Order`, stands for all of them.
    """

    def add(function: Command) -> Command:
        name = function.__name__.strip("_").replace("_", "-")
        of.command(name, help=_with(function.__doc__ or "", examples))(_with_options(function))
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


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes the fields of each dataclass of options by name, after its own parameters."""
    declared = signature(function, eval_str=True)
    groups: dict[str, Any] = {
        name: of.annotation for name, of in declared.parameters.items() if is_dataclass(of.annotation)
    }

    @wraps(function)
    def called(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        return function(**given)

    own = [of for name, of in declared.parameters.items() if name not in groups]
    taken = [*own, *(option for group in groups.values() for option in _options(group))]
    called.__signature__ = declared.replace(parameters=taken)  # type: ignore[attr-defined]  # inspect reads it
    called.__annotations__ = {of.name: of.annotation for of in taken}
    return called


def _options(group: Any) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = Parameter.empty if field.default is MISSING else field.default
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name])
