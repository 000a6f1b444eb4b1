"""A standing: what the world sees of a count at a stated watermark.

Rule 1: a standing travels whole; nothing in it needs an earlier one.
Rule 2: it holds no clock: the same log up to the same watermark gives the same bytes.
Rule 3: people's words come from ids by the lists it carries.
Rule 4: votes are integers in units of the last decimal place of the contest's method: see `Standing.places`.
"""

from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from math import ceil, floor
from typing import Final, Literal

from pydantic import Field

from shared.contract.chain import Head
from shared.contract.elections import Contest, Frozen, Phase, Section

STANDING: Final = "standing/4"
MONEY_PLACES: Final = 12


class Status(StrEnum):
    """How far a result can be relied on, in the words of NIST SP 1500-100."""

    PRE_ELECTION = "pre-election"
    PARTIAL = "unofficial-partial"
    COMPLETE = "unofficial-complete"
    CERTIFIED = "certified"


class Ending(StrEnum):
    """Why votes rest with no candidate. The values are what records and JSON carry."""

    EXHAUSTED = "choices"
    """No further rank that counts names a continuing candidate."""
    BLANK = "blank"
    """The ballot never ranked anybody."""
    OVERVOTE = "overvote"
    """The next rank holds several candidates, and the rules stop the ballot there."""
    SKIPPED = "skipped"
    """More ranks in a row are blank than the rules pass over."""
    REPEATED = "repeated"
    """A candidate is ranked again, and the rules stop the ballot there."""
    SURPLUS = "surplus"
    """All seats are filled, so nobody needs the votes: they move no further, whomever their ballots rank next."""
    RESIDUE = "residue"
    """Fixed decimal places lost them when a surplus was divided. No ballot rests here."""


class Transfer(Frozen):
    """Votes that moved when a round's decision was carried out."""

    source: str = Field(description="Candidate id they leave")
    target: str | None = Field(description="Candidate id they reach; null if they became inactive")
    ending: Ending | None = Field(description="Why they became inactive; null if they reached a candidate")
    votes: int = Field(ge=0)


Outcome = Literal["eliminated", "elected", "transferred"]
"""`transferred`: the surplus of a candidate already elected moves on now."""

SettledBy = Literal[
    "votes",
    "lot",
    "earlier-rounds",
    "first-difference",
    "pseudo-random",
    "candidate-order",
    "permutation",
    "random",
    "asked",
]
"""What settled a tie; `votes` where there was none."""


class Decision(Frozen):
    """What a round settles about a candidate, and why."""

    candidate: str
    outcome: Outcome = Field(description="`transferred`: the surplus of a candidate already elected moves on")
    why: str = Field(description="The rule that settles it, as a short code")
    margin: int | None = Field(description="Votes between this candidate and the next one, if there is one")
    tied: tuple[str, ...] = Field(description="Candidates that were level with this one, itself included")
    settled_by: SettledBy


class Score(Frozen):
    """A candidate's part of an electoral college: for people, and for programs."""

    points: str = Field(description="Of 100, to two decimals, half up, such as `50.65`")
    exact: str = Field(description="Of 1, as a fraction in lowest terms, such as `20261/40000`")


class Round(Frozen):
    """One round: where each vote stands, and what follows."""

    number: int = Field(ge=1)
    votes: dict[str, int] = Field(description="Votes of each candidate who continues or keeps votes")
    by_section: dict[str, dict[str, int]] = Field(description="The same for each section")
    inactive: dict[Ending, int] = Field(
        description="Votes that rest with nobody, by the reason: each of them but the residue, which stands apart"
    )
    threshold: int | None = Field(description="Votes that elect in this round")
    decisions: tuple[Decision, ...]
    transfers: tuple[Transfer, ...] = Field(
        description="None where the standing with them would fit no record of the log"
    )
    seated: tuple[str, ...] = Field((), description="Candidates elected before, who keep votes")
    residue: int = Field(0, description="Votes that fixed decimal places have lost so far")
    scores: dict[str, Score] = Field(
        default_factory=dict, description="Electoral college: each candidate's part of the whole"
    )
    run: int = Field(1, description="Seats filled one after another: which of them this round is about")


