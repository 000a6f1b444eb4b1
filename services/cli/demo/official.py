"""The official figures of Labour's 2015 leadership and deputy leadership election, and what was counted beside them.

Source of the figures: the Labour Party, 12 September 2015, as reported by the BBC and the Guardian.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.contract.elections import Election
from shared.contract.standings import Standing

ELECTION_FILE: Final = Path(__file__).with_name("labour_2015.json")
BALLOTS: Final = 422_664
DEPUTY_VALID: Final = 408_470

LEADER_BY_SECTION: Final = {
    "members": {
        "jeremy-corbyn": 121_751,
        "andy-burnham": 55_698,
        "yvette-cooper": 54_470,
        "liz-kendall": 13_601,
    },
    "registered-supporters": {
        "jeremy-corbyn": 88_449,
        "andy-burnham": 6_160,
        "yvette-cooper": 8_415,
        "liz-kendall": 2_574,
    },
    "affiliated-supporters": {
        "jeremy-corbyn": 41_217,
        "andy-burnham": 18_604,
        "yvette-cooper": 9_043,
        "liz-kendall": 2_682,
    },
}
LEADER_ROUNDS: Final = (
    {"jeremy-corbyn": 251_417, "andy-burnham": 80_462, "yvette-cooper": 71_928, "liz-kendall": 18_857},
)
DEPUTY_ROUNDS: Final = (
    {
        "tom-watson": 160_852,
        "stella-creasy": 78_100,
        "angela-eagle": 66_013,
        "caroline-flint": 64_425,
        "ben-bradshaw": 39_080,
    },
    {"tom-watson": 170_589, "stella-creasy": 86_555, "caroline-flint": 74_581, "angela-eagle": 72_517},
    {"tom-watson": 198_962, "stella-creasy": 103_746, "caroline-flint": 89_538},
)
BRADSHAW_TO: Final = {
    "tom-watson": 9_737,
    "stella-creasy": 8_455,
    "caroline-flint": 10_156,
    "angela-eagle": 6_504,
    None: 4_228,
}
EAGLE_TO: Final = {"tom-watson": 28_373, "stella-creasy": 17_191, "caroline-flint": 14_957, None: 11_996}
DEPUTY_TRANSFERS: Final = (("ben-bradshaw", BRADSHAW_TO), ("angela-eagle", EAGLE_TO))
ELECTED: Final = {"leader": "jeremy-corbyn", "deputy": "tom-watson"}


def election() -> Election:
    """Return the example election."""
    return Election.model_validate_json(ELECTION_FILE.read_text())


@dataclass(frozen=True)
class Line:
    """One figure: where it stands, what was published, what was counted."""

    contest: str
    where: str
    what: str
    official: object
    counted: object

    @property
    def place(self) -> str:
        """Contest, and where in it."""
        return f"{self.contest}: {self.where}" if self.where else self.contest

    @property
    def agrees(self) -> bool:
        """Whether the two are equal."""
        return self.official == self.counted


def compare(leader: Standing, deputy: Standing) -> list[Line]:
    """Return every official figure beside the counted one."""
    return [
        *_rounds("leader", LEADER_ROUNDS, leader),
        *_sections(leader),
        *_rounds("deputy", DEPUTY_ROUNDS, deputy),
        *_transfers(deputy),
        *_outcome(leader),
        *_outcome(deputy),
    ]


def _rounds(contest: str, published: tuple[Mapping[str, int], ...], standing: Standing) -> Iterator[Line]:
    yield Line(contest, "", "rounds", len(published), len(standing.rounds))
    for number, votes in enumerate(published, 1):
        counted = standing.rounds[number - 1].votes if number <= len(standing.rounds) else {}
        for name, figure in votes.items():
            yield Line(contest, f"round {number}", name, figure, counted.get(name))


def _sections(standing: Standing) -> Iterator[Line]:
    counted = standing.rounds[0].by_section if standing.rounds else {}
    for section, votes in LEADER_BY_SECTION.items():
        for name, figure in votes.items():
            yield Line("leader", section, name, figure, counted.get(section, {}).get(name))


def _transfers(standing: Standing) -> Iterator[Line]:
    for number, (source, published) in enumerate(DEPUTY_TRANSFERS, 1):
        transfers = standing.rounds[number - 1].transfers if number <= len(standing.rounds) else ()
        for target, figure in published.items():
            counted = sum(t.votes for t in transfers if t.source == source and t.target == target)
            yield Line("deputy", f"{source} to", target or "nobody", figure, counted)


def _outcome(standing: Standing) -> Iterator[Line]:
    contest = standing.contest.id
    yield Line(contest, "", "elected", ELECTED[contest], ", ".join(standing.elected))
    yield Line(contest, "", "ballots accepted", BALLOTS, standing.balance.accepted)
    yield Line(contest, "", "balance holds", "yes", "yes" if standing.balance.holds else "no")
    yield Line(contest, "", "status", "certified", str(standing.status))
