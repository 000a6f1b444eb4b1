"""Official figures beside the counted ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.cli.demo import official
from shared.contract.standings import Standing


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
        *_rounds("leader", official.LEADER_ROUNDS, leader),
        *_sections(leader),
        *_rounds("deputy", official.DEPUTY_ROUNDS, deputy),
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
    for section, votes in official.LEADER_BY_SECTION.items():
        for name, figure in votes.items():
            yield Line("leader", section, name, figure, counted.get(section, {}).get(name))


def _transfers(standing: Standing) -> Iterator[Line]:
    for number, (source, published) in enumerate(official.DEPUTY_TRANSFERS, 1):
        transfers = standing.rounds[number - 1].transfers if number <= len(standing.rounds) else ()
        for target, figure in published.items():
            counted = sum(t.votes for t in transfers if t.source == source and t.target == target)
            yield Line("deputy", f"{source} to", target or "nobody", figure, counted)


def _outcome(standing: Standing) -> Iterator[Line]:
    contest = standing.contest.id
    yield Line(contest, "", "elected", official.ELECTED[contest], ", ".join(standing.elected))
    yield Line(contest, "", "ballots accepted", official.PAPERS, standing.balance.accepted)
    yield Line(contest, "", "balance holds", "yes", "yes" if standing.balance.holds else "no")
    yield Line(contest, "", "status", "certified", str(standing.status))