class Funded(Frozen):
    """A project that is funded, in its turn. Amounts are decimal numbers, cut to twelve places."""

    project: str = Field(description="Candidate id")
    cost: str
    supporters: int = Field(ge=0)
    price: str | None = Field(
        description="What its supporters pay for a unit of what it is worth to them; null where completion funded it"
    )
    pays: str | None = Field(description="What one of them pays at most: whoever has less left pays that")
    left: str | None = Field(description="What its supporters, together, have left of their shares after it")
    level: tuple[str, ...] = Field(description="Projects of the same price, itself included")
    settled_by: Literal["price", "supporters", "cost", "lot"]


class NotFunded(Frozen):
    """A project that is not funded, and what it lacks."""

    project: str = Field(description="Candidate id")
    cost: str
    supporters: int = Field(ge=0)
    held: str = Field(description="What its supporters, together, have left of their shares")
    missing: str = Field(
        description="How much more they would need, rounded up; 0 where no money was left to fund it"
    )


class Spending(Frozen):
    """A budget, spent in equal shares."""

    share: str = Field(
        description="Of each elector who voted; larger than budget / ballots where completion enlarged it"
    )
    unspent: str = Field(description="What is left of the budget")
    funded: tuple[Funded, ...] = Field(description="In the order in which they are funded")
    not_funded: tuple[NotFunded, ...] = Field(
        description="As the definition lists them; none that have withdrawn"
    )


class Balance(Frozen):
    """Every ballot record accounted for: cast = accepted + duplicate + late + voided + rejected."""

    cast: int
    accepted: int
    duplicate: int
    late: int
    voided: int
    rejected: int
    reasons: dict[str, int] = Field(description="Ballot records by Reason")

    @property
    def holds(self) -> bool:
        """Whether the sum is exact."""
        return self.cast == self.accepted + self.duplicate + self.late + self.voided + self.rejected


class SectionTurnout(Frozen):
    """Accepted ballots of one section against its roll."""

    section: str
    electors: int
    accepted: int


class DropOut(Frozen):
    """What happens if a candidate drops out before the count."""

    candidate: str
    transfers: tuple[Transfer, ...] = Field(
        description="Where the ballots go that the candidate holds in the first round, in whole ballots"
    )
    elected: tuple[str, ...] = Field(description="Who is elected then")


class TwoDropOut(Frozen):
    """Who is elected if two candidates drop out before the count."""

    candidates: tuple[str, str]
    elected: tuple[str, ...]


class FinalPair(Frozen):
    """Two candidates as the last two, in whole ballots; in an electoral college every ballot counts alike here."""

    candidates: tuple[str, str]
    votes: tuple[int, int]
    neither: int = Field(description="Ballots that rank neither, or both alike")


class WhatIf(Frozen):
    """Questions to the ballots that change nothing. They follow from the ballots; no certificate is about them."""

    drop_outs: tuple[DropOut, ...] = Field(description="Each candidate dropped out alone")
    two_drop_outs: tuple[TwoDropOut, ...] = Field(
        (),
        description="Every two candidates dropped out together; none where more than 8 stand, or while that would cost too much",
        exclude_if=lambda pairs: not pairs,
    )
    finals: tuple[FinalPair, ...] = Field(description="Every pair of candidates")
    condorcet: str | None = Field(description="Who wins every final, if anybody does")
    safe_up_to: int | None = Field(
        description="With how many further ballots the election is certain, whatever is on them; null if it is not, or cannot be said"
    )


