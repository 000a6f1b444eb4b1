"""Whether a ballot is admitted: from a form to the ballot to record, or to the reason why not. Pure.

Refusing early is a kindness and saves a log write; the judge decides again, from the log alone. Most lines of a stream are
spelt alike (see lines.py), and are admitted together, in columns.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from services.intake.bounds import RankingCache
from services.intake.forms import Form
from services.intake.lines import Alike, spelt_alike
from services.intake.outcomes import Admitted, AdmittedLines, Refusal, named
from services.intake.rankings import Rankings
from services.intake.roll import KnownRoll
from shared.contract.codes import BadCode, VotingCode, commitment, commitments, parse_code, read_printed
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import shard_of
from shared.contract.leaves import who_digest, who_digests_of
from shared.contract.packs import Ballot

_BALLOT_ID = re.compile(r"[0-9a-f]{32}")
_NOT_OPEN = {
    Phase.CONFIGURED: "is not open yet",
    Phase.PAUSED: "is paused",
    Phase.CLOSED: "is closed",
    Phase.CANCELLED: "is cancelled",
}
NOT_READY = Refusal(503, "Not ready yet", "", "Elections are still being read from the log; try again", 1)


class Admissions:
    """The admission of every announced election, made once for each announcement."""

    def __init__(
        self,
        announced: Mapping[str, ElectionAnnounced],
        rolls: Mapping[str, KnownRoll],
        caught_up: Callable[[], bool],
    ) -> None:
        self._announced = announced
        self._rolls = rolls
        self._caught_up = caught_up
        self._made: dict[str, tuple[ElectionAnnounced, Admission]] = {}
        self._cache = RankingCache()

    def of(self, election: str) -> "Admission | Refusal":
        """Return an election's admission, or why there is none."""
        if not self._caught_up():
            return NOT_READY
        announced = self._announced.get(election)
        if announced is None:
            return Refusal(404, "No such election", "", f"Elections here: {named(sorted(self._announced))}")
        made = self._made.get(election)
        if made is None or made[0] is not announced:
            made = self._made[election] = (
                announced,
                Admission(announced, lambda: self._rolls.get(election), self._cache),
            )
        return made[1]


class Admission:
    """Admits the ballots of one election as it was last announced."""

    def __init__(
        self,
        announced: ElectionAnnounced,
        roll: Callable[[], KnownRoll | None],
        cache: RankingCache | None = None,
    ) -> None:
        self._announced = announced
        self._roll = roll
        self._election = announced.definition.id
        self._electors = announced.definition.electors
        self._rankings = Rankings(announced.definition.contests, cache or RankingCache())

    def admit(self, form: Form) -> Admitted | Refusal:
        """Return the ballot of a form, or why there is none."""
        genuine = self._code(form.code)
        if isinstance(genuine, Refusal):
            return genuine
        announced = self._announced
        return self._ballot(form, *genuine) if announced.phase is Phase.OPEN else _not_open(announced)

    def ballot_of(self, form: Form) -> Admitted | Refusal:
        """Return the ballot of a form whether or not the election is open: to recall one that was recorded while it was."""
        genuine = self._code(form.code)
        return genuine if isinstance(genuine, Refusal) else self._ballot(form, *genuine)

    def admit_together(self, lines: Sequence[bytes]) -> AdmittedLines:
        """Return the ballots of those lines, in their order, that are certainly to be admitted; any other line is for `admit`."""
        announced, roll = self._announced, self._roll()
        parts = []
        if announced.phase is Phase.OPEN and roll is not None and roll.electors >= self._electors:
            parts = [self._admit_alike(alike, roll) for alike in spelt_alike(lines)]
        found = AdmittedLines.joined(self._election, parts)
        return found if len(parts) == 1 else found.in_order()

    def _admit_alike(self, alike: Alike, roll: KnownRoll) -> AdmittedLines:
        announced, rankings = self._announced, self._rankings.of_lines(alike.rankings)
        electors, sections, secrets, are_printed = read_printed(alike.codes)
        on_roll = are_printed & (electors < self._electors) & (sections < len(announced.definition.sections))
        own = commitments(announced.log, self._election, electors, sections, secrets)
        genuine = on_roll & roll.know(np.where(on_roll, electors, 0), own)
        if not all(rankings):
            genuine &= list(map(bool, rankings))
        ballots = AdmittedLines.rows(self._election, rankings)
        whos = who_digests_of(announced.log, self._election, own, alike.ids)
        columns = ballots.columns
        columns["line"], columns["shard"] = alike.places, electors % announced.shards
        columns["ballot_id"], columns["elector"] = alike.ids, electors
        columns["section"], columns["secret"] = sections, secrets
        columns["who"] = np.frombuffer(b"".join(whos), np.uint8).reshape(columns["who"].shape)
        return ballots.where(genuine)

    def _ballot(self, form: Form, code: VotingCode, own: bytes) -> Admitted | Refusal:
        """Return the ballot of a form whose code is genuine."""
        announced = self._announced
        if not _BALLOT_ID.fullmatch(form.ballot_id):
            return Refusal(422, "Not a ballot id", "ballot_id", "Expected 32 hexadecimal digits, 0-9 and a-f")
        rankings = self._rankings.of_form(form.rankings)
        if isinstance(rankings, Refusal):
            return rankings
        ballot_id = bytes.fromhex(form.ballot_id)
        ballot = Ballot(ballot_id, code.elector, code.section, code.secret, rankings)
        who = who_digest(announced.log, self._election, own, ballot_id)
        return Admitted(self._election, shard_of(code.elector, announced.shards), ballot, who)

    def _code(self, text: str) -> tuple[VotingCode, bytes] | Refusal:
        """Return a genuine code and its commitment, or why there is none."""
        try:
            code = parse_code(text)
        except BadCode as fault:
            return Refusal(422, "Not a voting code", "code", f"Expected a voting code: {fault}")
        if code.elector < self._electors and code.section < len(self._announced.definition.sections):
            roll = self._roll()
            if self._announced.phase is not Phase.CONFIGURED and (
                roll is None or roll.electors < self._electors or not roll.has(code.elector)
            ):
                return NOT_READY
            own = commitment(self._announced.log, self._election, code)
            if roll is not None and roll.knows(code.elector, own):
                return code, own
        return Refusal(403, "Not a genuine voting code", "code", "This election gave out no such code")


def _not_open(announced: ElectionAnnounced) -> Refusal:
    said = f"{announced.definition.title} {_NOT_OPEN[announced.phase]}"
    return Refusal(409, "The election is not open", "", said)
