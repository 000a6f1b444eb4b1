"""A standing in the forms that other programs read: tables, long and wide, and RCTab's detailed report.

Rule 1: votes are decimal numbers, with as many places as the method counts them to.
Rule 2: in each round the lines of section `all` add up to the accepted ballots.
"""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any, Final

from shared.contract.standings import Ending, Round, Spending, Standing, Transfer, decimal
from shared.rcv.narrate.counted import decided

COLUMNS: Final = (
    *("election", "contest", "sequence", "status", "round", "section", "candidate_id", "name", "votes"),
    *("points", "outcome", "party"),
)
PROJECT_COLUMNS: Final = (
    *("election", "contest", "sequence", "status", "project_id", "name", "cost", "supporters", "outcome"),
    *("place", "price", "pays", "supporters_have_left", "missing"),
)
ALL: Final = "all"


def rounds_csv(standing: Standing) -> str:
    """Return a standing's rounds as CSV (RFC 4180), of a budget its projects. Text that a spreadsheet would run as a formula is quoted.

    `points`: of an electoral college. `outcome`: what the round settles about the candidate (`elected`,
    `eliminated`), or `seated` for one elected before who keeps votes.
    """
    if standing.spending is not None:
        return _projects_csv(standing, standing.spending)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for round_ in standing.rounds:
        writer.writerows(_lines(standing, round_))
    return out.getvalue()


def _projects_csv(standing: Standing, spending: Spending) -> str:
    """Return a line for each project: those that are funded in their order, then all others; amounts are decimal numbers."""
    names = {candidate.id: candidate.name for candidate in standing.contest.candidates}
    head = (standing.election, standing.contest.id, standing.sequence, standing.status)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(PROJECT_COLUMNS)
    for place, of in enumerate(spending.funded, 1):
        said = (of.cost, of.supporters, "funded", place, of.price or "", of.pays or "", of.left or "", "")
        writer.writerow((*head, of.project, plain(names[of.project]), *said))
    for lacks in spending.not_funded:
        rest = (lacks.cost, lacks.supporters, "not funded", "", "", "", lacks.held, lacks.missing)
        writer.writerow((*head, lacks.project, plain(names[lacks.project]), *rest))
    return out.getvalue()


def _lines(standing: Standing, round_: Round) -> Iterator[tuple[object, ...]]:
    named = {candidate.id: candidate for candidate in standing.contest.candidates}
    head = (standing.election, standing.contest.id, standing.sequence, standing.status, round_.number)
    for section, found in ((ALL, round_.votes), *round_.by_section.items()):
        for name, votes in found.items():
            said = _said(round_, name) if section == ALL else ("", "")
            of, held = named[name], decimal(votes, standing.places)
            yield (*head, section, name, plain(of.name), held, *said, plain(of.party))
    ends = {**round_.inactive, **({Ending.RESIDUE: round_.residue} if standing.places else {})}
    for ending, votes in ends.items():
        yield (*head, ALL, "", f"inactive: {ending}", decimal(votes, standing.places), "", "", "")


def _said(round_: Round, candidate: str) -> tuple[str, str]:
    score = round_.scores.get(candidate)
    outcomes = [
        d.outcome for d in round_.decisions if d.candidate == candidate and d.outcome != "transferred"
    ]
    seated = ["seated"] if candidate in round_.seated else []
    return score.points if score else "", next(iter([*outcomes, *seated]), "")