class Standing(Frozen):
    """One contest's count at one watermark."""

    type: Literal["standing/4"] = STANDING
    election: str
    election_title: str
    epoch: Literal["live", "test"]
    config_hash: str
    contest: Contest
    sections: tuple[Section, ...] = Field(description="As they are shown: see `together`")
    together: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Sections too small to be shown apart: all ids, by the one that they are shown under",
    )
    sequence: int = Field(ge=0, description="Cast records covered: the sum of the watermark; it only grows")
    watermark: tuple[int, ...] = Field(description="For each shard, how many cast records are covered")
    heads: tuple[Head, ...] = Field(
        description="For each shard, the head of its chain at the watermark; none while votes are withheld"
    )
    phases: tuple[Phase | None, ...] = Field(description="For each shard, the phase at its watermark")
    status: Status
    certificate: str | None = Field(
        None, description="Id of the certificate that stands in every shard and names this result"
    )
    stopped: str = Field(
        "", description="Why the count of this contest has stopped, if it has: no rounds then"
    )
    withheld: bool = Field(
        description="True while votes are kept back: until the close, or until a correction is certified"
    )
    places: int = Field(0, description="Decimal places of every vote: 10 ** places units are one ballot's")
    balance: Balance
    turnout: tuple[SectionTurnout, ...]
    rounds: tuple[Round, ...]
    what_if: WhatIf | None = Field(
        None,
        description="What if somebody drops out, and every possible final; null while that would cost too much",
    )
    elected: tuple[str, ...] = Field(description="Provisional until the status says otherwise")
    spending: Spending | None = Field(
        None,
        description="By equal-shares, in the place of rounds: what is funded, and why",
        exclude_if=lambda spending: spending is None,
    )
    result_hash: str = Field(description="`result_hash` of the rounds: what a certificate names")

    @property
    def key(self) -> str:
        """The contest's key: `election/contest`."""
        return f"{self.election}/{self.contest.id}"


class Results(Frozen):
    """The part of a standing that an independent recount must reproduce."""

    rounds: tuple[dict[str, int], ...] = Field(
        description="For each round, votes of each candidate who holds any"
    )
    inactive: tuple[dict[Ending, int], ...] = Field(
        description="For each round, votes that rest with nobody, by the reason"
    )
    elected: tuple[str, ...]
    places: int = Field(0, description="Decimal places of every vote")
    spending: Spending | None = Field(None, exclude_if=lambda spending: spending is None)


def decimal(units: int, places: int) -> str:
    """Return votes, given in units of the last of `places`, as a decimal number: 131566424, 5 is "1315.66424"."""
    whole, part = divmod(abs(units), 10**places)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def points(score: Fraction, places: int = 2) -> int:
    """Return a part of an electoral college, or a step between two, in points of 100.

    In units of the last of `places`, half up.
    """
    scaled = abs(score) * 100 * 10**places
    units = int(scaled + Fraction(1, 2))
    return -units if score < 0 else units


def money(exact: Fraction, *, up: bool = False) -> str:
    """Return an amount as a decimal number, cut to twelve places or rounded up: "33.333333333333", "60"."""
    units = exact * 10**MONEY_PLACES
    text = decimal(ceil(units) if up else floor(units), MONEY_PLACES)
    return text.rstrip("0").rstrip(".")


def results_of(
    rounds: tuple[Round, ...], elected: tuple[str, ...], places: int = 0, spending: Spending | None = None
) -> Results:
    """Return what a recount of the same ballots must reproduce."""
    return Results(
        rounds=tuple(round_.votes for round_ in rounds),
        inactive=tuple({k: n for k, n in round_.inactive.items() if n} for round_ in rounds),
        elected=elected,
        places=places,
        spending=spending,
    )


def result_hash(results: Results) -> str:
    """Return the SHA-256 of results in canonical form: candidates sorted, no spaces."""
    ordered = Results(
        rounds=tuple(dict(sorted(votes.items())) for votes in results.rounds),
        inactive=tuple(dict(sorted(ends.items())) for ends in results.inactive),
        elected=results.elected,
        places=results.places,
        spending=results.spending,
    )
    return sha256(ordered.model_dump_json().encode()).hexdigest()
