"""Commands that give an officer's orders to the operator's service, and say what became of them.

An order is signed with the keys in the keys folder, on this machine. Where an election asks for the signatures of several
officials, the first command proposes the order and each other official approves it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, TypeVar

import typer

from services.cli.app import app
from services.cli.commands.definition import read_election

if TYPE_CHECKING:
    from services.cli.clients.operator import OperatorClient, Outcome
    from shared.contract.events import ElectionAnnounced
    from shared.contract.rolls import Roll

T = TypeVar("T")

OPERATOR_URL: Final = "http://127.0.0.1:8102"
INTAKE_URL: Final = "http://127.0.0.1:8101"
TOKEN_FILE: Final = Path(".livecount/operator-token")
KEYS: Final = Path(".livecount/keys")
WHO: Final = os.environ.get("USER") or "operator"
UNTIL_FINAL_S: Final = 30.0
"""How long `certify` waits for the count of an election that has just been closed."""

ElectionArgument = Annotated[str, typer.Argument(metavar="ID", help="Election id, such as labour-2015")]
OperatorUrl = Annotated[
    str, typer.Option("--operator", envvar="LIVECOUNT_OPERATOR_URL", help="Where the operator listens")
]
TokenFile = Annotated[
    Path, typer.Option(envvar="LIVECOUNT_OPERATOR_TOKEN_FILE", help="File with the operator's token")
]
Keys = Annotated[
    Path, typer.Option(envvar="LIVECOUNT_KEYS", help="Folder of your private keys, or one key file")
]
By = Annotated[str, typer.Option(help="Who gives the order")]
Reason = Annotated[str, typer.Option(help="Why, for the record")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


class Access(NamedTuple):
    """Where orders are given, with which keys, by whom and why."""

    operator: str = OPERATOR_URL
    token_file: Path = TOKEN_FILE
    keys: Path = KEYS
    by: str = WHO
    reason: str = ""


@app.command()
def create(
    file: Annotated[Path, typer.Argument(help="The election's definition, YAML or JSON")],
    by: By = WHO,
    reason: Reason = "",
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
    yes: Yes = False,  # noqa: FBT002
) -> None:
    """Freeze an election's definition. It needs the root key.

    A definition that names no officials gets the officer of the keys folder, who then can give every order alone.

    A file with a mistake is refused; `livecount election check` tells every mistake of it at once.

    Example: livecount create labour-2015.yaml
    """
    from services.cli.clients.keys import with_officer

    election = with_officer(read_election(file), keys, by)
    marked = "an election that counts" if election.epoch == "live" else "a test"
    confirm(
        f"{election.id} ({election.title}) is frozen: {marked}, {election.electors:,} electors, "
        f"{len(election.contests)} contests. Nothing in it can change any more.",
        yes=yes,
    )

    async def freeze(client: "OperatorClient") -> "ElectionAnnounced":
        await client.configure(election)
        return await client.election(election.id)

    show(ask(Access(operator, token_file, keys, by, reason), freeze))


@app.command()
def codes(
    election: ElectionArgument,
    out: Annotated[Path, typer.Option(help="CSV file to write, readable by its owner only")],
    roll: Annotated[Path | None, typer.Option(help="Roll file to write [default: beside the keys]")] = None,
    electors: Annotated[
        Path | None, typer.Option(help="Your list of electors, CSV or XLSX: `out` becomes a mailing file")
    ] = None,
    intake: Annotated[
        str,
        typer.Option("--intake", envvar="LIVECOUNT_INTAKE_URL", help="Where electors vote, for their links"),
    ] = INTAKE_URL,
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
) -> None:
    """Make the voting codes of a whole roll, on this machine.

    The codes are for the letters to the electors and stand nowhere else. The roll file holds their commitments, from which
    no code can be made: `open` uploads it.

    With --electors the file holds your list's own columns, and beside them each elector's number, code and personal link: the
    numbers go section after section, in the list's order.

    Example: livecount codes labour-2015 --out codes.csv
    """
    announced = ask(Access(operator, token_file, keys), lambda client: client.election(election))
    file = roll or roll_file(keys, election)
    file.parent.mkdir(parents=True, exist_ok=True)
    if electors is None:
        made = write_codes(announced, out, file)
    else:
        from services.cli.rolls import read_list, write_mailing

        written = write_mailing(read_list(electors, announced.definition.sections), announced, out, intake)
        file.write_bytes(written.encoded())
        made = written.head.electors
    typer.echo(f"{made:,} voting codes in {out}, their roll in {file}")


def roll_file(keys: Path, election: str) -> Path:
    """Return where an election's roll file is, unless another place is named."""
    return keys.parent / "rolls" / f"{election}.roll"


