"""An election: contests held together under one rule set, one roll, one timetable, one epoch.

Frozen once configured: candidates, sections and contests are referred to by their place in these lists.
"""

import operator
from collections.abc import Container, Iterable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from shared.contract.ids import MAX_ELECTORS, CandidateId, ContestId, ElectionId, SectionId
from shared.contract.signing import PublicKey

MAX_CANDIDATES = 200
MAX_CONTESTS = 50
MAX_SECTIONS = 100
MAX_SHARE = 1_000_000_000
MAX_PARTY = 60
MAX_AMOUNT = 1_000_000_000_000
MAX_ENLARGEMENTS = 200
"""Of shares, by add-one; then as much is funded as was found until then."""

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Frozen(BaseModel):
    """A value: immutable, and no field is accepted that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Revote(StrEnum):
    """What becomes of a second ballot of one elector."""

    FIRST_IS_FINAL = "first-is-final"
    LAST_COUNTS = "last-counts"


class Phase(StrEnum):
    """Where an election stands in its life. `configured` freezes its definition."""

    CONFIGURED = "configured"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class CandidateOrder(StrEnum):
    """In which order candidates stand on a ballot."""

    AS_LISTED = "as-listed"
    BY_BALLOT = "by-ballot"
    BY_SECTION = "by-section"


def _exact(value: object, what: str) -> object:
    """Return a number as a whole number or, with decimals, as just those: 15, Decimal("12.50")."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return value
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"expected {what}, found {value!r}") from None
    return int(exact) if exact.is_finite() and exact.as_tuple().exponent == 0 else exact


def _percentage(value: object) -> object:
    return _exact(value, "a percentage such as 15 or 12.5")


Percentage = Annotated[int | Decimal, BeforeValidator(_percentage)]
"""Whole numbers stay whole in JSON, so that definitions keep their hashes; others are text there."""


def _amount(value: object) -> object:
    exact = _exact(value, "an amount of money such as 12000 or 12000.50")
    if isinstance(exact, Decimal) and not (exact.is_finite() and exact == round(exact, 2)):
        raise ValueError(f"expected an amount of at most two decimals, found {value!r}")
    return exact


Amount = Annotated[int | Decimal, BeforeValidator(_amount), Field(gt=0, le=MAX_AMOUNT)]
"""Of money, in whole units or hundredths of them."""


class Candidate(Frozen):
    """Somebody who can be ranked, or a project that can be funded."""

    id: CandidateId
    name: Title
    party: Annotated[str, StringConstraints(max_length=MAX_PARTY, strip_whitespace=True)] = Field(
        "",
        description="Short public name of the candidate's party or list, spelt alike for all of it; seats are added up by it",
        exclude_if=operator.not_,  # a definition without it keeps its hash; so do all that follow
    )
    statement: str = Field(
        "",
        max_length=1000,
        description="What electors can read about the candidate on the ballot page",
        exclude_if=lambda text: not text,
    )
    link: str = Field(
        "",
        pattern=r"^(https://[!-~]{1,290})?$",
        description="Where electors can read more",
        exclude_if=lambda address: not address,
    )
    excluded: bool = Field(False, description="Out before the count: ranked, but never given a vote")
    write_in: bool = Field(
        False, description="Stands for all undeclared write-ins: falls before others do and is never elected"
    )
    cost: Amount | None = Field(
        None,
        description="What the project costs, where a budget is spent",
        exclude_if=lambda cost: cost is None,
    )


class Section(Frozen):
    """A part of the electorate that is counted apart."""

    id: SectionId
    name: Title
    electors: int = Field(ge=0, le=MAX_ELECTORS, description="Entries of the roll in this section")


Method = Literal[
    "plurality",
    "supplementary",
    "irv",
    "sequential-irv",
    "bottoms-up",
    "stv-wigm",
    "scottish-stv",
    "ers97",
    "northern-ireland-stv",
    "meek",
    "new-zealand-stv",
    "electoral-college",
]
"""How rankings are counted in rounds; each is described, with its statute or specification, where it is implemented."""

BY_STATUTE: Final[frozenset[str]] = frozenset(
    {"scottish-stv", "ers97", "northern-ireland-stv", "meek", "new-zealand-stv"}
)
"""Methods that know no write-ins, go on to their end, and elect nobody where nobody has a vote."""

ContestMethod = Literal[Method, "equal-shares"]
"""How a contest is counted: in rounds, or as a budget that is spent in equal shares."""

TieRule = Literal[
    "lot",
    "random",
    "earlier-rounds-then-random",
    "candidate-order",
    "permutation",
    "ask",
    "earlier-rounds-then-ask",
]
"""How candidates who are level are distinguished. All but the first are RCTab's [tiebreakMode]."""


