"""A contest and its profile, made of a plain ballot file and the options of its count.

What the options leave open is as the file has it or, where the file has nothing, as the rules are by default.
Candidates' ids are made of their names, the same for the same file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.contract.elections import Candidate, Contest, Method, Rules
from shared.rcv.count.profile import Profile
from shared.rcv.formats.records import BallotFile
from shared.rcv.names import find, slug, slugs

ELECT_ONE: Final[frozenset[Method]] = frozenset({"irv", "supplementary", "electoral-college"})
MAX_TITLE_CHARS: Final = 200


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
    shares: Sequence[tuple[str, int]] = ()
    """Electoral college: sections by name, and their shares."""


def contest_of(file: BallotFile, options: CountOptions) -> Contest:
    """Return the contest of a file. Raises ValueError: a name that is not there, or rules that do not fit the method."""
    excluded = {*file.excluded, *(find(name, file.candidates, "candidate") for name in options.excluded)}
    title = file.title.strip()[:MAX_TITLE_CHARS] or "Untitled"
    return Contest(
        id=slug(title, "contest"),
        title=title,
        method=options.method,
        seats=_seats(file, options),
        candidates=tuple(
            Candidate(id=slug_, name=name, excluded=place in excluded, write_in=place in file.write_ins)
            for place, (slug_, name) in enumerate(zip(slugs(file.candidates), file.candidates, strict=True))
        ),
        rules=Rules(**options.rules),
        lot=options.seed,
        section_shares=_shares(file.sections, options.shares),
    )


def profile_of(file: BallotFile, contest: Contest) -> Profile:
    """Return the profile of a file's ballots, ready to be tabulated."""
    changes = ((group.section, group.marks, group.ballots) for group in file.ballots)
    return Profile.of(contest, len(file.sections), changes)


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
    shares = {find(name, sections, "section"): share for name, share in asked}
    missing = [name for place, name in enumerate(sections) if place not in shares]
    if missing:
        raise ValueError(f"expected a share for each section, found none for {', '.join(missing)}")
    return tuple(shares[place] for place in range(len(sections)))
