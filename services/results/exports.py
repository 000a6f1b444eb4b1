"""Rounds as a tidy table: one line for each candidate, round and section."""

import csv
from collections.abc import Iterator
from io import StringIO

from shared.contract.standings import Round, Standing

COLUMNS = ("election", "contest", "sequence", "status", "round", "section", "candidate_id", "name", "votes")
ALL = "all"


def rounds_csv(standing: Standing) -> str:
    """Return a standing's rounds as CSV (RFC 4180). Text that a spreadsheet would run as a formula is quoted."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for round_ in standing.rounds:
        writer.writerows(_lines(standing, round_))
    return out.getvalue()


def _lines(standing: Standing, round_: Round) -> Iterator[tuple[object, ...]]:
    names = {candidate.id: candidate.name for candidate in standing.contest.candidates}
    head = (standing.election, standing.contest.id, standing.sequence, standing.status, round_.number)
    for section, held in ((ALL, round_.votes), *round_.by_section.items()):
        for candidate, votes in held.items():
            yield (*head, section, candidate, _plain(names[candidate]), _decimal(votes, standing.places))
    ends = {**round_.inactive, **({"residue": round_.residue} if standing.places else {})}
    for ending, votes in ends.items():
        yield (*head, ALL, "", f"inactive: {ending}", _decimal(votes, standing.places))


def _decimal(units: int, places: int) -> str:
    """Return votes as a decimal number that a program reads."""
    return f"{units // 10**places}.{units % 10**places:0{places}d}" if places else str(units)


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
