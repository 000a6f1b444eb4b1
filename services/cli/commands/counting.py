"""Commands that count a plain ballot file: its rounds, one ballot's way, what might be, and what an audit has to confirm."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import options
from services.cli.app import command, group
from services.cli.asking import asker
from services.cli.commands.budgets import Completion, Measure, Spending, Unit, fund
from services.cli.errors import naming
from services.cli.waiting import waiting

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.terminal.look import Glyphs
    from shared.contract.elections import Contest
    from shared.rcv.contests import CountOptions
    from shared.rcv.count.profile import Profile
    from shared.rcv.formats.records import BallotFile

audit = group(
    "audit",
    "Prepare an audit of a result by a sample of its ballots.",
    "livecount audit assertions mayor.csv --method irv",
)


@command(
    "livecount count ward.blt --method scottish-stv",
    "livecount count ward.blt --method meek --seats 3 --json",
    "livecount count mayor.csv --method irv --exclude 'Ben Bradshaw' --last-two",
    "livecount count ward.blt --method irv --write-in 'Tea' --tie 'Ada > Basil'",
    "livecount count leader.csv --method electoral-college --share MPs=1 --share members=2",
    "livecount count council.csv --method scottish-stv --seats 4 --ignore ward,pile",
    "livecount count budget.pb",
    "livecount count budget.pb --exclude 'A park' --completion none --measure number --json",
)
@options.counted_or_funded
def count(
    file: options.BallotFileArgument,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print stages as JSON, every decimal place")
    ] = False,
    with_whatif: Annotated[
        bool, typer.Option("--whatif", help="Add what `livecount whatif` answers; costs a count a candidate")
    ] = False,
    completion: Completion = None,
    measure: Measure = None,
    unit: Unit = None,
    asked: options.Asked,
) -> None:
    """Count a ballot file and show round by round what happens to the votes.

    A participatory budget (.pb) is spent by the method of equal shares: which projects are funded and why, and what the others lack.
    """
    if file.suffix.lower() == ".pb":
        fund(file, asked, Spending(completion, measure, unit, as_json=as_json, with_whatif=with_whatif))
        return
    if asked.ranked is None or completion or measure or unit:
        found = (
            "no --method"
            if asked.ranked is None
            else "--completion, --measure or --unit, which are for .pb files"
        )
        raise ValueError(f"{file}: expected --method and its options, found {found}")
    _count(file, asked.ranked, as_json=as_json, with_whatif=with_whatif)


def _count(file: Path, asked: "CountOptions", *, as_json: bool, with_whatif: bool) -> None:
    from services.cli.terminal.screen import screen
    from services.cli.terminal.whatif import whatif_parts
    from shared.rcv.contests import ties_settled
    from shared.rcv.count.tabulate import tabulate
    from shared.rcv.narrate.counted import counted_of
    from shared.rcv.narrate.document import document
    from shared.rcv.narrate.whatif import whatif_document
    from shared.rcv.scenarios import what_if

    with naming(file):
        ballots, contest, profile = _read(file, asked)
        with waiting("Counting") as bar:
            ask = ties_settled(ballots, asked) or asker(ballots.candidates, bar.end)
            answers = what_if(profile, contest, ask) if with_whatif else None
            count = tabulate(profile, contest, ask) if answers is None else answers.count
    counted = counted_of(contest, count, ballots.sections)
    if as_json:
        shown = document(counted)
        _print_json(shown if answers is None else shown | {"whatif": whatif_document(contest, answers)})
        return
    console, glyphs = _terminal()
    for part in screen(counted, console.width, glyphs):
        console.print(part)
    if answers is not None:
        for part in whatif_parts(contest, answers):
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
        int | None,
        typer.Option(metavar="N", help="The N-th ballot of the file, where equal ones stand together"),
    ] = None,
    section: Annotated[
        str | None, typer.Option(help="The section of --ranking's ballot [default: the first]")
    ] = None,
    asked: "CountOptions",
) -> None:
    """Show for one ranking where its vote was in each round, and why."""
    from services.cli.terminal.journey import journey
    from shared.rcv.contests import ties_settled
    from shared.rcv.count.tabulate import trace
    from shared.rcv.narrate.counted import counted_of
    from shared.rcv.narrate.explain import ballot_of

    with naming(file):
        ballots, contest, profile = _read(file, asked)
        place, marks = ballot_of(ballots, ranking, ballot, section)
        profile.add([(place, marks, 0)])  # counts nothing, and is traced as if it did
        with waiting("Counting") as bar:
            ask = ties_settled(ballots, asked) or asker(ballots.candidates, bar.end)
            traced = trace(profile, contest, ask)
    console, glyphs = _terminal()
    counted = counted_of(contest, traced.count, ballots.sections)
    for part in journey(counted, traced, profile.row(place, marks), marks, glyphs):
        console.print(part)


@command(
    "livecount whatif mayor.csv --method irv",
    "livecount whatif mayor.csv --method irv --drop 'Ben Bradshaw' --drop 'Tom Watson'",
    "livecount whatif mayor.csv --method irv --pairs",
    "livecount whatif mayor.csv --method irv --safe 1200 --json",
)
@options.counted
def whatif(
    file: options.BallotFileArgument,
    *,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="NAME drops out; repeated: these together")
    ] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Every possible final: who beats whom")] = False,
    safe: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Is the leader safe with N ballots outstanding? irv only"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON")] = False,
    asked: "CountOptions",
) -> None:
    """Answer what if: somebody drops out, any two meet in the final, ballots are still outstanding.

    Without --drop, --pairs or --safe: everything, each candidate dropped out alone.
    """
    from services.cli.terminal.whatif import whatif_screen
    from shared.rcv.contests import ties_settled
    from shared.rcv.count.tabulate import tabulate
    from shared.rcv.names import find
    from shared.rcv.narrate.whatif import whatif_document
    from shared.rcv.scenarios import WhatIf, can_be_called, finals, if_dropped_out, safe_up_to, what_if
    from shared.rcv.scenarios import safe as safe_with

    with naming(file):
        ballots, contest, profile = _read(file, asked)
        out = [find(name, ballots.candidates, "candidate") for name in drop or ()]
        if not contest.included:
            raise ValueError("expected a candidate who can be elected, found all of them excluded")
        if safe is not None and not can_be_called(contest):
            raise ValueError("--safe: expected --method irv without a minimum of votes")
        with waiting("Counting") as bar:
            ask = ties_settled(ballots, asked) or asker(ballots.candidates, bar.end)
            if not out and not pairs and safe is None:
                answers = what_if(profile, contest, ask)
            else:
                count = tabulate(profile, contest, ask)
                answers = WhatIf(
                    count,
                    (if_dropped_out(profile, contest, out, ask),) if out else (),
                    *(finals(profile, contest) if pairs else ((), None)),
                    *((None, None) if safe is None else (safe_with(count, safe), safe_up_to(count))),
                )
    if as_json:
        about = {"method": contest.method, "seats": contest.seats, "candidates": list(ballots.candidates)}
        _print_json(about | whatif_document(contest, answers))
    else:
        console, _ = _terminal()
        for part in whatif_screen(contest, answers):
            console.print(part)


@command(
    "livecount audit assertions mayor.csv --method irv",
    "livecount audit assertions mayor.csv --method irv --risk 0.05 --json > assertions.json",
    of=audit,
)
@options.counted
def assertions(
    file: options.BallotFileArgument,
    *,
    risk: Annotated[
        float,
        typer.Option(min=0.0001, max=0.5, help="Risk limit: how likely a wrong winner may pass the audit"),
    ] = 0.1,
    seconds: Annotated[
        float, typer.Option(min=0, help="So long the best assertions are looked for; then any will do")
    ] = 60.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print them as JSON, in the form that SHANGRLA reads")
    ] = False,
    asked: "CountOptions",
) -> None:
    """Say which comparisons of votes a risk-limiting audit has to confirm, so that the winner of an instant run-off is right.

    For each: its margin, and how many ballots confirm it, compared with their records one by one, or looked at by themselves.
    """
    from services.cli.terminal.whatif import assertions_screen
    from shared.rcv.assertions import assertions as assertions_of
    from shared.rcv.contests import ties_settled
    from shared.rcv.narrate.assertions import assertions_document

    with naming(file):
        ballots, contest, profile = _read(file, asked)
        with waiting("Looking for assertions") as bar:
            ask = ties_settled(ballots, asked) or asker(ballots.candidates, bar.end)
            until_s = time.monotonic() + seconds
            found = assertions_of(profile, contest, ask, lambda _: time.monotonic() < until_s)
    if as_json:
        _print_json(assertions_document(contest, found, risk))
        return
    console, _ = _terminal()
    for part in assertions_screen(contest, found, risk):
        console.print(part)


def _read(file: Path, asked: "CountOptions") -> "tuple[BallotFile, Contest, Profile]":
    from shared.rcv.contests import contest_of, profile_of
    from shared.rcv.formats.detect import read_ballots

    with waiting(f"Reading {file.name}"):
        ballots = read_ballots(file, asked.ignored)
        contest = contest_of(ballots, asked)
        return ballots, contest, profile_of(ballots, contest)


def _terminal() -> "tuple[Console, Glyphs]":
    from rich.console import Console

    from services.cli.terminal.look import ASCII, UNICODE

    console = Console(highlight=False)
    return console, ASCII if console.options.ascii_only else UNICODE


def _print_json(value: object) -> None:
    readable = (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not readable))