def write_codes(announced: "ElectionAnnounced", out: Path, roll: Path) -> int:
    """Make codes for everybody on an election's roll; write codes and roll, whole or not at all. Return how many."""
    import numpy as np

    from shared.contract.rolls import CSV_HEAD, Roll, RollHead, make_codes

    definition, blocks = announced.definition, []
    part = out.with_name(f"{out.name}.part")
    part.touch(mode=0o600)
    part.chmod(0o600)
    try:
        with part.open("w") as file:
            file.write(CSV_HEAD)
            for lines, commitments in make_codes(definition, announced.log):
                file.write(lines)
                blocks.append(commitments)
        head = RollHead(log=announced.log, election=definition.id, electors=definition.electors)
        roll.write_bytes(Roll(head=head, commitments=np.concatenate(blocks)).encoded())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return definition.electors


@app.command("open")
def open_(
    election: ElectionArgument,
    roll: Annotated[Path | None, typer.Option(help="Roll file [default: the one that `codes` wrote]")] = None,
    by: By = WHO,
    reason: Reason = "",
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
    yes: Yes = False,  # noqa: FBT002
) -> None:
    """Upload the roll, and let ballots count.

    Example: livecount open labour-2015 --by ada --reason 'as agreed'
    """
    found = _read_roll(roll or roll_file(keys, election), election)
    confirm(
        f"{election} opens for {found.head.electors:,} electors. Their roll cannot be exchanged afterwards; "
        "a lost code can.",
        yes=yes,
    )

    async def opening(client: "OperatorClient") -> "tuple[Outcome, ElectionAnnounced]":
        outcome = await client.open(election, found)
        return outcome, await client.election(election)

    _report(*ask(Access(operator, token_file, keys, by, reason), opening))


def _read_roll(file: Path, election: str) -> "Roll":
    from shared.contract.rolls import read_roll

    if not file.is_file():
        raise ValueError(f"{file}: no roll there; `livecount codes {election} --out codes.csv` makes one")
    try:
        found = read_roll(file.read_bytes())
    except ValueError as fault:
        raise ValueError(f"{file}: {fault}") from fault
    if found.head.election != election:
        raise ValueError(f"{file}: a roll of {found.head.election}, not of {election}")
    return found


def _order_command(name: str, what: str) -> None:
    @app.command(name, help=f"{what}\n\nExample: livecount {name} labour-2015 --by ada --reason 'as agreed'")
    def order(
        election: ElectionArgument,
        by: By = WHO,
        reason: Reason = "",
        operator: OperatorUrl = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
        keys: Keys = KEYS,
    ) -> None:
        _give(Access(operator, token_file, keys, by, reason), election, name)


_order_command("pause", "Refuse ballots until the election is resumed.")
_order_command("resume", "Let ballots count again.")


@app.command()
def close(
    election: ElectionArgument,
    by: By = WHO,
    reason: Reason = "",
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
    yes: Yes = False,  # noqa: FBT002
) -> None:
    """End voting. There is no way back.

    Example: livecount close labour-2015 --by ada --reason 'as agreed'
    """
    access = Access(operator, token_file, keys, by, reason)
    definition = ask(access, lambda client: client.election(election)).definition
    confirm(
        f"Voting in {election} ({definition.title}) ends now for its {definition.electors:,} electors. "
        "It cannot be opened again.",
        yes=yes,
    )
    _give(access, election, "close")


