"""The options that say how a plain ballot file is counted, and what they amount to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

if TYPE_CHECKING:
    from shared.contract.elections import Method
    from shared.rcv.contests import CountOptions

MethodName = Literal[
    "plurality",
    "supplementary",
    "irv",
    "sequential-irv",
    "bottoms-up",
    "scottish-stv",
    "ers97",
    "northern-ireland-stv",
    "meek",
    "new-zealand-stv",
    "stv-wigm",
    "electoral-college",
]
"""The contract's methods, spelled again: importing the contract takes as long as all of `--help` may."""

TieName = Literal[
    "lot",
    "random",
    "earlier-rounds-then-random",
    "candidate-order",
    "permutation",
    "ask",
    "earlier-rounds-then-ask",
]

BallotFileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="BLT, PrefLib (.soc .soi .toc .toi), ABIF or CSV")
]
MethodOption = Annotated[MethodName, typer.Option("--method", help="How to count")]
Seats = Annotated[int | None, typer.Option(min=0, help="Seats to fill [default: as the file says, else 1]")]
Seed = Annotated[str, typer.Option(help="Published seed of the lot that settles ties")]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", "--withdraw", metavar="NAME", help="Count as if NAME dropped out; repeatable"),
]
WriteIn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="NAME stands for undeclared write-ins: falls first, is never elected; repeatable"
    ),
]
Tie = Annotated[
    str | None,
    typer.Option(
        metavar="'A > B > C'|FILE",
        help="Settle ties by an order, drawn lots (a line each: '3: NAME', round and pick) or a published --json",
    ),
]
Share = Annotated[
    list[str] | None,
    typer.Option(metavar="SECTION=N", help="Electoral college: a section's share [default: equal shares]"),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN,…", help="CSV: pass over these columns, by their heads; repeatable"),
]
Overvote = Annotated[
    Literal["exhaust", "skip", "exhaust-if-several-continue"] | None,
    typer.Option(help="What a rank with several candidates does to the ballot [default: exhaust]"),
]
MaxSkippedRanks = Annotated[
    int | None,
    typer.Option(min=0, help="A longer run of blank ranks ends the ballot there [default: no limit]"),
]
MaxRanks = Annotated[int | None, typer.Option(min=1, help="Ranks beyond it are ignored [default: no limit]")]
Repeated = Annotated[
    Literal["skip", "exhaust"] | None,
    typer.Option(help="What a candidate ranked again does to the ballot [default: skip]"),
]
LastTwo = Annotated[bool, typer.Option("--last-two", help="Go on until two candidates remain")]
Batch = Annotated[
    bool, typer.Option("--batch-elimination", help="Eliminate together all who cannot catch up")
]
Ties = Annotated[TieName | None, typer.Option(help="How a tie is settled [default: lot]")]
Places = Annotated[
    int | None, typer.Option(min=1, max=20, help="stv-wigm: decimal places of a transfer value [default: 4]")
]
Quota = Annotated[Literal["droop", "hare"] | None, typer.Option(help="stv-wigm: quota [default: droop]")]
StopAfterRound = Annotated[int | None, typer.Option(min=1, help="Count no further than this round")]
FirstRoundThreshold = Annotated[
    bool, typer.Option("--first-round-threshold", help="Let the first round's threshold hold for all rounds")
]
FractionalThreshold = Annotated[
    bool,
    typer.Option("--fractional-threshold", help="stv-wigm: a quota with --places decimals, not a whole one"),
]
WinnersPerRound = Annotated[
    Literal["several", "one"] | None,
    typer.Option(help="stv-wigm: elect all who have the quota in a round, or the first [default: several]"),
]
CutoffElimination = Annotated[
    bool,
    typer.Option("--cutoff-elimination", help="With --percentage: eliminate all below the share at once"),
]
ThresholdEachRound = Annotated[
    bool,
    typer.Option(
        "--threshold-each-round", help="stv-wigm: take the quota anew as votes run out, as Albany does"
    ),
]
Percentage = Annotated[
    str | None,
    typer.Option(metavar="N", help="bottoms-up: elect all with more than this share, 1 to 100, such as 12.5"),
]
MinimumVotes = Annotated[int | None, typer.Option(min=0, help="Who has fewer falls at once [default: 0]")]
DecideWithoutVotes = Annotated[
    bool,
    typer.Option("--decide-without-votes", help="Let ties decide where nobody has a vote, as RCTab does"),
]


