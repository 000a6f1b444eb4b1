"""How commands ask the operator's service and give it orders: the options that this takes, and what is said of an order."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from infra.local.folder import data_folder

if TYPE_CHECKING:
    from services.cli.clients.operator import Officer, OperatorClient, Outcome
    from shared.contract.events import ElectionAnnounced

T = TypeVar("T")

KEYS: Final = data_folder() / "keys"


@dataclass(frozen=True)
class Access:
    """The options of a command that asks the operator's service something."""

    operator: Annotated[
        str, typer.Option("--operator", envvar="LIVECOUNT_OPERATOR_URL", help="Where the operator listens")
    ] = "http://127.0.0.1:8102"
    token_file: Annotated[
        Path, typer.Option(envvar="LIVECOUNT_OPERATOR_TOKEN_FILE", help="File with the operator's token")
    ] = data_folder() / "operator-token"

    def ask(self, asking: "Callable[[OperatorClient], Awaitable[T]]") -> T:
        """Return what the operator answers. Raises OperatorError; ValueError if there is no token."""
        import ssl

        import httpx

        from services.cli.clients.operator import TIMEOUT_S, OperatorClient

        token = os.environ.get("LIVECOUNT_OPERATOR_TOKEN")
        if token is None and not self.token_file.is_file():
            raise ValueError(
                f"{self.token_file}: no token there; `livecount up` makes one, or name it by --token-file"
            )
        token = token or self.token_file.read_text().strip()

        async def run() -> T:
            trusted = ssl.create_default_context()  # SSL_CERT_FILE may name an authority of one's own
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=trusted) as http:
                return await asking(OperatorClient(http, self.operator, token, self._officer()))

        return asyncio.run(run())

    def _officer(self) -> "Officer":
        from services.cli.clients.keys import KeyRing
        from services.cli.clients.operator import Officer

        return Officer(KeyRing.of(), say=lambda news: typer.echo(news, err=True))


@dataclass(frozen=True)
class SigningAccess(Access):
    """The options of a command that needs an official's keys as well."""

    keys: Annotated[
        Path, typer.Option(envvar="LIVECOUNT_KEYS", help="Folder of your private keys, or one key file")
    ] = KEYS

    def roll_file(self, election: str) -> Path:
        """Return where an election's roll file is, unless another place is named."""
        return self.keys.parent / "rolls" / f"{election}.roll"

    def _officer(self) -> "Officer":
        from services.cli.clients.keys import KeyRing

        return super()._officer()._replace(keys=KeyRing.read(self.keys))


@dataclass(frozen=True)
class FinalAccess(SigningAccess):
    """The options of a command that signs what may have no way back: it asks first whether that is meant."""

    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant")] = False

    def _officer(self) -> "Officer":
        return super()._officer()._replace(confirm=partial(confirm, yes=self.yes))


@dataclass(frozen=True)
class Order(SigningAccess):
    """The options of a command that gives an order."""

    by: Annotated[str, typer.Option(help="Who gives the order")] = os.environ.get("USER") or "operator"
    reason: Annotated[str, typer.Option(help="Why, for the record")] = ""

    def give(self, name: str, election: str, **about: Any) -> "ElectionAnnounced":
        """Give an order, report what became of it, and return the election after it. Raises as `ask` does."""
        from shared.contract.lifecycle import Command

        return self.report(election, lambda client: client.order(election, Command(name), **about))

    def report(
        self, election: str, ordering: "Callable[[OperatorClient], Awaitable[Outcome | None]]"
    ) -> "ElectionAnnounced":
        """Order, print where the election is then and whose signature it waits for; return the election."""

        async def ordered(client: "OperatorClient") -> "tuple[Outcome | None, ElectionAnnounced]":
            return await ordering(client), await client.election(election)

        outcome, announced = self.ask(ordered)
        show(announced)
        if outcome:
            show_pending(outcome)
        return announced

    def _officer(self) -> "Officer":
        return super()._officer()._replace(by=self.by, reason=self.reason)


@dataclass(frozen=True)
class FinalOrder(Order, FinalAccess):
    """The options of a command whose order nobody can take back: it asks first whether it is meant."""


def confirm(what: str, *, yes: bool) -> None:
    """Say what will happen and ask whether it is meant. A script, which has no terminal, is not asked: its order is plain.

    Raises typer.Abort if it is not.
    """
    if yes or not sys.stdin.isatty():
        return
    typer.echo(what, err=True)
    typer.confirm("Is that meant?", abort=True, err=True)


def show(announced: "ElectionAnnounced") -> None:
    """Print where an election is."""
    definition = announced.definition
    typer.echo(f"{definition.id}: {announced.phase} since {announced.at}, {definition.electors:,} electors")


def show_pending(outcome: "Outcome") -> None:
    """Print whose signatures an order waits for, or when it is carried out."""
    if outcome.due and len(outcome.signed) >= outcome.needed:
        typer.echo(f"signed, and carried out at {outcome.due}")
    elif outcome.pending:
        signed = ", ".join(outcome.signed)
        typer.echo(
            f"signed by {signed}: {outcome.needed} must sign. Next: livecount approve {outcome.control_id}"
        )