@app.command()
def certify(
    election: ElectionArgument,
    by: By = WHO,
    reason: Reason = "",
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
) -> None:
    """Certify a closed election if an independent recount agrees in everything.

    Example: livecount certify labour-2015 --by ada
    """
    outcome = ask(
        Access(operator, token_file, keys, by, reason),
        lambda client: client.certify(election, until_final_s=UNTIL_FINAL_S),
    )
    done = "to certify, the recount agrees" if outcome.pending else "certified"
    assert outcome.recount is not None, "a certificate rests on a recount"
    for contest, counted in outcome.recount.contests.items():
        elected = ", ".join(counted.results.elected) or "nobody"
        typer.echo(f"{done} {election}/{contest}: {elected} ({counted.result_hash})")
    _pending(outcome)


@app.command()
def approve(
    proposal: Annotated[
        str | None, typer.Argument(metavar="[PROPOSAL]", help="Its id; none: list them")
    ] = None,
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Sign an order that another official has proposed, or list those that wait.

    Example: livecount approve 5f2c0e9a41d84e2f9b5a7c3d1e0f8a6b --keys second-officer.key
    """
    access = Access(operator, token_file, keys)
    if proposal is None:
        proposals = ask(access, lambda client: client.proposals())
        if as_json:
            typer.echo(json.dumps(proposals))
        elif not proposals:
            typer.echo("No order waits for a signature.")
        for waiting in [] if as_json else proposals:
            left = waiting["needed"] - len(waiting["signed"])
            signed = ", ".join(waiting["signed"]) or "nobody"
            typer.echo(
                f"{waiting['control_id']}  {waiting['election']}  {waiting['type']}  signed by {signed}, {left} more needed"
            )
        return
    outcome = ask(access, lambda client: client.approve(proposal))
    if not outcome.pending:
        typer.echo("carried out")
    _pending(outcome)


def _elector_command(name: str, what: str) -> None:
    @app.command(
        name, help=f"{what}\n\nExample: livecount {name} labour-2015 --elector 4711 --reason 'joined twice'"
    )
    def change(
        election: ElectionArgument,
        elector: Annotated[int, typer.Option(min=0, help="Number on the roll")],
        by: By = WHO,
        reason: Reason = "",
        operator: OperatorUrl = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
        keys: Keys = KEYS,
    ) -> None:
        _give(Access(operator, token_file, keys, by, reason), election, name, elector=elector)


_elector_command("void", "Take an elector's right to vote, and any ballot it has cast, out of the count.")
_elector_command("restore", "Take a void back.")


@app.command()
def reissue(
    election: ElectionArgument,
    elector: Annotated[int, typer.Option(min=0, help="Number on the roll")],
    by: By = WHO,
    reason: Reason = "",
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
) -> None:
    """Make a new voting code for an elector who lost one. A vote that was cast stands.

    Example: livecount reissue labour-2015 --elector 4711 --reason 'letter lost'
    """
    from shared.contract.codes import commitment, new_code
    from shared.contract.rolls import section_of_electors

    access = Access(operator, token_file, keys, by, reason)
    announced = ask(access, lambda client: client.election(election))
    if elector >= announced.definition.electors:
        raise ValueError(f"elector {elector} is not on the roll 0..{announced.definition.electors - 1}")
    code = new_code(elector, int(section_of_electors(announced.definition)[elector]))
    digest = commitment(announced.log, election, code).hex()
    _give(access, election, "reissue", elector=elector, commitment=digest)
    typer.echo(f"new code of elector {elector}: {code}")


def _candidate_command(name: str, what: str) -> None:
    @app.command(
        name,
        help=f"{what}\n\nExample: livecount {name} labour-2015 deputy/flint --reason 'by her own letter'",
    )
    def change(
        election: ElectionArgument,
        who: Annotated[str, typer.Argument(metavar="CONTEST/CANDIDATE", help="Ids, such as deputy/flint")],
        by: By = WHO,
        reason: Reason = "",
        operator: OperatorUrl = OPERATOR_URL,
        token_file: TokenFile = TOKEN_FILE,
        keys: Keys = KEYS,
    ) -> None:
        contest, _, candidate = who.partition("/")
        access = Access(operator, token_file, keys, by, reason)
        announced = _give(access, election, name, contest=contest, candidate=candidate)
        out = ", ".join("/".join(entry) for entry in announced.withdrawn) or "nobody"
        typer.echo(f"{election}: withdrawn now: {out}")


_candidate_command("withdraw", "Take a candidate out of a contest: ballots go to whom they rank next.")
_candidate_command("reinstate", "Take a candidate's withdrawal back.")


@app.command("replace-key")
def replace_key(
    election: ElectionArgument,
    old: Annotated[str, typer.Option(help="The public key that is lost")],
    name: Annotated[str, typer.Option(help="Who holds the new one")],
    new: Annotated[str, typer.Option(help="The new public key, as `livecount key FILE` printed it")],
    by: By = WHO,
    reason: Reason = "",
    operator: OperatorUrl = OPERATOR_URL,
    token_file: TokenFile = TOKEN_FILE,
    keys: Keys = KEYS,
) -> None:
    """Put another key in the place of an official's lost one. The root key and one other official sign.

    Example: livecount replace-key labour-2015 --old OLD --name 'Ada Lovelace' --new NEW --reason 'laptop stolen'
    """
    access = Access(operator, token_file, keys, by, reason)
    _give(access, election, "replace-key", old=old, new={"name": name, "key": new})


@app.command()
def key(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Key file to write; it must not exist")],
) -> None:
    """Make a private key for an official, and print its public key for the definition.

    Example: livecount key second-officer.key
    """
    from services.cli.clients.keys import write_key

    typer.echo(write_key(out))


def confirm(what: str, *, yes: bool) -> None:
    """Say what will happen and ask whether it is meant. A script, which has no terminal, is not asked: its order is plain.

    Raises typer.Abort if it is not.
    """
    if yes or not sys.stdin.isatty():
        return
    typer.echo(what, err=True)
    typer.confirm("Is that meant?", abort=True, err=True)


def ask(access: Access, asking: "Callable[[OperatorClient], Awaitable[T]]") -> T:
    """Return what the operator answers. Raises OperatorError; ValueError if there is no token."""
    import ssl

    import httpx

    from services.cli.clients.keys import KeyRing
    from services.cli.clients.operator import TIMEOUT_S, Officer, OperatorClient

    token = os.environ.get("LIVECOUNT_OPERATOR_TOKEN")
    if token is None and not access.token_file.is_file():
        raise ValueError(
            f"{access.token_file}: no token there; `livecount up` makes one, or name it by --token-file"
        )
    token = token or access.token_file.read_text().strip()
    officer = Officer(
        KeyRing.read(access.keys), access.by, access.reason, lambda news: typer.echo(news, err=True)
    )

    async def run() -> T:
        trusted = ssl.create_default_context()  # SSL_CERT_FILE may name an authority of one's own
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=trusted) as http:
            return await asking(OperatorClient(http, access.operator, token, officer))

    return asyncio.run(run())


def _give(access: Access, election: str, name: str, **about: Any) -> "ElectionAnnounced":
    """Give an order, report what became of it, and return the election after it."""
    from shared.contract.lifecycle import Command

    async def given(client: "OperatorClient") -> "tuple[Outcome, ElectionAnnounced]":
        command: Command = Command(name)
        outcome = await client.order(election, command, **about)
        return outcome, await client.election(election)

    outcome, announced = ask(access, given)
    _report(outcome, announced)
    return announced


def _report(outcome: "Outcome", announced: "ElectionAnnounced") -> None:
    show(announced)
    _pending(outcome)


def _pending(outcome: "Outcome") -> None:
    if outcome.pending:
        signed = ", ".join(outcome.signed)
        typer.echo(
            f"signed by {signed}: {outcome.needed} must sign. Next: livecount approve {outcome.control_id}"
        )


def show(announced: "ElectionAnnounced") -> None:
    """Print where an election is."""
    definition = announced.definition
    typer.echo(f"{definition.id}: {announced.phase} since {announced.at}, {definition.electors:,} electors")
