"""The electors' list as an officer keeps it, CSV or XLSX, read on the officer's machine only.

The list has a row of column names, then a row an elector. A column `section` holds a section's id or name; it may be left out
where there is one section. Two rows of one elector are found by the first column there is of IDENTITIES, else by the whole row.
What is kept of a million rows is ten bytes each: the rows themselves are read twice, never held.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from services.cli.errors import csv_of
from shared.contract.batches import Runs, each_of, parse_runs, runs_of
from shared.contract.codes import commitments, parse_code, voting_link
from shared.contract.elections import Election, Section
from shared.contract.events import ElectionAnnounced
from shared.contract.rolls import (
    BLOCK_ELECTORS,
    CSV_HEAD,
    Roll,
    make_codes,
    new_secrets,
    roll_of,
    section_of_electors,
    section_ranges,
    spelt_codes,
)

IDENTITIES: Final = ("id", "member", "member number", "membership number", "number", "email", "e-mail")
SECTION: Final = "section"
OWN_COLUMNS: Final = ("elector", "code", "link")
MAX_SHOWN: Final = 20
SHORTER: Final = "; with --spare the numbers left over wait for who was forgotten"
SAMPLE_CHARS: Final = 4096

Row = tuple[int, list[str]]
"""A row's number in the file, the column names being row 1, and its cells."""


class ElectorList(NamedTuple):
    """What a list holds: its columns, the place of each row's section, and its faults, each with its row."""

    file: Path
    columns: list[str]
    sections: NDArray[np.uint16]
    faults: list[str]

    def counts(self, sections: tuple[Section, ...]) -> dict[str, int]:
        """Return how many electors each section has, by its id."""
        found = np.bincount(self.sections, minlength=len(sections))
        return {section.id: int(count) for section, count in zip(sections, found, strict=False)}


def read_list(file: Path, sections: tuple[Section, ...]) -> ElectorList:
    """Read a list for these sections, and find every fault in it. Raises OSError; ValueError if it cannot be read."""
    with _rows(file) as rows:
        _, columns = next(rows, (1, []))
        names = [name.strip().lower() for name in columns]
        _check_columns(file, names, sections)
        places = {word.strip().lower(): n for n, of in enumerate(sections) for word in (of.id, of.name)}
        at = names.index(SECTION) if SECTION in names else None
        identity = next((names.index(name) for name in IDENTITIES if name in names), None)
        found, hashes, numbers = bytearray(), bytearray(), bytearray()
        faults: list[str] = []
        for number, cells in rows:
            if not any(cells):
                continue
            if len(cells) > len(columns):
                faults.append(f"row {number}: expected {len(columns)} cells, found {len(cells)}")
            word = "" if at is None else _cell(cells, at)
            place = 0 if at is None else places.get(word.lower())
            if place is None:
                faults.append(
                    f"row {number}: expected a section of {', '.join(s.id for s in sections)}, found {word!r}"
                )
            key = _cell(cells, identity).lower() if identity is not None else "\x1f".join(cells)
            if identity is not None and not key:
                faults.append(f"row {number}: expected something in {names[identity]}, found nothing")
                key = f"\x1f{number}"
            found += (place or 0).to_bytes(2, "little")
            hashes += blake2b(key.encode(), digest_size=8).digest()
            numbers += number.to_bytes(4, "little")
    faults += _twice(np.frombuffer(hashes, np.uint64), np.frombuffer(numbers, np.uint32))
    return ElectorList(file, columns, np.frombuffer(found, "<u2").astype(np.uint16), faults)


def write_mailing(
    found: ElectorList, announced: ElectionAnnounced, out: Path, intake: str, *, spare: bool = False
) -> Roll:
    """Make everybody's code and write the mailing file: the list's own columns, then elector, code and link.

    Whole or not at all, readable by its owner only. Return the roll, of which only commitments go up. With `spare` the list may
    be shorter than the roll: the numbers left over have commitments and no code, until one is issued again. Raises ValueError
    if the list is not the roll that the election was frozen with.
    """
    definition = announced.definition
    electors = numbered(found, announced, spare=spare)
    secret = new_secrets(definition.electors)
    by_number = section_of_electors(definition)
    with private_file(out) as file, _rows(found.file) as rows:
        writer = csv.writer(file, lineterminator="\n")
        next(rows)
        writer.writerow([*found.columns, *OWN_COLUMNS])
        full = (cells for _, cells in rows if any(cells))
        for start in range(0, len(electors), BLOCK_ELECTORS):
            block = electors[start : start + BLOCK_ELECTORS]
            codes = spelt_codes(block, by_number[block], secret[block])
            for number, code in zip(block.tolist(), codes, strict=True):
                cells = next(full)
                blank = [""] * (len(found.columns) - len(cells))
                writer.writerow([*cells, *blank, number, code, voting_link(intake, definition.id, code)])
    everybody = np.arange(definition.electors)
    return roll_of(
        announced.definition,
        announced.log,
        [commitments(announced.log, definition.id, everybody, by_number, secret)],
    )