class Rules(Frozen):
    """How marks become a preference order, how rounds go, and when a count stops.

    In brackets: the name of RCTab's switch (RCTab 2.0 configuration file).
    """

    max_ranks: int | None = Field(
        None, ge=1, description="Ranks beyond it are ignored; null: no limit [maxRankingsAllowed]"
    )
    overvote: Literal["exhaust", "skip", "exhaust-if-several-continue"] = Field(
        "exhaust", description="A rank that holds several candidates [overvoteRule]"
    )
    max_skipped_ranks: int | None = Field(
        None,
        ge=0,
        description="A longer run of blank ranks exhausts the ballot there; null: any run is passed over"
        " [maxSkippedRanksAllowed]",
    )
    repeated_candidate: Literal["skip", "exhaust"] = Field(
        "skip", description="A candidate ranked again [exhaustOnDuplicateCandidate]"
    )
    finish: Literal["majority", "last-two"] = Field(
        "majority",
        description="Stop at more than half of the continuing votes, or go on until two remain"
        " [continueUntilTwoCandidatesRemain]",
    )
    stop_after_round: int | None = Field(None, ge=1, description="[stopTabulationEarlyAfterRound]")
    batch_elimination: bool = Field(
        False,
        description="Run-offs and STV: eliminate together all who cannot overtake the next one [batchElimination]",
    )
    minimum_votes: int = Field(0, ge=0, description="Who has fewer falls at once [minimumVoteThreshold]")
    first_round_threshold: bool = Field(
        False, description="The first round's threshold holds for all [doesFirstRoundDetermineThreshold]"
    )
    threshold_each_round: bool = Field(
        False,
        exclude_if=operator.not_,
        description="STV: the threshold is taken anew in each round, of the votes that have not run out by then",
    )
    quota: Literal["droop", "hare"] = Field("droop", description="[hareQuota]")
    fractional_threshold: bool = Field(
        False, description="Take the threshold to `places` decimals [nonIntegerWinningThreshold]"
    )
    places: int = Field(
        4, ge=1, le=20, description="Decimal places of a transfer value [decimalPlacesForVoteArithmetic]"
    )
    winners_per_round: Literal["several", "one"] = Field(
        "several", description="multiWinnerAllowMultipleWinnersPerRound or …OnlyOneWinnerPerRound"
    )
    percentage: Percentage | None = Field(
        None,
        ge=1,
        le=100,
        description="Bottoms-up until all who remain have more than this share [multiSeatBottomsUpPercentageThreshold]",
    )
    cutoff_elimination: bool = Field(
        False, description="With `percentage`: one elimination of all below it [cutoffElimination]"
    )
    ties: TieRule = Field("lot", description="How level candidates are distinguished [tiebreakMode]")
    decide_without_votes: bool = Field(
        False,
        exclude_if=operator.not_,
        description="Where nobody has a vote all are level, and ties decide, as RCTab has it; else nobody is elected",
    )


class Budget(Frozen):
    """Money that a contest spends on its candidates, the projects; how, `shared/rcv/budget` describes."""

    amount: Amount = Field(description="What there is to be spent")
    currency: str = Field("", max_length=8, description="Shown before each amount, such as £")
    ballots: Literal["approvals", "ranked"] = Field(
        "approvals", description="Electors tick the projects that they want, or rank them"
    )
    completion: Literal["none", "most", "add-one", "add-one-then-most"] = Field(
        "add-one-then-most", description="What becomes of money that shares leave over"
    )
    measure: Literal["cost", "number"] = Field(
        "cost",
        description="What a project is worth to its supporters grows with its cost, or each is worth the same",
    )
    unit: Percentage = Field(
        1,
        ge=1,
        le=100,
        description="By what part of budget / ballots, in percent, add-one enlarges each share at a time",
    )


