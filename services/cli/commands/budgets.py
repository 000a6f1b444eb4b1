"""What `count` does with a participatory budget: `livecount count budget.pb`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.errors import naming
from services.cli.options import Asked

if TYPE_CHECKING:
    from shared.rcv.budget.ballots import Project

Completion = Annotated[
    Literal["none", "most", "add-one", "add-one-then-most"] | None,
    typer.Option(help=".pb: what becomes of money that shares leave over [default: add-one-then-most]"),
]
Measure = Annotated[
    Literal["cost", "number"] | None,
    typer.Option(help=".pb: a project counts by its cost, or each the same [default: cost]"),
]
Unit = Annotated[
    str | None,
    typer.Option(metavar="N", help=".pb: by how much add-one enlarges a share, such as 0.01 [default: 1]"),
]


@dataclass(frozen=True, slots=True)
class Spending:
    """How a budget is to be spent and shown."""

    completion: Literal["none", "most", "add-one", "add-one-then-most"] | None
    measure: Literal["cost", "number"] | None
    unit: str | None
    as_json: bool
    with_whatif: bool


def fund(file: Path, asked: Asked, spending: Spending) -> None:
    """Spend the budget of a file by the method of equal shares and show which projects are funded, and why."""
    from services.cli.waiting import waiting
    from shared.rcv.budget.equal_shares import equal_shares
    from shared.rcv.budget.narrate import document, sentences
    from shared.rcv.formats.plain import pabulib
    from shared.rcv.narrate.numbers import amount

    with naming(file):
        _refuse_others(asked, spending)
        vote = pabulib.read(file)
        withdrawn = {_place(name, vote.projects) for name in asked.withdrawn}
        completion, measure = spending.completion or "add-one-then-most", spending.measure or "cost"
        with waiting("Counting"):
            outcome = equal_shares(
                vote,
                completion=completion,
                measure=measure,
                withdrawn=withdrawn,
                seed=asked.seed,
                unit=pabulib.amount_of(spending.unit or "1"),
            )
    if spending.as_json:
        shown = document(vote, outcome, withdrawn, completion=completion, measure=measure, seed=asked.seed)
        typer.echo(json.dumps(shown, indent=2))
        return
    typer.echo(
        f"{vote.title}: {vote.ballots:,} ballots, a budget of {amount(vote.budget)} for {len(vote.projects):,} projects\n"
        f"Each elector has a share of {amount(outcome.share)}; {amount(outcome.unspent)} is not spent.\n"
    )
    for sentence in sentences(vote, outcome, withdrawn):
        typer.echo(sentence)


def _refuse_others(asked: Asked, spending: Spending) -> None:
    others = [*asked.others, *(["--whatif"] if spending.with_whatif else [])]
    if others:
        raise ValueError(f"expected options of participatory budgets, found {', '.join(others)}")


def _place(name: str, projects: "tuple[Project, ...]") -> int:
    """Return the place of a project, by its id or its name. Raises ValueError."""
    from shared.rcv.names import find

    ids = [project.id for project in projects]
    return ids.index(name) if name in ids else find(name, [project.name for project in projects], "project")
