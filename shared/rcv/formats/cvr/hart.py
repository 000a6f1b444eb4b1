"""Hart Verity: a folder with one XML file a ballot; an option's value has one digit a rank, 1 where it is marked.

Source: RCTab 2.0's reader of Hart exports; Hart publishes no description.

A candidate is named by the option's id, and so are the lines for write-ins; a write-in that was rejected is no vote. Files are
read in the order of their names. `.sig.xml` files are signatures of the others, not ballots.
"""

from collections.abc import Iterator
from os import scandir
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr import xml_file
from shared.rcv.formats.cvr.raw import Note, RawRecord, Selection, Source, by_rank, meaning, no_note
from shared.rcv.formats.cvr.xml_file import Element
from shared.rcv.formats.records import FormatError

REJECTED: Final = "write-in that was rejected is no vote"


def read(path: Path, source: Source, note: Note = no_note) -> Iterator[RawRecord]:
    """Yield the records of a folder's contest. Raises FormatError naming file and line, OSError."""
    if not path.is_dir():
        raise FormatError(path, "", "expected a folder with one XML file a ballot")
    with scandir(path) as entries:
        names = sorted(entry.name for entry in entries if _is_ballot(entry.name.lower()))
    if not names:
        raise FormatError(path, "", "expected XML files, found none")
    for name in names:
        yield from _records(path / name, source, note)


def _is_ballot(name: str) -> bool:
    return name.endswith(".xml") and not name.endswith(".sig.xml")


def _records(file: Path, source: Source, note: Note) -> Iterator[RawRecord]:
    ballot = Element("Cvr", {}, 1)
    ballot.children.extend(xml_file.children(file, "Cvr"))
    contests, split = ballot.first("Contests"), ballot.first("PrecinctSplit")
    number = ballot.said("CvrGuid")
    if number is None:
        raise FormatError(file, "", "expected the ballot's id, <CvrGuid>")
    for contest in contests.children if contests else ():
        if contest.said("Id") == source.contest_id:
            yield RawRecord(
                place=f"{file.name}, line {contest.line}",
                id=number,
                selections=by_rank(_selections(file, contest, source, note)),
                precinct=split.said("Name") if split else None,
                batch=ballot.said("BatchNumber"),
                vendor_id=number,
                contest_id=source.contest_id,
                precinct_portion=split.said("Id") if split else None,
                identity=(number.strip("{}").lower(),),
            )


def _selections(file: Path, contest: Element, source: Source, note: Note) -> Iterator[Selection]:
    options = contest.first("Options")
    for option in options.children if options else ():
        code, value = option.said("Id"), option.said("Value") or ""
        if code is None:
            raise FormatError(file, f"line {option.line}", "expected the option's <Id>")
        if not value or value.strip("01"):
            expected = f"expected a digit a rank, 0 or 1, in the option's <Value>, found {value!r}"
            raise FormatError(file, f"line {option.line}", expected)
        written = option.first("WriteInData")
        if (
            written
            and (written.said("WriteInDataStatus") or "").lower() == "rejected"
            and not source.as_rctab
        ):
            note(REJECTED)
            continue
        text = meaning(code, source)
        if text is not None:
            yield from ((rank, text) for rank, digit in enumerate(value, 1) if digit == "1")
