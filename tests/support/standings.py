"""Standings to show, of real counts: fruit by instant run-off, by STV and by electoral college, at any phase."""

from collections import Counter

from services.counting.ledger import ShardLedger
from services.counting.standing import standing_of
from shared.contract.chain import START
from shared.contract.elections import Contest, Method, Phase, Section
from shared.contract.standings import Standing
from shared.rcv.count.profile import RankingCounts
from shared.rcv.count.tabulate import tabulate_counts
from tests.support.elections import contest, election

PROFILE = {(0, "0>1"): 9, (0, "1"): 7, (1, "2>1"): 4, (1, "3>2"): 2, (1, "3"): 1, (0, ""): 1}

SURPLUS = {(0, "0>1>2"): 11, (0, "0>3"): 6, (1, "1>2"): 5, (1, "2"): 4, (1, "3>2>1"): 4, (0, "4>0>2"): 1}
"""Two seats: apple has a surplus, which helps banana or cherry; elderberry is withdrawn."""

COLLEGE = {
    (0, "0>1"): 5,
    (0, "1>0"): 3,
    (0, "2>1"): 1,
    (1, "1"): 40,
    (1, "0>2"): 37,
    (1, "2>0"): 9,
    (2, "2>1"): 300,
}


def standing(
    times: int, phase: Phase, name: str = "picnic", *, method: Method = "irv", seats: int = 1
) -> Standing:
    """Return a standing of `times` the profile, at that phase of the election."""
    fruit = contest().model_copy(update={"method": method, "seats": seats})
    return standing_by(fruit, {ranking: times * n for ranking, n in PROFILE.items()}, phase, name)


def surplus(phase: Phase = Phase.CLOSED, method: Method = "scottish-stv", name: str = "council") -> Standing:
    """Return a standing of two seats by STV, in which a surplus is divided and a candidate is withdrawn."""
    fruit = contest(candidates=("apple", "banana", "cherry", "damson", "elderberry"))
    withdrawn = fruit.candidates[-1].model_copy(update={"excluded": True})
    changes = {"method": method, "seats": 2, "candidates": (*fruit.candidates[:-1], withdrawn)}
    return standing_by(fruit.model_copy(update=changes), SURPLUS, phase, name)


def college(phase: Phase = Phase.CLOSED, name: str = "party") -> Standing:
    """Return a standing of an electoral college of three sections with unequal shares."""
    fruit = contest(candidates=("apple", "banana", "cherry"))
    shares = {"method": "electoral-college", "section_shares": (50, 30, 20)}
    return standing_by(
        fruit.model_copy(update=shares), COLLEGE, phase, name, sections=("Board", "Members", "Friends")
    )


def standing_by(
    of: Contest,
    profile: RankingCounts,
    phase: Phase,
    name: str = "picnic",
    sections: tuple[str, ...] = ("Adults", "Children"),
) -> Standing:
    """Return the standing of a contest counted from `profile`, with two second votes beside."""
    turnout = [sum(n for (s, _), n in profile.items() if s == place) for place in range(len(sections))]
    definition = election(name).model_copy(
        update={
            "contests": (of,),
            "sections": tuple(
                Section(id=s.lower().replace(" ", "-"), name=s, electors=3_000) for s in sections
            ),
        }
    )
    accepted = sum(turnout)
    ledger = ShardLedger(
        accepted + 10,
        START.hex(),
        phase,
        Counter({"accepted": accepted, "already-voted": 2}),
        0,
        tuple(turnout),
    )
    return standing_of(definition, of, [ledger], tabulate_counts(profile, of, len(sections)))
