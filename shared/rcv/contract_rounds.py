"""From a count to the rounds of the contract: candidates by id, votes of those who hold any. Pure.

`shared.rcv.count` speaks of candidates and sections by their places; everything that leaves the library (standings,
pages, terminal, JSON) speaks of them by id.
"""

from collections.abc import Sequence
from fractions import Fraction

from shared.contract.elections import Contest
from shared.contract.standings import (
    Decision,
    DropOut,
    FinalPair,
    Round,
    Score,
    Transfer,
    TwoDropOut,
    WhatIf,
    decimal,
    points,
)
from shared.rcv import scenarios
from shared.rcv.count import rounds as counted


def rounds_of(count: counted.Count, contest: Contest, sections: Sequence[str]) -> tuple[Round, ...]:
    """Return a count's rounds as the contract has them; `sections` are the sections' ids, by place."""
    ids = [candidate.id for candidate in contest.candidates]
    return tuple(_round(round_, ids, sections) for round_ in count.rounds)


def _round(round_: counted.Round, ids: Sequence[str], sections: Sequence[str]) -> Round:
    holding = sorted((*round_.continuing, *round_.seated))

    def held(votes: Sequence[int]) -> dict[str, int]:
        return {ids[place]: int(votes[place]) for place in holding}

    return Round(
        number=round_.number,
        votes=held(round_.votes),
        by_section={
            section: held(votes) for section, votes in zip(sections, round_.votes_by_section, strict=True)
        },
        inactive=dict(round_.inactive),
        threshold=round_.threshold,
        decisions=tuple(
            Decision(
                candidate=ids[decision.candidate],
                outcome=decision.outcome,
                why=decision.why,
                margin=decision.margin,
                tied=tuple(ids[place] for place in decision.tied),
                settled_by=decision.settled_by,
            )
            for decision in round_.decisions
        ),
        transfers=_transfers(round_.transfers, ids),
        seated=tuple(ids[place] for place in round_.seated),
        residue=round_.residue,
        scores={ids[place]: _score(round_.scores[place]) for place in round_.continuing if round_.scores},
        run=round_.run,
    )


def what_if_of(answers: scenarios.WhatIf, contest: Contest) -> WhatIf:
    """Return answers as the contract has them."""
    ids = [candidate.id for candidate in contest.candidates]
    return WhatIf(
        drop_outs=tuple(
            DropOut(
                candidate=ids[drop.candidates[0]],
                transfers=_transfers(drop.transfers, ids),
                elected=tuple(ids[place] for place in drop.elected),
            )
            for drop in answers.drops
        ),
        two_drop_outs=tuple(
            TwoDropOut(
                candidates=(ids[both.candidates[0]], ids[both.candidates[1]]),
                elected=tuple(ids[place] for place in both.elected),
            )
            for both in answers.of_two
        ),
        finals=tuple(
            FinalPair(
                candidates=(ids[final.pair[0]], ids[final.pair[1]]), votes=final.votes, neither=final.neither
            )
            for final in answers.finals
        ),
        condorcet=None if answers.condorcet is None else ids[answers.condorcet],
        safe_up_to=answers.safe_up_to,
    )


def _transfers(moved: Sequence[counted.Transfer], ids: Sequence[str]) -> tuple[Transfer, ...]:
    """Return what leaves candidates; what comes back from an ending, some last places, is seen from the votes alone."""
    return tuple(
        Transfer(
            source=ids[transfer.source],
            target=None if transfer.target is None else ids[transfer.target],
            ending=transfer.ending,
            votes=transfer.votes,
        )
        for transfer in moved
        if transfer.source < len(ids)
    )


def _score(score: Fraction) -> Score:
    return Score(points=decimal(points(score), 2), exact=str(score))
