"""Assertions for a risk-limiting audit in words, and as SHANGRLA reads them."""

from typing import Any

from shared.contract.elections import Contest
from shared.rcv.assertions import Assertion, Assertions, comparison_sample, electable, polling_sample
from shared.rcv.narrate.words import listed, names_of, plural


def assertion_sentence(contest: Contest, of: Assertion) -> str:
    """Return what an assertion says."""
    names = names_of(contest)
    winner, loser = names[of.winner], names[of.loser]
    if of.standing is None:
        return f"{winner} is not eliminated before {loser}"
    others = [names[c] for c in sorted(of.standing - {of.winner, of.loser})]
    beside = (
        f" while {listed(others)} also continue{'s' if len(others) == 1 else ''}"
        if others
        else " as the last two"
    )
    return f"{winner} has more votes than {loser}{beside}"


def margin_sentences(contest: Contest, found: Assertions) -> list[str]:
    """Return who is elected, and how many ballots could change that."""
    winner = names_of(contest)[found.winner]
    if not found.needed:
        return [f"{winner} is elected: nobody else stands."]
    least, most = found.changes
    span = f"{least:,} to {plural(most, 'other ballot', 'other ballots')}".removeprefix(f"{most:,} to ")
    needed = plural(len(found.needed), "assertion holds", "assertions hold")
    said = [f"{winner} is elected if {needed}. Another winner would take {span}."]
    if passed := _passed_over(contest):
        said.append(f"Ballots are read as if they did not name {listed(passed)}.")
    if not found.are_best:
        said.append(
            "The search was ended before its end: there may be assertions that are easier to confirm."
        )
    return said


def assertions_document(contest: Contest, found: Assertions, risk: float) -> dict[str, Any]:
    """Return the assertions as SHANGRLA reads them (its form is RAIRE's), with votes, margins and sample sizes beside."""
    names = names_of(contest)
    out = [names[c] for c in electable(contest) if c != found.winner]
    listed_ = [_entry(contest, of, found.ballots, risk) for of in found.needed]
    most = max((entry["polling_sample"] for entry in listed_), default=0)
    audit = {
        "contest": contest.id,
        "title": contest.title,
        "winner": names[found.winner],
        "eliminated": out,
        "passed_over": _passed_over(contest),
        "Expected Polls (#)": str(most),
        "ballots_to_change": {"at_least": found.changes[0], "at_most": found.changes[1]},
        "are_best": found.are_best,
        "assertions": listed_,
    }
    return {
        "risk_limit": risk,
        "Overall Expected Polls (#)": str(most),
        "Ballots involved in audit (#)": str(found.ballots),
        "audits": [audit],
    }


def _passed_over(contest: Contest) -> list[str]:
    """Return whom an auditor passes over on ballots: who has withdrawn, and undeclared write-ins."""
    able = electable(contest)
    return [name for place, name in enumerate(names_of(contest)) if place not in able]


def _entry(contest: Contest, of: Assertion, ballots: int, risk: float) -> dict[str, Any]:
    names = names_of(contest)
    gone = [] if of.standing is None else [names[c] for c in electable(contest) if c not in of.standing]
    return {
        "winner": names[of.winner],
        "loser": names[of.loser],
        "already_eliminated": gone,
        "assertion_type": "WINNER_ONLY" if of.standing is None else "IRV_ELIMINATION",
        "explanation": assertion_sentence(contest, of),
        "votes": list(of.votes),
        "margin": of.margin,
        "comparison_sample": comparison_sample(of.margin, ballots, risk),
        "polling_sample": polling_sample(of.votes, ballots, risk),
    }
