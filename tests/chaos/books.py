"""What the clients know: every ballot they mean to cast, what is on it, and how often it was acknowledged. Pure.

A ballot has a number, and its id is made of it, so that a ballot of the log can be looked up here. Ballots 0 .. electors - 1 are
each elector's first; those above are second ballots of some of them. A request that must not become a ballot has a code below
zero; what intake must answer is in REFUSALS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.contract.ballots import format_marks
from shared.contract.codes import VotingCode, commitment
from shared.contract.elections import Contest, Election, Official, Section
from shared.contract.leaves import who_digest
from shared.contract.rolls import section_of_electors
from tests.support.elections import LOG_ID, OFFICER_KEY, Life, contest

ELECTION: Final = "chaos"
SHARDS: Final = 4
CONTESTS: Final = (
    contest("mayor", ("ash", "birch", "cedar", "elm", "fir", "gorse")),
    contest("council", ("heron", "ibis", "jay", "kite", "lark")).model_copy(
        update={"method": "scottish-stv", "seats": 2}
    ),
)
RANKINGS: Final = 40
SECOND_BALLOTS: Final = 0.02
REPEATS: Final = 0.02
UNUSABLE: Final = 0.01
ABSENT: Final = 0.01
"""Electors who cast nothing over HTTP: their ballots reach the log past intake, after the close."""

BAD_CODE, UNKNOWN_CANDIDATE, NAMED_TWICE, NOT_JSON = -1, -2, -3, -4
REFUSALS: Final[Mapping[int, int]] = MappingProxyType(
    {BAD_CODE: 403, UNKNOWN_CANDIDATE: 422, NAMED_TWICE: 422, NOT_JSON: 400}
)

Ranks = tuple[tuple[int, ...], ...]


def definition(electors: int) -> Election:
    """Return the election: a run-off and a count by the Scottish rules, in two sections."""
    north = electors // 3
    return Election(
        id=ELECTION,
        title="Chaos",
        epoch="test",
        sections=(
            Section(id="north", name="North", electors=north),
            Section(id="south", name="South", electors=electors - north),
        ),
        contests=CONTESTS,
        officials=(Official(name="ada", key=OFFICER_KEY),),
        live_tallies=True,
        smallest_group=1,
    )


@dataclass
class Books:
    """The clients' books of one run.

    `order` is what they send, one after another: ballot numbers and bad requests. Electors 0 .. present - 1 send theirs.
    """

    election: Election
    seed: int
    present: int
    elector: NDArray[np.int64]
    choices: NDArray[np.uint8]
    order: NDArray[np.int64]
    rankings: tuple[tuple[Ranks, ...], ...]
    acknowledged: NDArray[np.uint8] = field(init=False)
    life: Life = field(init=False)
    refused: int = 0
    late: int = 0
    retries: int = 0
    recorded: int = 0

    def __post_init__(self) -> None:
        self.acknowledged = np.zeros(len(self.elector), np.uint8)
        self._marks = [[format_marks(ranks) for ranks in of] for of in self.rankings]
        self._forms = [
            [_form(ranks, contest) for ranks in of]
            for of, contest in zip(self.rankings, CONTESTS, strict=True)
        ]
        sections = section_of_electors(self.election).tolist()
        self.life = Life(self.election, SHARDS, dict(enumerate(sections)))

    @property
    def electors(self) -> int:
        """Entries of the roll."""
        return self.election.electors

    @property
    def answered(self) -> int:
        """Requests with a clear answer."""
        return self.recorded + self.refused + self.late

    def ballot_id(self, number: int) -> bytes:
        """Return the id of a ballot."""
        return self.seed.to_bytes(4) + number.to_bytes(12)

    def number(self, ballot_id: bytes) -> int | None:
        """Return which ballot an id is of, None if it is none of ours."""
        number = int.from_bytes(ballot_id[4:])
        ours = ballot_id[:4] == self.seed.to_bytes(4) and number < len(self.elector)
        return number if ours else None

    def receipt(self, number: int) -> str:
        """Return the receipt of a ballot."""
        elector = int(self.elector[number])
        code = VotingCode(elector, self.section(elector), self.life.secret_of(elector))
        own = commitment(LOG_ID, ELECTION, code)
        return who_digest(LOG_ID, ELECTION, own, self.ballot_id(number)).hex()

    def marks(self, number: int) -> tuple[str, ...]:
        """Return what is on a ballot: the marks for each contest."""
        return tuple(of[choice] for of, choice in zip(self._marks, self.choices[number], strict=True))

    def section(self, elector: int) -> int:
        """Return the place of an elector's section."""
        return self.life.section_of(elector)

    def body(self, item: int) -> bytes:
        """Return the request of a ballot, or a request that must be refused."""
        if item == NOT_JSON:
            return b'{"ballot_id":'
        number = max(item, 0)
        code = self.life.code(int(self.elector[number]))
        mayor, council = (of[choice] for of, choice in zip(self._forms, self.choices[number], strict=True))
        if item == BAD_CODE:
            code = code[:-4] + ("0000" if code[-4:] != "0000" else "1111")
        elif item == UNKNOWN_CANDIDATE:
            mayor = '[["nobody"]]'
        elif item == NAMED_TWICE:
            mayor = '[["ash","ash"]]'
        ballot = self.ballot_id(item).hex() if item >= 0 else "f" * 32
        return (
            f'{{"ballot_id":"{ballot}","code":"{code}","rankings":{{"mayor":{mayor},"council":{council}}}}}'
        ).encode()


def draw(electors: int, seed: int) -> Books:
    """Return the books of a run before anything is sent; the same seed gives the same ones."""
    chance = np.random.default_rng(seed)
    present = electors - max(1, int(electors * ABSENT))
    second = chance.integers(present, size=max(1, int(electors * SECOND_BALLOTS)))
    elector = np.concatenate([np.arange(electors), second])
    weights = 1.0 / np.arange(2, RANKINGS + 2)
    choices = chance.choice(RANKINGS, size=(len(elector), len(CONTESTS)), p=weights / weights.sum())
    sent = np.concatenate([np.arange(present), np.arange(electors, len(elector))])
    repeated = chance.choice(sent, size=max(1, int(electors * REPEATS)))
    unusable = chance.choice(list(REFUSALS), size=max(len(REFUSALS), int(electors * UNUSABLE)))
    return Books(
        election=definition(electors),
        seed=seed,
        present=present,
        elector=elector,
        choices=choices.astype(np.uint8),
        order=chance.permutation(np.concatenate([sent, repeated, unusable])),
        rankings=tuple(_rankings(of, chance) for of in CONTESTS),
    )


def _rankings(contest: Contest, chance: np.random.Generator) -> tuple[Ranks, ...]:
    """Return the rankings that ballots of a contest choose from: mostly plain, one blank, some with an overvote or a rank left blank."""
    candidates = len(contest.candidates)
    found: list[Ranks] = [(), ((0, 1), (2,)), ((3,), (), (0,))]
    while len(found) < RANKINGS:
        ranked = chance.permutation(candidates)[: chance.integers(1, candidates + 1)]
        found.append(tuple((int(candidate),) for candidate in ranked))
    return tuple(found[place] for place in chance.permutation(RANKINGS))


def _form(ranks: Ranks, contest: Contest) -> str:
    named = [[contest.candidates[place].id for place in rank] for rank in ranks]
    return msgspec.json.encode(named).decode()
