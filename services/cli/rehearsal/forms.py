"""Ballot forms: marks joined with the voting codes of their electors, as bytes ready to be sent."""

from collections.abc import Iterable, Sequence

import msgspec

from services.cli.rehearsal.script import Ballot
from shared.contract.ballots import UNNAMED, parse_marks
from shared.contract.elections import Contest

SEVERAL = ["*"]


def ballot_forms(contest: Contest, ballots: Iterable[Ballot], codes: Sequence[str]) -> list[bytes]:
    """Return a request body for each ballot."""
    rankings = _Rankings(contest)
    return [
        b'{"ballot_id":"%s","code":"%s","rankings":%s}'
        % (ballot.ballot_id.encode(), codes[ballot.elector].encode(), rankings[ballot.marks])
        for ballot in ballots
    ]


class _Rankings(dict[str, bytes]):
    """The JSON of each distinct paper, made once."""

    def __init__(self, contest: Contest) -> None:
        super().__init__()
        self._contest = contest.id
        self._ids = [candidate.id for candidate in contest.candidates]

    def __missing__(self, marks: str) -> bytes:
        ranks = [
            SEVERAL if rank == UNNAMED else [self._ids[candidate] for candidate in rank]
            for rank in parse_marks(marks)
        ]
        self[marks] = msgspec.json.encode({self._contest: ranks})
        return self[marks]
