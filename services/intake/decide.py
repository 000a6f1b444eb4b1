"""From a form to the record of a ballot, or to the reason it is not taken.

Rule 1: refusing early is a kindness and saves a log write; the judge decides again from the log alone.
Rule 2: marks are taken as they are: blanks and overvotes are papers. A scanner that saw several marks at a rank and
        cannot tell whose they are sends ["*"].
"""

import re
from functools import lru_cache

import msgspec

from services.intake.forms import Form, Ranks, Refusal
from services.intake.receipts import receipt
from shared.contract.ballots import UNNAMED, format_marks
from shared.contract.codec import HotBallot
from shared.contract.codes import BadCode, VotingCode, code_macs, parse_code
from shared.contract.elections import Contest, Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import shard_of

_SEVERAL = ("*",)
KNOWN_RANKINGS = 16_384
"""Rankings of a contest that are kept with their spelling: most ballots say what another has said."""
_BALLOT_ID = re.compile(r"[0-9a-f]{32}")
_NOT_OPEN = {
    Phase.CONFIGURED: "is not open yet",
    Phase.PAUSED: "is paused",
    Phase.CLOSED: "is closed",
    Phase.CERTIFIED: "is closed and certified",
}


class Taken(msgspec.Struct, frozen=True, gc=False):
    """A ballot to record: its shard, its record, the receipt to give once it is in the log."""

    shard: int
    ballot: HotBallot
    receipt: str


class Paper:
    """One contest as forms are held against it."""

    def __init__(self, contest: Contest) -> None:
        self._contest = contest
        self._places = {candidate.id: place for place, candidate in enumerate(contest.candidates)}
        self.marks = lru_cache(KNOWN_RANKINGS)(self._marks)
        """From ranks to their one spelling, or to what is wrong with them."""

    def _marks(self, ranks: Ranks) -> str | Refusal:
        contest, places = self._contest, self._places
        field = f"rankings.{contest.id}"
        if len(ranks) > contest.max_ranks_on_paper:
            found = f"Expected at most {contest.max_ranks_on_paper} ranks, found {len(ranks)}"
            return Refusal(422, "Too many ranks", field, found)
        for number, rank in enumerate(ranks):
            for place, candidate in enumerate(rank):
                if candidate not in places and rank != _SEVERAL:
                    known = f"Expected one of: {', '.join(places)}"
                    return Refusal(422, "Unknown candidate", f"{field}[{number}][{place}]", known)
            if len(set(rank)) != len(rank):
                twice = "Expected each candidate once in a rank"
                return Refusal(422, "A candidate twice in one rank", f"{field}[{number}]", twice)
        return format_marks(
            UNNAMED if rank == _SEVERAL else [places[candidate] for candidate in rank] for rank in ranks
        )


class Desk:
    """Takes the ballots of one election as it was last announced."""

    def __init__(self, announced: ElectionAnnounced, key: bytes) -> None:
        self._announced = announced
        self._key = key
        self._mac_of = code_macs(key)
        self._election = announced.definition.id
        self._electors = announced.definition.electors
        self._papers = {contest.id: Paper(contest) for contest in announced.definition.contests}

    def take(self, form: Form) -> Taken | Refusal:
        """Return the record of a form, or why there is none: some 10 us."""
        code = self._code(form.code)
        if isinstance(code, Refusal):
            return code
        fault = self._phase_fault() or self._form_fault(form)
        if fault is not None:
            return fault
        papers = []
        for contest, paper in self._papers.items():
            marks = paper.marks(form.rankings.get(contest, ()))
            if isinstance(marks, Refusal):
                return marks
            papers.append(marks)
        ballot = HotBallot(
            form.ballot_id, self._election, code.elector, code.section, code.mac, tuple(papers)
        )
        proof = receipt(self._key, self._election, form.ballot_id, code.elector)
        return Taken(shard_of(code.elector, self._announced.shards), ballot, proof)

    def _phase_fault(self) -> Refusal | None:
        phase = self._announced.phase
        if phase is Phase.OPEN:
            return None
        return Refusal(
            409, "The election is not open", "", f"{self._announced.definition.title} {_NOT_OPEN[phase]}"
        )

    def _code(self, text: str) -> VotingCode | Refusal:
        try:
            code = parse_code(text)
        except BadCode as fault:
            return Refusal(422, "Not a voting code", "code", f"Expected a voting code: {fault}")
        if code.elector < self._electors and code.mac == self._mac_of(code.elector, code.section):
            return code
        return Refusal(403, "Not a genuine voting code", "code", "This election gave out no such code")

    def _form_fault(self, form: Form) -> Refusal | None:
        if not _BALLOT_ID.fullmatch(form.ballot_id):
            return Refusal(422, "Not a ballot id", "ballot_id", "Expected 32 hexadecimal digits, 0-9 and a-f")
        for contest in form.rankings:
            if contest not in self._papers:
                known = ", ".join(self._papers)
                return Refusal(
                    422, "Unknown contest", f"rankings.{contest[:60]}", f"Expected one of: {known}"
                )
        return None