def spare_elector(mailing: Path, announced: ElectionAnnounced, section: str) -> int:
    """Return the first number of a section that the mailing file does not hold. Raises OSError, ValueError."""
    ranges = section_ranges(announced.definition)
    if section not in ranges:
        raise ValueError(f"expected a section of {', '.join(ranges)}, found {section!r}")
    _, rows = _mailing(mailing)
    taken = {row["elector"] for row in rows}
    for number in ranges[section]:
        if str(number) not in taken:
            return number
    raise ValueError(
        f"{mailing}: all {len(ranges[section]):,} numbers of section {section} are taken, none is spare"
    )


def with_commitment(roll: Roll, elector: int, commitment: bytes) -> Roll:
    """Return a roll in which an elector has another code."""
    changed = roll.commitments.copy()
    changed[elector] = np.frombuffer(commitment, np.uint8)
    return roll.model_copy(update={"commitments": changed})


def put_elector(
    mailing: Path, elector: int, code: str, link: str, values: Mapping[str, str] | None = None
) -> None:
    """Write an elector's new code and link into the mailing file, in the elector's row or, given `values`, in a new one.

    Raises OSError; ValueError if the file has no such row or column.
    """
    columns, rows = _mailing(mailing)
    own = {"elector": str(elector), "code": code, "link": link}
    if values is not None:
        if unknown := [name for name in values if name not in columns or name in OWN_COLUMNS]:
            raise ValueError(
                f"{mailing}: expected a column of {', '.join(columns[:-3])}, found {unknown[0]!r}"
            )
        rows.append({**values, **own})
    elif not (there := [row for row in rows if row["elector"] == str(elector)]):
        raise ValueError(f"{mailing}: expected elector {elector} in it, found no such row")
    else:
        there[0].update(own)
    with private_file(mailing) as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_batch(file: Path, definition: Election) -> Runs:
    """Return the electors of a batch: numbers, ranges (17-40) or voting codes, one a line, or CSV with a column `elector` or `code`.

    Raises OSError; ValueError with the line of what names no elector of the roll.
    """
    ranges, numbers, at = section_ranges(definition), set[int](), 0
    with file.open(newline="", encoding="utf-8-sig") as text:
        for line, cells in _csv_rows(file, text):
            names = [cell.strip().lower() for cell in cells]
            named = [names.index(name) for name in ("elector", "code") if name in names]
            if named and not numbers:
                at = named[0]
            elif any(names):
                try:
                    numbers.update(_electors_of(_cell(cells, at), ranges))
                except ValueError as fault:
                    raise ValueError(f"{file}: line {line}: {fault}") from fault
    if not numbers:
        raise ValueError(f"{file}: expected electors, one a line, found none")
    return runs_of(numbers)


def _electors_of(word: str, ranges: Mapping[str, range]) -> Iterable[int]:
    """Return the numbers that a cell of a batch names. Raises ValueError."""
    last = max(of.stop for of in ranges.values()) - 1
    if not word.replace("-", "").isdecimal() or word.count("-") > 1:
        code = parse_code(word)
        if code.section >= len(ranges) or code.elector not in list(ranges.values())[code.section]:
            raise ValueError("the voting code is of no elector of this election")
        return (code.elector,)
    found = list(each_of(parse_runs(word)))
    if found[-1] > last:
        raise ValueError(f"elector {found[-1]} is not on the roll 0..{last}")
    return found


