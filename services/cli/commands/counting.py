"""Commands that count a plain ballot file: `count` shows the rounds, `explain` one paper's way through them."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import options
from services.cli.app import command
from services.cli.asking import asker
from services.cli.errors import naming
from services.cli.waiting import waiting

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.terminal.bars import Glyphs
    from shared.contract.elections import Contest
    from shared.rcv.contests import Asked
    from shared.rcv.count.profile import Profile
    from shared.rcv.formats.records import BallotFile


@command(
    "livecount count ward.blt --method scottish-stv",
    "livecount count ward.blt --method meek --seats 3 --json",
    "livecount count mayor.csv --method irv --exclude 'Ben Bradshaw' --last-two",
    "livecount count leader.csv --method electoral-college --share MPs=1 --share members=2",
)
@options.counted
def count(
    file: options.BallotFileArgument,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print stages as JSON, every decimal place")
    ] = False,
    asked: "Asked",
) -> None:
    """Count a ballot file and show round by round what happens to the votes."""
    from services.cli.terminal.screen import screen
    from shared.rcv.count.tabulate import tabulate
    from shared.rcv.narrate.document import document

    with naming(file):
        ballots, contest, rankings = _read(file, asked)
        with waiting("Counting") as hush:
            counted = tabulate(rankings, contest, asker(ballots.candidates, hush))
    if as_json:
        _print_json(document(contest, counted, ballots.sections))
    else:
        console, glyphs = _terminal()
        for part in screen(contest, counted, ballots.sections, console.width, glyphs):
            console.print(part)


@command(
    "livecount explain ward.blt --method scottish-stv --ballot 17",
    "livecount explain mayor.csv --method irv --ranking 'Ada > Basil > Clara'",
)
@options.counted
def explain(
    file: options.BallotFileArgument,
    *,
    ranking: Annotated[
        str | None, typer.Option(metavar="'A > B > C'", help="Names, best first; = joins those at one rank")
    ] = None,
    ballot: Annotated[
        int | None, typer.Option(metavar="N", help="The N-th paper of the file, equal ones counted together")
    ] = None,
    section: Annotated[
        str | None, typer.Option(help="Whose paper --ranking is [default: the first's]")
    ] = None,
    asked: "Asked",
) -> None:
    """Tell for one ranking where its vote was in each round, and why."""
    from services.cli.terminal.journey import journey
    from shared.rcv.count.tabulate import trace
    from shared.rcv.narrate.papers import paper_of

    with naming(file):
        ballots, contest, rankings = _read(file, asked)
        place, marks = paper_of(ballots, ranking, ballot, section)
        rankings.add([(place, marks, 0)])  # counts nothing, and is traced as if it did
        with waiting("Counting") as hush:
            traced = trace(rankings, contest, asker(ballots.candidates, hush))
    console, glyphs = _terminal()
    for part in journey(contest, traced, rankings.row(place, marks), marks, glyphs):
        console.print(part)


def _read(file: Path, asked: "Asked") -> "tuple[BallotFile, Contest, Profile]":
    from shared.rcv.contests import contest_of, rankings_of
    from shared.rcv.formats.detect import read_ballots

    with waiting(f"Reading {file.name}"):
        ballots = read_ballots(file)
        contest = contest_of(ballots, asked)
        return ballots, contest, rankings_of(ballots, contest)


def _terminal() -> "tuple[Console, Glyphs]":
    from rich.console import Console

    from services.cli.terminal.bars import ASCII, UNICODE

    console = Console(highlight=False)
    return console, ASCII if console.options.ascii_only else UNICODE


def _print_json(value: object) -> None:
    readable = (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not readable))