OPTIONS: Final[dict[str, tuple[Any, Any]]] = {
    "method": (MethodOption, Parameter.empty),
    "seats": (Seats, None),
    "seed": (Seed, "0"),
    "exclude": (Exclude, None),
    "write_in": (WriteIn, None),
    "share": (Share, None),
    "ignore": (Ignore, None),
    "overvote": (Overvote, None),
    "max_skipped_ranks": (MaxSkippedRanks, None),
    "max_ranks": (MaxRanks, None),
    "repeated_candidate": (Repeated, None),
    "last_two": (LastTwo, False),
    "batch_elimination": (Batch, False),
    "ties": (Ties, None),
    "tie": (Tie, None),
    "places": (Places, None),
    "quota": (Quota, None),
    "winners_per_round": (WinnersPerRound, None),
    "fractional_threshold": (FractionalThreshold, False),
    "first_round_threshold": (FirstRoundThreshold, False),
    "stop_after_round": (StopAfterRound, None),
    "threshold_each_round": (ThresholdEachRound, False),
    "percentage": (Percentage, None),
    "cutoff_elimination": (CutoffElimination, False),
    "minimum_votes": (MinimumVotes, None),
    "decide_without_votes": (DecideWithoutVotes, False),
}
"""Of every command that counts a plain file: annotation and default."""


REHEARSED: Final[dict[str, tuple[Any, Any]]] = {
    **{name: option for name, option in OPTIONS.items() if name != "seed"},
    "method": (Annotated[MethodName | None, typer.Option(help="How to count a plain file")], None),
    "lot": (Seed, "0"),
}
"""Of a command that takes configurations too, which say themselves how to count, and has a seed of its own."""


COUNTED_OR_FUNDED: Final[dict[str, tuple[Any, Any]]] = {
    **OPTIONS,
    "method": (
        Annotated[MethodName | None, typer.Option("--method", help="How to count; a .pb file needs none")],
        None,
    ),
}
"""Of `count`, which takes participatory budgets, too: they are decided by the method of equal shares."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options of `count` ask for: of a file of rankings, or of a participatory budget."""

    ranked: "CountOptions | None"
    """None where no method is given."""
    seed: str
    withdrawn: tuple[str, ...]
    others: tuple[str, ...]
    """The other options that were given."""


def counted_or_funded(function: Callable[..., None]) -> Callable[..., None]:
    """Give `count` its options; it takes what they ask for as `asked`."""
    return _with(COUNTED_OR_FUNDED, _asked_of_either, function)


def _asked_of_either(**given: Any) -> Asked:
    others = tuple(
        f"--{name.replace('_', '-')}"
        for name, value in given.items()
        if name not in ("seed", "exclude") and value != COUNTED_OR_FUNDED[name][1]
    )
    ranked = None if given["method"] is None else asked_for(**given)
    return Asked(ranked, given["seed"], tuple(given["exclude"] or ()), others)


def counted(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options after its own; it takes what they ask for as `asked`."""
    return _with(OPTIONS, asked_for, function)


def rehearsed(function: Callable[..., None]) -> Callable[..., None]:
    """Likewise; `asked` is None where no method is given."""
    return _with(REHEARSED, asked_for_if_at_all, function)


def _with(
    options: dict[str, tuple[Any, Any]], ask: Callable[..., Any], function: Callable[..., None]
) -> Callable[..., None]:
    own = [of for name, of in signature(function).parameters.items() if name != "asked"]
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, (annotation, default) in options.items()
    ]

    @wraps(function)
    def run(**given: Any) -> None:
        function(**{of.name: given.pop(of.name) for of in own}, asked=ask(**given))

    parameters = [of.replace(kind=Parameter.KEYWORD_ONLY) for of in own] + added
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {of.name: of.annotation for of in parameters}
    return run


def asked_for_if_at_all(*, method: "Method | None", lot: str, **given: Any) -> "CountOptions | None":
    """Return what the options ask for; None where there is none. Raises ValueError if they lack a method."""
    if method is not None:
        return asked_for(method=method, seed=lot, **given)
    asked = {"lot": lot, **given}
    for name, value in asked.items():
        if value != REHEARSED[name][1]:
            raise ValueError(
                f"--{name.replace('_', '-')} is for plain files: expected --method beside it, found none"
            )
    return None


def asked_for(
    *, method: "Method", seats: int | None, seed: str, tie: str | None, **rules: Any
) -> "CountOptions":
    """Return what the options ask for: lists of names, and `rules`; those that are None or False were not given."""
    from shared.rcv.contests import CountOptions

    excluded, write_ins, shares = (rules.pop(name) or () for name in ("exclude", "write_in", "share"))
    ignored = columns(rules.pop("ignore"))
    rules["finish"] = "last-two" if rules.pop("last_two") else None
    given = {name: value for name, value in rules.items() if value is not None and value is not False}
    return CountOptions(
        method,
        seats,
        seed,
        given,
        excluded=tuple(excluded),
        write_ins=tuple(write_ins),
        shares=tuple(map(_share, shares)),
        ignored=ignored,
        tie=tie,
    )


def columns(heads: list[str] | None) -> tuple[str, ...]:
    """Return the heads of columns, given a list of them or several in one."""
    return tuple(head.strip() for given in heads or () for head in given.split(","))


def _share(text: str) -> tuple[str, int]:
    section, equals, number = text.rpartition("=")
    if not (equals and number.isascii() and number.isdecimal() and int(number) > 0):
        raise ValueError(f"--share: expected SECTION=N with a whole number N, found {text!r}")
    return section, int(number)
