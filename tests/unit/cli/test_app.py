"""How a room adds a command: the dataclass that a command takes is its options."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from services.cli.app import command

OTHER = typer.Typer()


@dataclass(frozen=True)
class Place:
    """Where."""

    town: Annotated[str, typer.Option("--town", envvar="TEST_TOWN", help="Which town")] = "Ayr"


@dataclass(frozen=True)
class Visit(Place):
    """Where and how often."""

    times: Annotated[int, typer.Option(min=1)] = 1


@command("somebody go-there ada --town Wick", of=OTHER)
def go_there(who: str, visit: Visit, aloud: Annotated[bool, typer.Option("--aloud")] = False) -> None:  # noqa: FBT002
    """Go there."""
    typer.echo(f"{who} {visit} {aloud}")


@command("somebody stay", of=OTHER)
def stay(place: Place) -> None:
    """Stay there."""
    typer.echo(f"{place}")


def run(*words: str, **env: str) -> str:
    """Return what a command prints."""
    return CliRunner().invoke(OTHER, words, env=env).output


def test_a_dataclass_of_options_reaches_the_command_whole() -> None:
    """Its defaults, what the environment says, and what it has from another dataclass."""
    assert run("go-there", "ada") == "ada Visit(town='Ayr', times=1) False\n"
    assert run("go-there", "ada", "--aloud", TEST_TOWN="Wick") == "ada Visit(town='Wick', times=1) True\n"
    assert run("stay", "--town", "Oban") == "Place(town='Oban')\n"
    assert run("go-there", "ada", "--times", "3", "--town", "Oban").endswith("times=3) False\n")


def test_its_options_are_checked_and_described_as_any_other() -> None:
    """And they stand only where a command takes them."""
    assert "Invalid value for '--times'" in run("go-there", "ada", "--times", "0")
    described = run("go-there", "--help")
    assert "Which town" in described
    assert "somebody go-there ada --town Wick" in described
    assert "--times" not in run("stay", "--help")
