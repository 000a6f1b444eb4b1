"""Commands that give an officer's orders to the operator's service, and say what became of them.

An order is signed with the keys in the keys folder, on this machine. Where an election asks for the signatures of several
officials, the first command proposes the order and each other official approves it.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.app import command
from services.cli.commands.definition import read_election
from services.cli.common import INTAKE_URL, AsJson, ElectionArgument, IntakeUrl
from services.cli.orders import Access, FinalAccess, FinalOrder, Order, SigningAccess, show_pending

if TYPE_CHECKING:
    from services.cli.clients.operator import OperatorClient
    from shared.contract.events import ElectionAnnounced
    from shared.contract.rolls import Roll

UNTIL_FINAL_S: Final = 30.0
"""How long `certify` waits for the count of an election that has just been closed."""

Elector = Annotated[int, typer.Option(min=0, help="Number on the roll")]
OneElector = Annotated[int | None, typer.Option("--elector", min=0, help="Number on the roll")]
Batch = Annotated[
    Path | None,
    typer.Option(
        "--batch",
        help="File of numbers, ranges or voting codes, one a line, or CSV with a column elector or code",
    ),
]
WholeSection = Annotated[str | None, typer.Option("--section", help="All electors of a section, by its id")]
Candidate = Annotated[str, typer.Argument(metavar="CONTEST/CANDIDATE", help="Ids, such as deputy/flint")]
RollFile = Annotated[Path | None, typer.Option(help="Roll file [default: the one that `codes` wrote]")]
LettersFolder = Annotated[Path | None, typer.Option(help="Folder for the elector's letter, PDF")]
Due = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Carry it out then, such as 2026-12-01T09:00+01:00; signed now, kept until it is due",
    ),
]


@command("livecount create labour-2015.yaml")
def create(
    file: Annotated[Path, typer.Argument(help="The election's definition, YAML or JSON")], order: FinalOrder
) -> None:
    """Freeze an election's definition. It needs the root key.

    A definition that names no officials gets the officer of the keys folder, who then can give every order alone.

    A file with a mistake is refused; `livecount election check` says every mistake of it at once.
    """
    from services.cli.clients.keys import with_officer

    election = with_officer(read_election(file), order.keys, order.by)
    order.report(election.id, lambda client: client.configure(election))


@command("livecount codes labour-2015 --out codes.csv")
def codes(
    election: ElectionArgument,
    out: Annotated[Path, typer.Option(help="CSV file to write, readable by its owner only")],
    access: SigningAccess,
    roll: Annotated[Path | None, typer.Option(help="Roll file to write [default: beside the keys]")] = None,
    electors: Annotated[
        Path | None, typer.Option(help="Your list of electors, CSV or XLSX: `out` becomes a mailing file")
    ] = None,
    intake: IntakeUrl = INTAKE_URL,
    spare: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--spare", help="The list may be shorter than the roll; `add` uses what is left over"),
    ] = False,
) -> None:
    """Make the voting codes of a whole roll, on this machine.

    The codes are for the letters to the electors and stand nowhere else. The roll file holds their commitments, from which
    no code can be made: `open` uploads it.

    With --electors the file holds your list's own columns, and beside them each elector's number, code and personal link: the
    numbers go section after section, in the list's order.
    """
    from services.cli.rolls import read_list, write_codes, write_mailing

    announced = access.ask(lambda client: client.election(election))
    file = roll or access.roll_file(election)
    file.parent.mkdir(parents=True, exist_ok=True)
    if electors is None:
        made, left = write_codes(announced, out), 0
    else:
        listed = read_list(electors, announced.definition.sections)
        made = write_mailing(listed, announced, out, intake, spare=spare)
        left = made.head.electors - len(listed.sections)
    file.write_bytes(made.encoded())
    spared = f", {left:,} numbers left for livecount add" if left else ""
    typer.echo(f"{made.head.electors - left:,} voting codes in {out}{spared}; their roll in {file}")


@command("livecount open labour-2015 --by ada --reason 'as agreed'")
def open_(
    election: ElectionArgument,
    order: FinalOrder,
    roll: RollFile = None,
    due: Due = None,
) -> None:
    """Upload the roll, and let ballots count."""
    found = _read_roll(roll or order.roll_file(election), election)
    order.report(election, lambda client: client.open(election, found, **_about(due)))


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


@command("livecount pause labour-2015 --by ada --reason 'as agreed'")
def pause(election: ElectionArgument, order: Order) -> None:
    """Refuse ballots until the election is resumed."""
    order.give("pause", election)


@command("livecount resume labour-2015 --by ada --reason 'as agreed'")
def resume(election: ElectionArgument, order: Order) -> None:
    """Let ballots count again."""
    order.give("resume", election)


@command("livecount close labour-2015 --by ada --reason 'as agreed'")
def close(election: ElectionArgument, order: FinalOrder, due: Due = None) -> None:
    """End voting. There is no way back."""
    order.give("close", election, **_about(due))


@command("livecount cancel club-test --by ada --reason 'the wrong candidates were printed'")
def cancel(election: ElectionArgument, order: FinalOrder) -> None:
    """End an election that comes to nothing, in any phase: no ballot counts and no result is shown. There is no way back.

    It takes a reason and two officials, where the definition names two.
    """
    order.give("cancel", election)


def _about(due: str | None) -> dict[str, str]:
    return {} if due is None else {"due": due}


@command(
    "livecount scheduled labour-2015",
    "livecount scheduled labour-2015 --take-out 5f2c0e9a41d84e2f9b5a7c3d1e0f8a6b",
)
def scheduled(
    election: ElectionArgument,
    access: Access,
    take_out: Annotated[str | None, typer.Option(help="Take this order out: it is not carried out")] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List the orders that are signed and wait for their time, or take one out."""
    if take_out is not None:
        access.ask(lambda client: client.take_out(election, take_out))
    found = access.ask(lambda client: client.scheduled(election))
    lines = [
        f"{of['control_id']}  {of['type']}  {of['due']}"
        + ("" if of["fits"] else "  does not fit any more: another order came first")
        for of in found
    ]
    typer.echo(json.dumps(found) if as_json else "\n".join(lines) or f"Nothing is scheduled for {election}.")