class Contest(Frozen):
    """One question on the ballot: candidates, a method, its rules, and the seed of its lot."""

    id: ContestId
    title: Title
    method: ContestMethod = "irv"
    seats: int = Field(1, ge=0, le=MAX_CANDIDATES, description="0 only where a percentage decides how many")
    candidates: tuple[Candidate, ...] = Field(min_length=1, max_length=MAX_CANDIDATES)
    rules: Rules = Rules()
    lot: str = Field(
        min_length=1,
        max_length=200,
        description="Public seed of the lot; a decimal integer where the rules draw as RCTab does [randomSeed]",
    )
    section_shares: tuple[Annotated[int, Field(ge=0, le=MAX_SHARE)], ...] = Field(
        (), description="Electoral college: each section's share of the result; none: equal shares"
    )
    budget: Budget | None = Field(
        None,
        description="By equal-shares: what is spent, and how",
        exclude_if=lambda budget: budget is None,
    )
    candidate_order: CandidateOrder = Field(
        CandidateOrder.AS_LISTED,
        description="On ballots: as listed here; drawn for each ballot; or drawn by the lot for each section",
        exclude_if=lambda order: order is CandidateOrder.AS_LISTED,
    )
    note: str = Field(
        "", max_length=2000, description="Shown beside the result, such as where ballots come from"
    )

    @property
    def max_ranks_on_ballot(self) -> int:
        """Ranks a ballot can hold: one for each candidate, however many the rules look at."""
        return len(self.candidates)

    @property
    def excluded(self) -> tuple[int, ...]:
        """Places of the candidates who are withdrawn before the count."""
        return tuple(place for place, of in enumerate(self.candidates) if of.excluded)

    @property
    def included(self) -> tuple[int, ...]:
        """Places of the candidates who are in the count when it begins."""
        return tuple(place for place, of in enumerate(self.candidates) if not of.excluded)

    def excluding(self, places: Container[int], *, excluded: bool = True) -> Self:
        """Return the contest with the candidates at these places out before the count or, again, in it."""
        changed = tuple(
            of.model_copy(update={"excluded": excluded}) if place in places else of
            for place, of in enumerate(self.candidates)
        )
        return self.model_copy(update={"candidates": changed})

    def place(self, candidate: str) -> int:
        """Return a candidate's place. Raises KeyError with the ids there are."""
        ids = [of.id for of in self.candidates]
        if candidate not in ids:
            raise KeyError(f"no candidate {candidate!r} in contest {self.id}: {', '.join(ids)}")
        return ids.index(candidate)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        _require_distinct((c.id for c in self.candidates), f"candidates of contest {self.id!r}")
        return self

    @model_validator(mode="after")
    def _method_fits(self) -> Self:
        if self.method in {"irv", "supplementary", "electoral-college"} and self.seats != 1:
            raise ValueError(f"contest {self.id!r}: {self.method} elects one, found seats = {self.seats}")
        if self.rules.threshold_each_round and self.method != "stv-wigm":
            raise ValueError(
                f"contest {self.id!r}: threshold_each_round is for stv-wigm, found {self.method}"
            )
        if self.method == "electoral-college" and self.rules.minimum_votes:
            raise ValueError(f"contest {self.id!r}: an electoral college has scores, and no minimum of votes")
        if (self.rules.percentage is None) == (self.seats == 0) or (
            self.seats == 0 and self.method != "bottoms-up"
        ):
            raise ValueError(
                f"contest {self.id!r}: expected seats of at least 1 or, bottoms-up by percentage, seats = 0"
            )
        draws = self.rules.ties in {"random", "earlier-rounds-then-random", "permutation"}
        if draws and not self.lot.removeprefix("-").isdecimal():
            raise ValueError(
                f"contest {self.id!r}: RCTab's ties draw from a whole number, found lot {self.lot!r}"
            )
        if self.section_shares and self.method != "electoral-college":
            raise ValueError(f"contest {self.id!r}: section_shares are for an electoral college")
        if self.section_shares and not any(self.section_shares):
            raise ValueError(f"contest {self.id!r}: section_shares are all 0, expected one of at least 1")
        return self

    @model_validator(mode="after")
    def _statute_fits(self) -> Self:
        if self.method not in BY_STATUTE:
            return self
        if self.rules.stop_after_round or any(c.write_in for c in self.candidates):
            raise ValueError(f"contest {self.id!r}: {self.method} knows no write-ins and goes on to its end")
        if self.rules.decide_without_votes:
            raise ValueError(
                f"contest {self.id!r}: by {self.method} nobody is elected where nobody has a vote"
            )
        if self.method == "new-zealand-stv" and self.rules.ties != "lot":
            raise ValueError(
                f"contest {self.id!r}: new-zealand-stv settles ties by its own pseudo-random numbers, found {self.rules.ties}"
            )
        return self

    @model_validator(mode="after")
    def _budget_fits(self) -> Self:
        costs, budget = [of.cost for of in self.candidates], self.budget
        if self.method != "equal-shares":
            if budget is not None or any(cost is not None for cost in costs):
                raise ValueError(
                    f"contest {self.id!r}: budget and costs are for equal-shares, found {self.method}"
                )
            return self
        if budget is None or any(cost is None or cost > budget.amount for cost in costs):
            raise ValueError(
                f"contest {self.id!r}: equal-shares needs a budget, and a cost within it for each candidate"
            )
        ranks = self.rules.max_ranks if budget.ballots == "ranked" else None
        if (
            self.seats != 1
            or self.rules != Rules(max_ranks=ranks)
            or any(of.write_in for of in self.candidates)
        ):
            raise ValueError(
                f"contest {self.id!r}: equal-shares has no seats, no write-ins and no rules but max_ranks, where ballots rank"
            )
        return self


