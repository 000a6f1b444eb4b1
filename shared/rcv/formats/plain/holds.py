"""What a format can say; what it cannot is refused before anything is written, and the ballot named."""

from dataclasses import dataclass
from pathlib import Path

from shared.contract.ballots import UNNAMED, marks_fault, parse_marks
from shared.rcv.formats.plain.text import MAX_RANKS, clean_names
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError


@dataclass(frozen=True, slots=True)
class Holds:
    """The things that some formats have words for and others have not."""

    format: str
    blank_ranks: bool = False
    blank_ballots: bool = False
    unnamed: bool = False
    """Overvotes whose candidates the record does not name: `*`."""
    sections: bool = False
    excluded: bool = False
    write_ins: bool = False
    tie_order: bool = False


def fitting_ballots(file: BallotFile, path: Path, holds: Holds) -> tuple[BallotGroup, ...]:
    """Return the ballots of `file`, equal ones merged. Raises FormatError if the format cannot say them all."""
    cleaned = clean_names(path, ((f"candidate {name[:40]!r}", name) for name in file.candidates))
    for name, clean in zip(file.candidates, cleaned, strict=True):
        _refuse_unclean(path, name, clean)
    if file.excluded and not holds.excluded:
        names = ", ".join(file.candidates[place] for place in file.excluded)
        raise FormatError(path, "", f"{holds.format} cannot say that candidates are withdrawn: {names}")
    if file.write_ins and not holds.write_ins:
        names = ", ".join(file.candidates[place] for place in file.write_ins)
        raise FormatError(
            path, "", f"{holds.format} cannot say that candidates are undeclared write-ins: {names}"
        )
    if file.tie_order and not holds.tie_order:
        raise FormatError(path, "", f"{holds.format} cannot say who is picked of level candidates")
    merged: dict[tuple[int, str], int] = {}
    for marks, ballots, section in file.ballots:
        merged[section, marks] = merged.get((section, marks), 0) + ballots
    groups = tuple(
        BallotGroup(marks, ballots, section) for (section, marks), ballots in merged.items() if ballots
    )
    for group in groups:
        if missing := _missing(file, group, holds):
            place = f"ballot {group.marks!r} ({group.ballots:,} ballots)"
            raise FormatError(path, place, missing)
    if len(file.sections) > 1 and not holds.sections:
        raise FormatError(
            path, "", f"{holds.format} cannot say which of {len(file.sections)} sections a ballot is of"
        )
    return groups


def _refuse_unclean(path: Path, name: str, clean: str) -> None:
    if clean != name:
        raise FormatError(path, f"candidate {name[:40]!r}", f"expected a name as it is shown: {clean[:40]!r}")


def _missing(file: BallotFile, group: BallotGroup, holds: Holds) -> str | None:
    candidates = len(file.candidates)
    if fault := _fault(group, candidates):
        return f"expected marks of {candidates} candidates: {fault}"
    ranks = parse_marks(group.marks)
    if not ranks and not holds.blank_ballots:
        return f"{holds.format} cannot say that a ballot is blank"
    if () in ranks and not holds.blank_ranks:
        return f"{holds.format} cannot say that a rank is blank"
    if UNNAMED in ranks and not holds.unnamed:
        return f"{holds.format} cannot say that a rank holds several candidates without naming them"
    return None


def _fault(group: BallotGroup, candidates: int) -> str | None:
    if group.ballots < 0:
        return "fewer than no ballots"
    return marks_fault(group.marks, candidates, max_ranks=MAX_RANKS)
