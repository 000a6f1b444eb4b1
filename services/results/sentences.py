"""What a round says, in a sentence. Pure.

Rule: while ballots can still come, nothing is said as a fact: "would be elected", "is last at present".
"""

from collections.abc import Mapping, Sequence

from shared.contract.standings import Decision, Round, Standing, Status, Transfer

FINAL = (Status.COMPLETE, Status.CERTIFIED)

STATUS_IN_WORDS = {
    Status.PRE_ELECTION: "Not open yet: no ballots",
    Status.PARTIAL: "Live and provisional: ballots are still arriving",
    Status.COMPLETE: "Complete, not yet certified",
    Status.CERTIFIED: "Certified: a separate recount agrees in every round",
}
STATUS_BADGE = {
    Status.PRE_ELECTION: "Not open",
    Status.PARTIAL: "Provisional",
    Status.COMPLETE: "Complete, uncertified",
    Status.CERTIFIED: "Certified",
}
ENDING_IN_WORDS = {
    "choices": "No further preference",
    "blank": "Blank paper",
    "overvote": "Stopped at an overvote",
    "skipped": "Stopped at skipped ranks",
    "repeated": "Stopped at a repeated candidate",
}


def number(value: int) -> str:
    """Return an integer as people read it: 422,664."""
    return f"{value:,}"


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, such as "40.4%"."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def headline(standing: Standing) -> str:
    """Return the one sentence that matters."""
    if standing.withheld:
        return "Votes are withheld until the close; turnout is shown below."
    if not standing.elected:
        return "No ballots have been counted yet."
    last = standing.rounds[-1]
    winner = standing.elected[0]
    votes, continuing = last.votes[winner], sum(last.votes.values())
    verb = "is elected" if standing.status in FINAL else "would be elected if it ended now,"
    share = f"{number(votes)} of {number(continuing)} continuing votes ({percent(votes, continuing)})"
    return f"{_names(standing)[winner]} {verb} in round {last.number} with {share}."


def round_sentence(standing: Standing, round_: Round) -> str:
    """Return what a round decides, by how much, and where the votes go."""
    names = _names(standing)
    if not round_.decisions:
        return "Nothing is decided in this round."
    return " ".join(
        _decision(decision, round_, names, standing.status in FINAL) for decision in round_.decisions
    )


def _decision(decision: Decision, round_: Round, names: Mapping[str, str], final: bool) -> str:  # noqa: FBT001
    name, votes = names[decision.candidate], round_.votes[decision.candidate]
    if decision.outcome == "elected":
        share = percent(votes, sum(round_.votes.values()))
        verb = "is elected" if final else "is ahead"
        return f"{name} {verb} with {number(votes)} votes ({share}).{_by_lot(decision, names)}"
    verb = "is out" if final else "is last at present"
    went = _where(decision.candidate, round_.transfers, names, votes)
    return f"{name} {verb} with {number(votes)} votes{_margin(decision)}.{_by_lot(decision, names)}{went}"


def _margin(decision: Decision) -> str:
    return f", {number(decision.margin)} behind the next" if decision.margin else ""


def _by_lot(decision: Decision, names: Mapping[str, str]) -> str:
    if decision.settled_by != "lot":
        return ""
    level = ", ".join(names[tied] for tied in decision.tied)
    return f" Level: {level}; the published lot settles it."


def _where(source: str, transfers: Sequence[Transfer], names: Mapping[str, str], votes: int) -> str:
    moved = [t for t in transfers if t.source == source]
    if not moved or not votes:
        return ""
    to = [
        f"{number(t.votes)} ({percent(t.votes, votes)}) to {names[t.target]}"
        for t in sorted(moved, key=lambda t: -t.votes)
        if t.target
    ]
    nobody = sum(t.votes for t in moved if t.target is None)
    if nobody:
        to.append(f"{number(nobody)} ({percent(nobody, votes)}) to nobody")
    return f" Of these votes {', '.join(to[:-1]) + ' and ' if to[1:] else ''}{to[-1]}."


def _names(standing: Standing) -> dict[str, str]:
    return {candidate.id: candidate.name for candidate in standing.contest.candidates}
