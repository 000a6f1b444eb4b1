"""What a round says, in a sentence. Pure.

Rule: while ballots can still come, nothing is said as a fact: "would be elected", "is last at present".
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from shared.contract.elections import Contest
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
    "residue": "Lost to rounding",
}
METHOD_IN_WORDS = {
    "plurality": "plurality",
    "supplementary": "supplementary vote",
    "irv": "instant run-off",
    "sequential-irv": "instant run-off, seat after seat",
    "bottoms-up": "elimination from the bottom up",
    "stv-wigm": "single transferable vote",
    "scottish-stv": "single transferable vote, Scottish rules",
    "meek": "single transferable vote by Meek's method",
    "electoral-college": "electoral college",
}
TIE_IN_WORDS = {
    "lot": "the published lot settles it",
    "earlier-rounds": "the round in which they last differed settles it",
    "candidate-order": "their order on the paper settles it",
    "permutation": "the order drawn from the published seed settles it",
    "random": "a draw from the published seed settles it",
    "asked": "the returning officer has settled it",
}


def number(units: int, places: int = 0) -> str:
    """Return votes as people read them: 422,664, or 1,315.66424 where a vote is divided."""
    whole, part = divmod(abs(units), 10**places)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, such as "40.4%"."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def points(score: str) -> str:
    """Return a score of an electoral college as a percentage with two decimals, such as "50.65%"."""
    hundredths = round(Fraction(score) * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def how(contest: Contest) -> str:
    """Return how a contest is counted, such as "single transferable vote, 4 seats"."""
    seats = "" if contest.seats == 1 else f", {contest.seats} seats"
    return f"{METHOD_IN_WORDS[contest.method].capitalize()}{seats}"


def elects(standing: Standing, round_: Round) -> str:
    """Return what it takes to be elected in a round, if a number of votes says so."""
    if round_.threshold is None:
        return ""
    name = "Quota: " if standing.contest.seats > 1 else ""
    return f"{name}{number(round_.threshold, standing.places)} {'votes' if name else 'elect'}."


def headline(standing: Standing) -> str:
    """Return the one sentence that matters."""
    if standing.withheld:
        return "Votes are withheld until the close; turnout is shown below."
    if not standing.elected:
        cast = standing.rounds and any(standing.rounds[0].votes.values())
        return "Nobody is elected yet." if cast else "No ballots have been counted yet."
    if len(standing.elected) > 1 or standing.contest.seats != 1:
        return _elected_together(standing)
    last = standing.rounds[-1]
    winner = standing.elected[0]
    votes, continuing = last.votes[winner], sum(last.votes.values())
    verb = "is elected" if standing.status in FINAL else "would be elected if it ended now,"
    share = f"{number(votes, standing.places)} of {number(continuing, standing.places)} continuing votes"
    if last.scores:
        share = f"{points(last.scores[winner])} of the electoral college"
    else:
        share += f" ({percent(votes, continuing)})"
    return f"{_names(standing)[winner]} {verb} in round {last.number} with {share}."


def _elected_together(standing: Standing) -> str:
    names = [_names(standing)[winner] for winner in standing.elected]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    if standing.status in FINAL:
        return f"{listed} {'are' if names[1:] else 'is'} elected."
    return f"{listed} would be elected if it ended now."


def round_sentence(standing: Standing, round_: Round) -> str:
    """Return what a round decides, by how much, and where the votes go."""
    if not round_.decisions:
        return "Nothing is decided in this round."
    return " ".join(_decision(decision, round_, standing) for decision in round_.decisions)


def _decision(decision: Decision, round_: Round, standing: Standing) -> str:
    names, final, places = _names(standing), standing.status in FINAL, standing.places
    name, votes = names[decision.candidate], round_.votes[decision.candidate]
    level = _by_tie(decision, names)
    went = _where(decision.candidate, round_.transfers, standing)
    if decision.outcome == "transferred":
        return f"The surplus of {name} moves on.{level}{went}"
    strength = f"{number(votes, places)} votes"
    if round_.scores:
        strength = f"{points(round_.scores[decision.candidate])} of the electoral college"
    if decision.outcome == "elected":
        verb = "is elected" if final else "is ahead"
        share = "" if round_.scores or round_.seated else f" ({percent(votes, sum(round_.votes.values()))})"
        moves = went if not _moves_by_itself(decision, round_) else ""
        return f"{name} {verb} with {strength}{share}.{level}{moves}"
    verb = "is out" if final else "is last at present"
    return f"{name} {verb} with {strength}{_margin(decision, places)}.{level}{went}"


def _moves_by_itself(decision: Decision, round_: Round) -> bool:
    """Return whether a decision of its own says that this candidate's votes move."""
    moved = {d.candidate for d in round_.decisions if d.outcome == "transferred"}
    return decision.candidate in moved


def _margin(decision: Decision, places: int) -> str:
    return f", {number(decision.margin, places)} behind the next" if decision.margin else ""


def _by_tie(decision: Decision, names: Mapping[str, str]) -> str:
    if not decision.tied:
        return ""
    level = ", ".join(names[tied] for tied in decision.tied)
    return f" Level: {level}; {TIE_IN_WORDS[decision.settled_by]}."


def _where(source: str, transfers: Sequence[Transfer], standing: Standing) -> str:
    moved = [t for t in transfers if t.source == source]
    votes = sum(t.votes for t in moved)
    if not votes:
        return ""
    names, places = _names(standing), standing.places
    to = [
        f"{number(t.votes, places)} ({percent(t.votes, votes)}) to {names[t.target]}"
        for t in sorted(moved, key=lambda t: -t.votes)
        if t.target
    ]
    nobody = sum(t.votes for t in moved if t.target is None)
    if nobody:
        to.append(f"{number(nobody, places)} ({percent(nobody, votes)}) to nobody")
    return f" Of these votes {', '.join(to[:-1]) + ' and ' if to[1:] else ''}{to[-1]}."


def _names(standing: Standing) -> dict[str, str]:
    return {candidate.id: candidate.name for candidate in standing.contest.candidates}
