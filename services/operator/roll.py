"""The roll: elector numbers by section, and the voting codes that go out to them. Pure.

Numbers are dense, 0 .. electors - 1, section after section in the election's order. Codes are never stored: the key gives the
same ones again.
"""

from collections.abc import Iterator
from itertools import accumulate, islice

from shared.contract.codes import issue_code
from shared.contract.elections import Election

CSV_HEAD = "elector,section,code\n"
CHUNK_LINES = 1_000


def section_ranges(election: Election) -> dict[str, range]:
    """Return each section's elector numbers, by section id."""
    ends = list(accumulate(section.electors for section in election.sections))
    return {
        section.id: range(end - section.electors, end)
        for section, end in zip(election.sections, ends, strict=True)
    }


def codes_csv(election: Election, key: bytes, section: str | None = None) -> Iterator[str]:
    """Yield the voting codes of the roll, or of one section, as CSV in chunks of CHUNK_LINES lines.

    Raises KeyError with the sections there are, before the first chunk.
    """
    ranges = section_ranges(election)
    if section is not None and section not in ranges:
        raise KeyError(f"no section {section!r} in {election.id}: {', '.join(ranges)}")
    chosen = [section] if section is not None else list(ranges)
    return _chunks(_lines(election, key, chosen, ranges))


def _lines(election: Election, key: bytes, chosen: list[str], ranges: dict[str, range]) -> Iterator[str]:
    yield CSV_HEAD
    places = {section.id: place for place, section in enumerate(election.sections)}
    for name in chosen:
        for elector in ranges[name]:
            yield f"{elector},{name},{issue_code(key, elector, places[name])}\n"


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    while chunk := "".join(islice(lines, CHUNK_LINES)):
        yield chunk