class Official(Frozen):
    """Somebody whose signature an order needs."""

    name: Title
    key: PublicKey = Field(description="Ed25519 public key, made by `livecount key new`")


class Election(Frozen):
    """Everything that is settled before the first ballot."""

    id: ElectionId
    title: Title
    epoch: Literal["live", "test"]
    sections: tuple[Section, ...] = Field(min_length=1, max_length=MAX_SECTIONS)
    contests: tuple[Contest, ...] = Field(min_length=1, max_length=MAX_CONTESTS)
    officials: tuple[Official, ...] = Field(
        (), max_length=20, description="Who may give orders; none: the officer of the deployment is put in"
    )
    approvals: int = Field(
        1, ge=1, le=10, description="Officials who must sign each order; with 2, nobody can act alone"
    )
    live_tallies: bool = Field(
        False, description="Publish votes before the close, in steps; else turnout alone is shown until then"
    )
    smallest_group: int = Field(
        10,
        ge=1,
        le=1000,
        description="Votes are published of groups of at least this many ballots; 1: each ballot may be distinguished",
    )
    revote: Revote = Field(
        Revote.FIRST_IS_FINAL,
        description="An elector's first ballot is final, or the last one before the close counts, as in Estonia and Belenios",
        exclude_if=lambda policy: policy is Revote.FIRST_IS_FINAL,
    )
    opens: AwareDatetime | None = Field(
        None,
        description="When voting is to open, for people: an officer's order opens it",
        exclude_if=lambda when: when is None,
    )
    closes: AwareDatetime | None = Field(
        None,
        description="When voting is to close, for people: an officer's order closes it",
        exclude_if=lambda when: when is None,
    )
    source: str = Field("", max_length=2000, description="Where the facts of this election come from")

    @property
    def keeps_secret(self) -> bool:
        """Whether figures are published of groups only, so that no single ballot can be learned from them."""
        return self.smallest_group > 1

    @property
    def electors(self) -> int:
        """Entries of the roll; elector numbers are 0 .. electors - 1, section after section."""
        return sum(section.electors for section in self.sections)

    def contest(self, contest_id: str) -> Contest:
        """Return one contest. Raises KeyError with the ids there are."""
        for contest in self.contests:
            if contest.id == contest_id:
                return contest
        raise KeyError(f"no contest {contest_id!r} in {self.id}: {', '.join(c.id for c in self.contests)}")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        _require_distinct((s.id for s in self.sections), "sections")
        _require_distinct((c.id for c in self.contests), "contests")
        _require_distinct((o.key for o in self.officials), "keys of officials")
        if self.officials and self.approvals > 1 and self.approvals >= len(self.officials):
            raise ValueError(
                f"approvals: {self.approvals} of {len(self.officials)} officials; expected fewer than there are, "
                "so that a lost key does not end the election"
            )
        if self.opens and self.closes and self.opens >= self.closes:
            raise ValueError(f"closes: expected a time after {self.opens.isoformat()}, when voting opens")
        if self.revote is Revote.LAST_COUNTS and self.live_tallies:
            raise ValueError(
                "revote: where the last ballot counts, two live tallies would show how a second vote differs from the first; "
                "expected live_tallies = false"
            )
        for contest in self.contests:
            if contest.rules.ties in {"ask", "earlier-rounds-then-ask"}:
                raise ValueError(f"contest {contest.id!r}: nobody can be asked about a tie in a live count")
            if contest.rules.decide_without_votes:
                raise ValueError(f"contest {contest.id!r}: a live count elects nobody before there is a vote")
            if len(contest.section_shares) not in {0, len(self.sections)}:
                raise ValueError(f"contest {contest.id!r}: expected a share for each section")
        if self.electors > MAX_ELECTORS:
            raise ValueError(f"{self.electors} electors, at most {MAX_ELECTORS}")
        return self


def config_hash(election: Election) -> str:
    """Return the SHA-256 of the definition's canonical JSON: what an opening record and every result name."""
    return sha256(election.model_dump_json().encode()).hexdigest()


def _require_distinct(ids: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"{what}: {name!r} stands twice")
        seen.add(name)
