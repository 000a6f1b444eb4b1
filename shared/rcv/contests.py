"""A contest out of a plain ballot file and what is asked of it: method, seats, rules, who is out.

Rule 1: what is not asked for is as the file says it or, where the file says nothing, as the rules are by default.
Rule 2: candidates' ids are made of their names, the same for the same file.
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
class Asked:
    """What is asked of a count, beside the file."""

    method: Method
    seats: int | None = None
    """None: as the file says, else one."""
    seed: str = "0"
    rules: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Rules` that are not as by default."""
    excluded: Sequence[str] = ()
    """Candidates counted as if nobody could vote for them, by name."""
    shares: Sequence[tuple[str, int]] = ()
    """Electoral college: sections by name, and their shares."""


def contest_of(file: BallotFile, asked: Asked) -> Contest:
    """Return the contest. Raises ValueError: a name that is not there, or rules that do not fit the method."""
    excluded = {*file.excluded, *(find(name, file.candidates, "candidate") for name in asked.excluded)}
    title = file.title.strip()[:MAX_TITLE_CHARS] or "Untitled"
    return Contest(
        id=slug(title, "contest"),
        title=title,
        method=asked.method,
        seats=_seats(file, asked),
        candidates=tuple(
            Candidate(id=slug_, name=name, excluded=place in excluded)
            for place, (slug_, name) in enumerate(zip(slugs(file.candidates), file.candidates, strict=True))
        ),
        rules=Rules(**asked.rules),
        lot=asked.seed,
        section_shares=_shares(file.sections, asked.shares),
    )


def rankings_of(file: BallotFile, contest: Contest) -> Profile:
    """Return the file's papers, ready to be counted."""
    rankings = Profile.of(contest, len(file.sections))
    rankings.add((papers.section, papers.marks, papers.ballots) for papers in file.papers)
    return rankings


def _seats(file: BallotFile, asked: Asked) -> int:
    if asked.seats is not None:
        return asked.seats
    if asked.rules.get("percentage") is not None:
        return 0
    return 1 if asked.method in ELECT_ONE else file.seats or 1


def _shares(sections: Sequence[str], asked: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """Return the shares by section; raises ValueError unless each has one, or none has."""
    if not asked:
        return ()
    shares = {find(name, sections, "section"): share for name, share in asked}
    missing = [name for place, name in enumerate(sections) if place not in shares]
    if missing:
        raise ValueError(f"expected a share for each section, found none for {', '.join(missing)}")
    return tuple(shares[place] for place in range(len(sections)))