@command("livecount certify labour-2015 --by ada")
def certify(election: ElectionArgument, order: Order) -> None:
    """Certify a closed election if an independent recount agrees in everything."""
    outcome = order.ask(lambda client: client.certify(election, until_final_s=UNTIL_FINAL_S))
    done = "to certify, the recount agrees" if outcome.pending else "certified"
    assert outcome.recount is not None, "a certificate rests on a recount"
    for contest, counted in outcome.recount.contests.items():
        elected = ", ".join(counted.results.elected) or "nobody"
        typer.echo(f"{done} {election}/{contest}: {elected} ({counted.result_hash})")
    show_pending(outcome)


@command("livecount approve", "livecount approve 5f2c0e9a41d84e2f9b5a7c3d1e0f8a6b --keys second-officer.key")
def approve(
    access: FinalAccess,
    proposal: Annotated[
        str | None, typer.Argument(metavar="[PROPOSAL]", help="Its id; none: list them")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Sign an order that another official has proposed, or list those that wait."""
    if proposal is None:
        proposals = access.ask(lambda client: client.proposals())
        typer.echo(json.dumps(proposals) if as_json else "\n".join(map(_proposed, proposals)) or NONE_WAITS)
        return
    outcome = access.ask(lambda client: client.approve(proposal))
    if not outcome.pending:
        typer.echo("carried out")
    show_pending(outcome)


NONE_WAITS: Final = "No order waits for a signature."


def _proposed(of: dict[str, Any]) -> str:
    signed = ", ".join(of["signed"]) or "nobody"
    left = of["needed"] - len(of["signed"])
    return f"{of['control_id']}  {of['election']}  {of['type']}  signed by {signed}, {left} more needed"


@command(
    "livecount void labour-2015 --elector 4711 --reason 'joined twice'",
    "livecount void labour-2015 --batch box-17.csv --reason 'the box was left open'",
    "livecount void labour-2015 --section leeds --reason 'as the tribunal decided'",
)
def void(
    election: ElectionArgument,
    order: FinalOrder,
    elector: OneElector = None,
    batch: Batch = None,
    section: WholeSection = None,
) -> None:
    """Take an elector's right to vote, and any ballot it has cast, out of the count; or those of a batch, in one order.

    What a batch changes is shown before it is signed, on a terminal. After the close it takes two officials.
    """
    _about_electors("void", election, order, elector, batch, section)


@command(
    "livecount restore labour-2015 --elector 4711 --reason 'two members of one name'",
    "livecount restore labour-2015 --batch box-17.csv --reason 'the seal was found'",
)
def restore(
    election: ElectionArgument,
    order: FinalOrder,
    elector: OneElector = None,
    batch: Batch = None,
    section: WholeSection = None,
) -> None:
    """Take a void back, or those of a batch: whoever of it is void, by this order or another."""
    _about_electors("restore", election, order, elector, batch, section)


def _about_electors(
    name: str,
    election: str,
    order: FinalOrder,
    elector: int | None,
    batch: Path | None,
    section: str | None,
) -> None:
    if (elector is not None) + (batch is not None) + (section is not None) != 1:
        raise ValueError("expected one of --elector, --batch and --section")
    if elector is not None:
        order.give(name, election, elector=elector)
    elif section is not None:
        order.give(name, election, section=section)
    else:
        from services.cli.rolls import read_batch

        assert batch is not None, "it is one of the three"
        definition = order.ask(lambda client: client.election(election)).definition
        order.give(name, election, electors=read_batch(batch, definition))


@command(
    "livecount reissue labour-2015 --elector 4711 --reason 'letter lost'",
    "livecount reissue labour-2015 --elector 4711 --mailing mailing.csv --letters letters",
)
def reissue(
    election: ElectionArgument,
    elector: Elector,
    order: Order,
    mailing: Annotated[
        Path | None, typer.Option(help="Your mailing file, whose row of the elector is to have the new code")
    ] = None,
    letters: LettersFolder = None,
    intake: IntakeUrl = INTAKE_URL,
    roll: RollFile = None,
) -> None:
    """Make a new voting code for an elector who lost one. A vote that was cast stands; the old code is worth nothing.

    Before the opening it is written into the roll file, and goes up with it; afterwards it is an order.
    """
    from services.cli.rolls import put_elector

    if letters is not None and mailing is None:
        raise ValueError("--letters: expected --mailing too, for the elector's address")
    announced = order.ask(lambda client: client.election(election))
    code, link = _issue(order, announced, elector, intake, roll)
    if mailing is not None:
        put_elector(mailing, elector, code, link)
        _letter(announced, mailing, elector, letters)


@command("livecount add labour-2015 --mailing mailing.csv --section members --value 'name=Zoë Quinn'")
def add(
    election: ElectionArgument,
    order: Order,
    mailing: Annotated[Path, typer.Option(help="Your mailing file; the elector becomes a row of it")],
    section: Annotated[str | None, typer.Option(help="The elector's section, by its id")] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=TEXT", help="What stands in a column; again for more")
    ] = None,
    letters: LettersFolder = None,
    intake: IntakeUrl = INTAKE_URL,
    roll: RollFile = None,
) -> None:
    """Give an elector who was forgotten a number that is spare, and a code. It needs `codes --spare`.

    Before the opening it is written into the roll file, and goes up with it; afterwards the log holds it as a code that was
    issued again. Turnout counts spare numbers as electors.
    """
    from services.cli.rolls import put_elector, spare_elector

    announced = order.ask(lambda client: client.election(election))
    sections = announced.definition.sections
    if section is None and len(sections) > 1:
        raise ValueError(f"expected --section: one of {', '.join(of.id for of in sections)}")
    elector = spare_elector(mailing, announced, section or sections[0].id)
    values = dict(_column(text) for text in value or ())
    code, link = _issue(order, announced, elector, intake, roll)
    put_elector(mailing, elector, code, link, values)
    _letter(announced, mailing, elector, letters)


def _column(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--value: expected COLUMN=TEXT, found {text!r}")
    return name, value


def _issue(
    order: Order, announced: "ElectionAnnounced", elector: int, intake: str, roll: Path | None
) -> tuple[str, str]:
    """Make a new code for an elector, print it, and return it and its link: into the roll file, or once that is up by an order."""
    from shared.contract.codes import commitment, new_code, voting_link
    from shared.contract.rolls import section_of_electors

    election, electors = announced.definition.id, announced.definition.electors
    if elector >= electors:
        raise ValueError(f"elector {elector} is not on the roll 0..{electors - 1}")
    code = new_code(elector, int(section_of_electors(announced.definition)[elector]))
    digest = commitment(announced.log, election, code)
    if announced.phase == "configured":
        _put_into_roll(order, election, roll or order.roll_file(election), elector, digest)
    else:
        order.give("reissue", election, elector=elector, commitment=digest.hex())
    typer.echo(f"new code of elector {elector}: {code}")
    return str(code), voting_link(intake, election, str(code))


def _put_into_roll(order: Order, election: str, file: Path, elector: int, digest: bytes) -> None:
    """Write an elector's new commitment into the roll file, unless an opening is signed, or waits to be, for the roll as it is."""
    from services.cli.rolls import with_commitment

    async def openings(client: "OperatorClient") -> list[str]:
        waiting = [of for of in await client.proposals() if of["election"] == election]
        found = [*waiting, *await client.scheduled(election)]
        return [of["control_id"] for of in found if of["type"].startswith("election-opened")]

    found = _read_roll(file, election)
    if ids := order.ask(openings):
        raise ValueError(
            f"the opening {ids[0]} waits for the roll as it is: take it out (livecount scheduled {election}), or do this "
            "once the election is open"
        )
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(with_commitment(found, elector, digest).encoded())
    part.replace(file)
    typer.echo(f"written into {file}, which goes up with livecount open {election}")


def _letter(announced: "ElectionAnnounced", mailing: Path, elector: int, folder: Path | None) -> None:
    """Write one elector's letter, if a folder is named."""
    from services.cli.paper.mail import read_letters, write_letters

    if folder is None:
        return
    found = (letter for letter in read_letters(mailing) if letter.elector == str(elector))
    for file in write_letters(announced.definition, found, folder / f"elector-{elector}"):
        typer.echo(f"letter: {file}")


@command("livecount withdraw labour-2015 deputy/flint --reason 'by her own letter'")
def withdraw(election: ElectionArgument, who: Candidate, order: Order) -> None:
    """Take a candidate out of a contest: ballots go to whom they rank next. The reason stands on the contest's page."""
    _change_candidate("withdraw", election, who, order)


@command("livecount reinstate labour-2015 deputy/flint --reason 'the letter was forged'")
def reinstate(election: ElectionArgument, who: Candidate, order: Order) -> None:
    """Take a candidate's withdrawal back."""
    _change_candidate("reinstate", election, who, order)


def _change_candidate(name: str, election: str, who: str, order: Order) -> None:
    contest, _, candidate = who.partition("/")
    announced = order.give(name, election, contest=contest, candidate=candidate)
    withdrawn = ", ".join("/".join(entry) for entry in announced.withdrawn) or "nobody"
    typer.echo(f"{election}: withdrawn now: {withdrawn}")


@command(
    "livecount replace-key labour-2015 --old OLD --name 'Ada Lovelace' --new NEW --reason 'laptop stolen'"
)
def replace_key(
    election: ElectionArgument,
    old: Annotated[str, typer.Option(help="The public key that is lost")],
    name: Annotated[str, typer.Option(help="Who holds the new one")],
    new: Annotated[str, typer.Option(help="The new public key, as `livecount key FILE` printed it")],
    order: Order,
) -> None:
    """Put another key in the place of an official's lost one. The root key and one other official sign."""
    order.give("replace-key", election, old=old, new={"name": name, "key": new})


@command("livecount key second-officer.key")
def key(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Key file to write; it must not exist")],
) -> None:
    """Make a private key for an official, and print its public key for the definition."""
    from services.cli.clients.keys import write_key

    typer.echo(write_key(out))
