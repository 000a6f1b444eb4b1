"""A contest and its profile, made of a plain ballot file and the options of its count.

What the options leave open is as the file has it or, where the file has nothing, as the rules are by default.
Candidates' ids are made of their names, the same for the same file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.contract.elections import Candidate, Contest, Method, Rules
from shared.rcv.count.profile import Profile
from shared.rcv.count.ties import Ask
from shared.rcv.formats.plain.text import decode, load
from shared.rcv.formats.records import BallotFile
from shared.rcv.lots import drawn, file_order, given_order
from shared.rcv.names import find_all, slug, slugs

ELECT_ONE: Final[frozenset[Method]] = frozenset({"irv", "supplementary", "electoral-college"})
MAX_TITLE_CHARS: Final = 200
READING: Final[Mapping[Method, Mapping[str, Any]]] = {"new-zealand-stv": {"max_skipped_ranks": 0}}
"""How a statute reads ballots where that is not as `Rules` are by default."""


@dataclass(frozen=True, slots=True)
class CountOptions:
    """How a file is counted: what it does not hold itself."""

    method: Method
    seats: int | None = None
    """None: as in the file, else one."""
    seed: str = "0"
    rules: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Rules` that are not as by default."""
    excluded: Sequence[str] = ()
    """Candidates counted as if nobody could vote for them, by name."""
    write_ins: Sequence[str] = ()
    """Candidates who stand for undeclared write-ins, by name."""
    shares: Sequence[tuple[str, int]] = ()
    """Electoral college: sections by name, and their shares."""
    ignored: Sequence[str] = ()
    """Columns of a CSV file that are passed over, by their heads."""
    tie: str | None = None
    """What settles ties: an order of names, or the path of a file of lots; see `shared.rcv.lots`."""


def contest_of(file: BallotFile, options: CountOptions) -> Contest:
    """Return the contest of a file. Raises ValueError: a name that is not there, or rules that do not fit the method."""
    excluded, write_ins = _named(file, options)
    title = file.title.strip()[:MAX_TITLE_CHARS] or "Untitled"
    return Contest(
        id=slug(title, "contest"),
        title=title,
        method=options.method,
        seats=_seats(file, options),
        candidates=tuple(
            Candidate(id=slug_, name=name, excluded=place in excluded, write_in=place in write_ins)
            for place, (slug_, name) in enumerate(zip(slugs(file.candidates), file.candidates, strict=True))
        ),
        rules=_rules(file, options),
        lot=options.seed,
        section_shares=_shares(file.sections, options.shares),
    )


def _named(file: BallotFile, options: CountOptions) -> tuple[set[int], set[int]]:
    """Return who is excluded and who stands for write-ins. Raises ValueError that says all that is wrong."""
    found, faults = [set(file.excluded), set(file.write_ins)], list[str]()
    asked = (("to withdraw [--withdraw]", options.excluded), ("to write in [--write-in]", options.write_ins))
    for places, (what, names) in zip(found, asked, strict=True):
        try:
            places.update(find_all(names, file.candidates, f"candidate {what}"))
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError("; ".join(faults))
    return found[0], found[1]


def ties_settled(file: BallotFile, options: CountOptions) -> Ask | None:
    """Return what the options or, if they say nothing of ties, the file settles ties by; None if neither does.

    Raises ValueError for an order or lots that say something else.
    """
    if options.tie is None:
        return None if "ties" in options.rules else file_order(file)
    return ties_settled_by(options.tie, file.candidates)


def ties_settled_by(tie: str, names: Sequence[str]) -> Ask:
    """Return what settles ties by an order of names or, if `tie` is the path of a file, by the lots in it.

    Raises ValueError that names the option or the file.
    """
    path = Path(tie)
    if tie.strip() and ">" not in tie and path.exists():
        lots = decode(path, load(path))
        try:
            return drawn(lots, names)
        except ValueError as fault:
            raise ValueError(f"--tie {tie}: {fault}") from None
    try:
        return given_order(tie, names)
    except ValueError as fault:
        no_file = "" if ">" in tie else f"; nor is there a file of lots {tie!r}"
        raise ValueError(f"--tie: {fault}{no_file}") from None


def profile_of(file: BallotFile, contest: Contest) -> Profile:
    """Return the profile of a file's ballots, ready to be tabulated."""
    changes = ((group.section, group.marks, group.ballots) for group in file.ballots)
    return Profile.of(contest, len(file.sections), changes)


def _rules(file: BallotFile, options: CountOptions) -> Rules:
    asked, reading = {"ask", "earlier-rounds-then-ask"}, dict(READING.get(options.method, {}))
    if options.tie is not None and options.rules.get("ties", "ask") not in asked:
        raise ValueError(
            "--tie settles what is asked: expected --ties ask, earlier-rounds-then-ask or none beside it"
        )
    if options.tie is not None or (file.tie_order and "ties" not in options.rules):
        reading = {"ties": "ask", **reading}
    return Rules(**{**reading, **options.rules})


def _seats(file: BallotFile, options: CountOptions) -> int:
    if options.seats is not None:
        return options.seats
    if options.rules.get("percentage") is not None:
        return 0
    return 1 if options.method in ELECT_ONE else file.seats or 1


def _shares(sections: Sequence[str], asked: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """Return the shares by section; raises ValueError unless each has one, or none has."""
    if not asked:
        return ()
    places = find_all([name for name, _ in asked], sections, "section")
    shares = dict(zip(places, (share for _, share in asked), strict=True))
    missing = [name for place, name in enumerate(sections) if place not in shares]
    if missing:
        raise ValueError(f"expected a share for each section, found none for {', '.join(missing)}")
    return tuple(shares[place] for place in range(len(sections)))
