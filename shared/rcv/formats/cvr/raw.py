"""What a vendor's record says, before anybody knows whom its names mean."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Final, NamedTuple

Selection = tuple[int, str]
"""A rank, from 1, and what stands there: a name, an alias, a code or a label."""


class RawRecord(NamedTuple):
    """One ballot of the contest, in its file's words."""

    place: str
    """Where it stands in its file, for error messages: "row 12", "record 7"."""
    id: str
    """As RCTab computes or repeats it: what reports call the ballot."""
    selections: tuple[Selection, ...]
    """In the order of the ranks. Several at one rank are an overvote; a rank that is missing was left blank."""
    precinct: str | None = None
    batch: str | None = None
    vendor_id: str | None = None
    """The file's own id of the ballot, where it has one."""
    contest_id: str | None = None
    tabulator_id: str | None = None
    precinct_portion: str | None = None
    identity: tuple[str, ...] = ()
    """By what the vendor distinguishes the ballot from all others of its source; empty: by nothing."""


class Source(NamedTuple):
    """One entry of a configuration's [cvrFileSources]. Columns and rows count from 1."""

    file_path: str
    """As the configuration has it; readers are given the resolved path beside it."""
    provider: str
    """[provider], in lower case: ess, dominion, hart, clearBallot (lower-cased), genericcsv (or csv), cdf."""
    contest_id: str = ""
    first_vote_column: int | None = None
    first_vote_row: int | None = None
    id_column: int | None = None
    precinct_column: int | None = None
    batch_column: int | None = None
    overvote_delimiter: str = ""
    overvote_label: str = ""
    skipped_rank_label: str = ""
    undeclared_write_in_label: str = ""
    blank_is_write_in: bool = False
    """[treatBlankAsUndeclaredWriteIn]"""
    as_rctab: bool = False
    """Whether the vendor's own "do not count" is read as RCTab 2.0 reads it, where that differs."""


OVERVOTE = "overvote"
"""What a reader yields for a rank that is marked as an overvote of candidates whom the record does not name."""

WRITE_IN = "Undeclared Write-ins"
"""What a reader yields where the file says that somebody undeclared is written in."""

Progress = Callable[[int], None]
"""Takes how many ballots have been read by now, now and then."""

Note = Callable[[str], None]
"""Takes each ballot or mark that a file has and that is not counted, and why; or each that is counted, and what is odd."""


def no_note(_: object) -> None:
    """Pass it over."""


class Listeners(NamedTuple):
    """Who hears of what while a configuration's records are read."""

    left_out: Note = no_note
    """Each ballot or mark that a file has and that is not counted, and why."""
    odd: Note = no_note
    """What is counted and odd."""
    progress: Progress = no_note
    """How many ballots have been read."""


NOBODY: Final = Listeners()


Names = Mapping[str, str]
"""What a vendor's manifests say a code stands for."""


def by_rank(selections: Iterable[Selection]) -> tuple[Selection, ...]:
    """Return selections in the order of their ranks, those at one rank as they came."""
    return tuple(sorted(selections, key=itemgetter(0)))


def meaning(text: str, source: Source) -> str | None:
    """Return OVERVOTE or WRITE_IN for the source's labels, None for a skipped rank, and any other text as it is."""
    if not text:
        return text
    if text == source.overvote_label:
        return OVERVOTE
    if text == source.undeclared_write_in_label:
        return WRITE_IN
    return None if text == source.skipped_rank_label else text
