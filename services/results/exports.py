"""Rounds as a tidy table: one line for each candidate, round and section.

Rule 1: votes are decimal numbers, with as many places as the method counts them to.
Rule 2: in each round the lines of section `all` add up to the accepted ballots.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from shared.contract.standings import Ending, Round, Standing, decimal

COLUMNS: Final = (
    *("election", "contest", "sequence", "status", "round", "section", "candidate_id", "name", "votes"),
    *("points", "outcome"),
)
ALL: Final = "all"


def rounds_csv(standing: Standing) -> str:
    """Return a standing's rounds as CSV (RFC 4180). Text that a spreadsheet would run as a formula is quoted.

    `points`: of an electoral college. `outcome`: what the round settles about the candidate (`elected`,
    `eliminated`), or `seated` for one elected before who keeps votes.
    """
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
        for name, votes in held.items():
            said = _said(round_, name) if section == ALL else ("", "")
            yield (*head, section, name, _plain(names[name]), decimal(votes, standing.places), *said)
    ends = {**round_.inactive, **({Ending.RESIDUE: round_.residue} if standing.places else {})}
    for ending, votes in ends.items():
        yield (*head, ALL, "", f"inactive: {ending}", decimal(votes, standing.places), "", "")


def _said(round_: Round, candidate: str) -> tuple[str, str]:
    score = round_.scores.get(candidate)
    outcomes = [
        d.outcome for d in round_.decisions if d.candidate == candidate and d.outcome != "transferred"
    ]
    seated = ["seated"] if candidate in round_.seated else []
    return score.points if score else "", next(iter([*outcomes, *seated]), "")


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
