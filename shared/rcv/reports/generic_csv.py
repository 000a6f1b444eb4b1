"""`_rctab_cvr.csv`: ballots as RCTab's generic CSV has them, one a line, whatever file they came from.

Rule 1: a rank holds the contest's name of a candidate, "overvote" where the file says no more, or "undervote".
Rule 2: several candidates of one rank stand in one cell, a line each.
Rule 3: an undeclared write-in goes by its source's label.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.contract.ballots import UNNAMED, parse_marks
from shared.contract.elections import Contest
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.reports.text import csv_line

_HEAD: Final = (
    "Source Filepath",
    "CVR Provider",
    "Contest Id",
    "RCTab CVR Id",
    "Tabulator Id",
    "Batch Id",
    "Vendor Id",
    "Precinct",
    "Precinct Portion",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where ballots come from, as the configuration says it."""

    path: str
    """[filePath], as it stands there"""
    provider: str
    """[provider], such as "cdf" or "ess\""""
    write_in_label: str = ""
    """[undeclaredWriteInLabel]"""


def generic_csv(
    contest: Contest, sources: Sequence[Source], records: Sequence[CastVoteRecord]
) -> Iterator[str]:
    """Yield the lines: a head, then the ballots in their order, each with its source.

    There are as many ranks as RCTab writes or, where a ballot has more, as the longest ballot has: none is dropped.
    """
    longest = max((len(parse_marks(marks)) for marks in {record.marks for record in records}), default=0)
    ranks = max(_ranks(contest), longest)
    yield csv_line([*_HEAD, *(f"Rank {number}" for number in range(1, ranks + 1))])
    names = [[of.write_in_label if c.write_in else c.name for c in contest.candidates] for of in sources]
    for record in records:
        selections = _selections(record.marks, names[record.source], ranks)
        yield csv_line([*_origin(sources[record.source], record), *selections])


def _ranks(contest: Contest) -> int:
    declared = sum(not candidate.write_in for candidate in contest.candidates)
    return declared if contest.rules.max_ranks is None else contest.rules.max_ranks


def _origin(source: Source, record: CastVoteRecord) -> tuple[str, ...]:
    return (
        source.path,
        source.provider,
        record.contest_id or "",
        record.id,
        record.tabulator_id or "",
        record.batch or "",
        record.vendor_id or "",
        record.precinct or "",
        record.precinct_portion or "",
    )


def _selections(marks: str, names: Sequence[str], ranks: int) -> Iterator[str]:
    marked = parse_marks(marks)
    for number in range(ranks):
        rank = marked[number] if number < len(marked) else ()
        if rank == UNNAMED:
            yield "overvote"
        else:
            yield "\n".join(names[c] for c in rank) if rank else "undervote"