def _mailing(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    with file.open(newline="", encoding="utf-8") as lines, csv_of(file):
        rows = csv.DictReader(lines, strict=True)
        columns = list(rows.fieldnames or ())
        if columns[-3:] != list(OWN_COLUMNS):
            raise ValueError(
                f"{file}: expected a mailing file, whose last columns are {', '.join(OWN_COLUMNS)}"
            )
        return columns, list(rows)


def write_codes(announced: ElectionAnnounced, out: Path) -> Roll:
    """Make everybody's code and write them, a line each, as CSV; return the roll. The file is as `write_mailing` leaves it."""
    blocks = []
    with private_file(out) as file:
        file.write(CSV_HEAD)
        for lines, made in make_codes(announced.definition, announced.log):
            file.write(lines)
            blocks.append(made)
    return roll_of(announced.definition, announced.log, blocks)


@contextmanager
def private_file(out: Path) -> Iterator[TextIO]:
    """Open a file that only its owner can read; it takes its name once it is whole."""
    part = out.with_name(f"{out.name}.part")
    part.touch(mode=0o600)
    part.chmod(0o600)
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def numbered(found: ElectorList, announced: ElectionAnnounced, *, spare: bool = False) -> NDArray[np.int64]:
    """Return the elector number of each row: section after section, in the list's order within one. Raises ValueError."""
    definition = announced.definition
    if found.faults:
        raise ValueError(faults_in_short(found))
    counts = found.counts(definition.sections)
    for section in definition.sections:
        if counts[section.id] > section.electors or (counts[section.id] != section.electors and not spare):
            most = "at most " if spare else ""
            raise ValueError(
                f"{found.file}: expected {most}{section.electors:,} electors of section {section.id}, as the definition says, "
                f"found {counts[section.id]:,}{'' if spare or counts[section.id] > section.electors else SHORTER}"
            )
    numbers = np.empty(len(found.sections), np.int64)
    for place, electors in enumerate(section_ranges(definition).values()):
        here = found.sections == place
        numbers[here] = np.arange(electors.start, electors.start + np.count_nonzero(here))
    return numbers


def faults_in_short(found: ElectorList) -> str:
    """Return the faults of a list in one line."""
    more = len(found.faults) - MAX_SHOWN
    tail = f"; and {more:,} more" if more > 0 else ""
    return f"{found.file}: {'; '.join(found.faults[:MAX_SHOWN])}{tail}"


def _check_columns(file: Path, names: list[str], sections: tuple[Section, ...]) -> None:
    if not any(names):
        raise ValueError(f"{file}: expected a row of column names, found none")
    for name, count in Counter(names).items():
        if count > 1 or name in OWN_COLUMNS:
            raise ValueError(
                f"{file}: expected different columns, and none named {', '.join(OWN_COLUMNS)}; found {name!r}"
            )
    if SECTION not in names and len(sections) > 1:
        raise ValueError(f"{file}: expected a column {SECTION}, found {', '.join(names)}")


def _twice(hashes: NDArray[np.uint64], numbers: NDArray[np.uint32]) -> list[str]:
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    pairs = sorted((int(numbers[order[at + 1]]), int(numbers[order[at]])) for at in same)
    return [f"row {later}: the same elector as row {earlier}" for later, earlier in pairs]


def _cell(cells: list[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""


@contextmanager
def _rows(file: Path) -> Iterator[Iterator[Row]]:
    """Open a list; rows end with the file. Raises OSError, ValueError."""
    if file.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        yield enumerate(_sheet(file), 1)
        return
    with file.open(newline="", encoding="utf-8-sig") as text:
        yield _csv_rows(file, text)


def _csv_rows(file: Path, text: Any) -> Iterator[Row]:
    sample = text.read(SAMPLE_CHARS).partition("\n")[0]
    text.seek(0)
    reader = csv.reader(text, delimiter=max(",;\t", key=sample.count), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except (csv.Error, UnicodeDecodeError) as fault:
        raise ValueError(f"{file}: line {reader.line_num + 1}: expected CSV in UTF-8 ({fault})") from fault


def _sheet(file: Path) -> Iterator[list[str]]:
    """Yield the cells of a workbook's first sheet as text; a whole number has no decimals."""
    from python_calamine import CalamineError, load_workbook

    try:
        sheet = load_workbook(file).get_sheet_by_index(0)
    except CalamineError as fault:
        raise ValueError(f"{file}: expected a workbook ({fault})") from fault
    for cells in sheet.iter_rows():
        yield [str(int(of)) if isinstance(of, float) and of.is_integer() else str(of) for of in cells]
