"""What is narrated: the contract's rounds, and what their numbers and ids mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.contract.elections import Contest
from shared.contract.standings import Round, Standing, Status
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.count.rounds import Count

FINAL = (Status.COMPLETE, Status.CERTIFIED)


@dataclass(frozen=True)
class Counted:
    """One contest's count, whether it comes from a file or from a standing."""

    contest: Contest
    rounds: tuple[Round, ...]
    places: int
    """Decimal places of every vote: 10 ** places units are one ballot's."""
    sections: Mapping[str, str]
    """The sections' names, by id."""
    ballots: Mapping[str, int]
    """The ballots counted in each section, by its id."""
    final: bool
    """Whether no ballot can come any more. If one can, nothing is stated as a fact: "would be elected"."""

    @cached_property
    def names(self) -> dict[str, str]:
        """The candidates' names, by id."""
        return {candidate.id: candidate.name for candidate in self.contest.candidates}

    @cached_property
    def parties(self) -> dict[str, str]:
        """The candidates' parties, by id; empty for who has none."""
        return {candidate.id: candidate.party for candidate in self.contest.candidates}

    @cached_property
    def elected(self) -> tuple[str, ...]:
        """The candidates elected, in order."""
        return tuple(candidate for round_ in self.rounds for candidate in decided(round_, "elected"))


def counted_of(contest: Contest, count: Count, sections: Sequence[str]) -> Counted:
    """Return a finished count; `sections` are the sections' names, all different, which serve as ids too."""
    ballots = [units // 10**count.places for units in count.rounds[0].ballots_by_section]
    return Counted(
        contest=contest,
        rounds=rounds_of(count, contest, sections),
        places=count.places,
        sections={name: name for name in sections},
        ballots=dict(zip(sections, ballots, strict=True)),
        final=True,
    )


def counted_in(standing: Standing) -> Counted:
    """Return the count that a standing holds."""
    return Counted(
        contest=standing.contest,
        rounds=standing.rounds,
        places=standing.places,
        sections={section.id: section.name for section in standing.sections},
        ballots={line.section: line.accepted for line in standing.turnout},
        final=is_final(standing),
    )


def is_final(standing: Standing) -> bool:
    """Return whether no ballot can come any more."""
    return standing.status in FINAL


def decided(round_: Round, outcome: str) -> list[str]:
    """Return the candidates about whom a round decides `outcome`, in the order of its decisions."""
    return [decision.candidate for decision in round_.decisions if decision.outcome == outcome]