def plain(text: str) -> str:
    """Return text that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def wide_csv(standing: Standing) -> str:
    """Return a standing's rounds as CSV with a line for each candidate, then for each reason why votes rest, and a column a round.

    A cell is empty where a candidate is no longer, or not yet, in the count. `party` is there if a candidate has one.
    Of a budget it is the same as `rounds_csv`.
    """
    if standing.spending is not None:
        return _projects_csv(standing, standing.spending)
    out, places = StringIO(), standing.places
    writer = csv.writer(out)
    some = any(candidate.party for candidate in standing.contest.candidates)
    head = ("candidate_id", "name", *(["party"] if some else []))
    writer.writerow((*head, *(f"round {round_.number}" for round_ in standing.rounds)))
    for candidate in standing.contest.candidates:
        held = [round_.votes.get(candidate.id) for round_ in standing.rounds]
        cells = ["" if votes is None else decimal(votes, places) for votes in held]
        party = [plain(candidate.party)] if some else []
        writer.writerow((candidate.id, plain(candidate.name), *party, *cells))
    for ending in Ending:
        rests = [
            round_.residue if ending is Ending.RESIDUE else round_.inactive.get(ending, 0)
            for round_ in standing.rounds
        ]
        if any(rests):
            blank = [""] if some else []
            writer.writerow(("", f"inactive: {ending}", *blank, *(decimal(votes, places) for votes in rests)))
    return out.getvalue()


_INACTIVE: Final = {
    "exhaustedChoices": Ending.EXHAUSTED,
    "overvotes": Ending.OVERVOTE,
    "repeatedRankings": Ending.REPEATED,
    "skippedRankings": Ending.SKIPPED,
}


def rctab_json(standing: Standing, run: int = 1) -> dict[str, Any]:
    """Return a standing as RCTab's detailed report (its JSON, version 1), which newsrooms read.

    A round's results are whom it elects or eliminates, and where those votes go. `exhausted` holds all that reaches nobody but
    what rounding loses. As with RCTab, where seats are filled one after another each `run` has a report of its own.
    """
    names, places = _unlike_names(standing), standing.places
    rounds = [round_ for round_ in standing.rounds if round_.run == run]
    return {
        "config": {
            "generatedBy": "Livecount",
            "contest": standing.contest.title,
            "jurisdiction": standing.election_title,
            "office": "",
            "date": "",
        },
        "jsonFormatVersion": "1",
        "results": [
            {
                "round": number,
                "tally": {names[of]: decimal(votes, places) for of, votes in round_.votes.items()},
                "tallyResults": list(_tally_results(standing, round_, names)),
                "threshold": None if round_.threshold is None else decimal(round_.threshold, places),
                "inactiveBallots": {
                    name: decimal(round_.inactive.get(ending, 0), places)
                    for name, ending in _INACTIVE.items()
                },
            }
            for number, round_ in enumerate(rounds, 1)
        ],
        "summary": {
            "finalThreshold": decimal(rounds[-1].threshold or 0, places) if rounds else None,
            "numWinners": 1 if standing.contest.method == "sequential-irv" else standing.contest.seats,
            "numCandidates": len(standing.contest.included),
            "totalNumBallots": str(standing.balance.accepted),
            "undervotes": rounds[0].inactive.get(Ending.BLANK, 0) // 10**places if rounds else 0,
        },
    }


def rcvis_json(standing: Standing, run: int = 1) -> dict[str, Any]:
    """Return the same report with those keys only that RCVis's own library (rcvformats 0.0.46) lets through."""
    report = rctab_json(standing, run)
    thresholds = [round_["threshold"] for round_ in report["results"] if round_["threshold"]]
    return {
        "config": {
            "contest": report["config"]["contest"],
            "jurisdiction": report["config"]["jurisdiction"],
            **({"threshold": thresholds[-1]} if thresholds else {}),
        },
        "results": [
            {key: round_[key] for key in ("round", "tally", "tallyResults")} for round_ in report["results"]
        ],
    }


def _tally_results(standing: Standing, round_: Round, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    for outcome in ("elected", "eliminated"):
        for candidate in decided(round_, outcome):
            moved = [transfer for transfer in round_.transfers if transfer.source == candidate]
            yield {outcome: names[candidate], "transfers": _moved(standing, moved, names)}


def _moved(standing: Standing, moved: Iterable[Transfer], names: dict[str, str]) -> dict[str, str]:
    received: dict[str, int] = {}
    for transfer in moved:
        nobody = "residual surplus" if transfer.ending is Ending.RESIDUE else "exhausted"
        to = nobody if transfer.target is None else names[transfer.target]
        received[to] = received.get(to, 0) + transfer.votes
    return {to: decimal(votes, standing.places) for to, votes in received.items()}


def _unlike_names(standing: Standing) -> dict[str, str]:
    """Return the candidates' names by id; the report knows them by name, so of two alike each carries its id."""
    names = [candidate.name for candidate in standing.contest.candidates]
    return {
        candidate.id: candidate.name
        if names.count(candidate.name) == 1
        else f"{candidate.name} ({candidate.id})"
        for candidate in standing.contest.candidates
    }
