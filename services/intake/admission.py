"""Whether a ballot is admitted: from the bytes of a request to the ballot to record, or to the reason why not. Pure.

Refusing early is a kindness and saves a log write; the judge decides again, from the log alone.

* Reading is total: any bytes give a form or a refusal that names the field and what was expected.
* A form has one reading. Two values under one key, or an escape that hides a second key, are refused.
* Marks are taken as they are: blank ranks and overvotes belong to a ranking. A scanner that saw several marks at a rank and
  cannot distinguish them sends ["*"].

Forms are decoded in one typed step. It cannot see a repeated key, but quotes can be counted: without a backslash every
string has two, so more quotes than the form's strings account for give a repetition away. Only then, and for errors, the
slow and strict reader is asked.

Most lines of a stream are spelt alike: they are admitted together, in columns (see lines.py). Ranks are known by their bytes once
they were read, so JSON is read once for each ranking.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import msgspec
import numpy as np

from services.intake.admitted import Admitted, AdmittedLines
from services.intake.bounds import RankingCache, Ranks
from services.intake.lines import Alike, spelt_alike
from services.intake.roll import KnownRoll
from shared.contract.ballots import UNNAMED, format_marks
from shared.contract.codes import BadCode, VotingCode, commitment, commitments, parse_code, read_printed
from shared.contract.elections import Contest, Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import shard_of
from shared.contract.leaves import who_digest, who_digests_of
from shared.contract.packs import Ballot
from shared.runtime.process.one_reading import NotOneReading, read_json

EXAMPLE = '{"ballot_id": "32 hexadecimal digits", "code": "...", "rankings": {"contest": [["candidate"]]}}'
MOST_NAMED = 20
"""Of what would have been right, so many are named in a refusal: it is not to be longer than what it refuses."""

_NEXT = b"]],"
"""Between contests in a line; what is before it are the name of one and its ranks."""
_SEVERAL = ("*",)
_BALLOT_ID = re.compile(r"[0-9a-f]{32}")
_NOT_OPEN = {
    Phase.CONFIGURED: "is not open yet",
    Phase.PAUSED: "is paused",
    Phase.CLOSED: "is closed",
    Phase.CANCELLED: "is cancelled",
}


class Form(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A ballot as a client sends it: rankings as marked, by contest id, each rank the candidates' ids.

    A rank of `("*",)` holds several candidates that are not distinguished.
    """

    ballot_id: str
    code: str
    rankings: dict[str, Ranks]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a ballot is not admitted: an HTTP status, the field, what was expected and found."""

    status: int
    title: str
    field: str
    detail: str
    retry_after_s: int | None = None
    """After so many seconds it may be sent again."""


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
            return Refusal(404, "No such election", "", f"Elections here: {_named(sorted(self._announced))}")
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
        kept = cache or RankingCache()
        self._announced = announced
        self._roll = roll
        self._election = announced.definition.id
        self._electors = announced.definition.electors
        self._contests = {contest.id: ContestForm(contest, kept) for contest in announced.definition.contests}
        self._spelt = {
            f'{space}"{of.name}"'.encode(): of for of in self._contests.values() for space in ("", " ")
        }

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
        """Return the ballots of those lines that are certainly to be admitted; any other line is for `admit`."""
        announced, roll = self._announced, self._roll()
        parts = []
        if announced.phase is Phase.OPEN and roll is not None and roll.electors >= self._electors:
            parts = [self._admit_alike(alike, roll) for alike in spelt_alike(lines)]
        return AdmittedLines.joined(self._election, parts)

    def _admit_alike(self, alike: Alike, roll: KnownRoll) -> AdmittedLines:
        announced, rankings = self._announced, self._rankings_of_all(alike.rankings)
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

    def _rankings_of_all(self, texts: Sequence[bytes]) -> list[tuple[str, ...]]:
        """Return `_rankings_of` each text, quickly if they name the same contests in one order and the ranks were read before."""
        names = [part.partition(b":")[0] for part in texts[0].split(_NEXT)]
        named = {contest.name: contest for name in names if (contest := self._spelt.get(name)) is not None}
        if len(named) < len(names) or set(map(bytes.count, texts, repeat(_NEXT))) != {len(names) - 1}:
            return [self._rankings_of(text) for text in texts]
        parts = _NEXT.join(texts).split(_NEXT)
        found = {
            name: list(map(contest.lines.get, parts[place :: len(named)]))
            for place, (name, contest) in enumerate(named.items())
        }
        blank = [""] * len(texts)
        rankings = list(zip(*[found.get(name, blank) for name in self._contests], strict=True))
        if all(map(all, found.values())):
            return rankings
        return [
            self._rankings_of(text) if None in of else of for of, text in zip(rankings, texts, strict=True)
        ]

    def _rankings_of(self, text: bytes) -> tuple[str, ...]:
        """Return each contest's marks as a line spells them, without its last brackets; () if the line must be read by itself."""
        found: dict[str, str] = {}
        for part in text.split(_NEXT):
            contest = self._spelt.get(part.partition(b":")[0])
            marks = None if contest is None else contest.spelt(part)
            if contest is None or marks is None or contest.name in found:
                return ()
            found[contest.name] = marks
        return tuple([found.get(name, "") for name in self._contests])

    def _ballot(self, form: Form, code: VotingCode, own: bytes) -> Admitted | Refusal:
        """Return the ballot of a form whose code is genuine."""
        announced = self._announced
        if (fault := self._form_fault(form)) is not None:
            return fault
        rankings = []
        for name, contest in self._contests.items():
            marks = contest.marks(form.rankings.get(name, ()))
            if isinstance(marks, Refusal):
                return marks
            rankings.append(marks)
        ballot_id = bytes.fromhex(form.ballot_id)
        ballot = Ballot(ballot_id, code.elector, code.section, code.secret, tuple(rankings))
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

    def _form_fault(self, form: Form) -> Refusal | None:
        if not _BALLOT_ID.fullmatch(form.ballot_id):
            return Refusal(422, "Not a ballot id", "ballot_id", "Expected 32 hexadecimal digits, 0-9 and a-f")
        if form.rankings.keys() <= self._contests.keys():
            return None
        contest = next(name for name in form.rankings if name not in self._contests)
        known = f"Expected one of: {_named(self._contests)}"
        return Refusal(422, "Unknown contest", f"rankings.{contest[:60]}", known)


class ContestForm:
    """One contest as forms are read for it."""

    def __init__(self, contest: Contest, cache: RankingCache) -> None:
        self.name = contest.id
        self._contest = contest
        self._places = {candidate.id: place for place, candidate in enumerate(contest.candidates)}
        self._texts = {name: name for name in (*self._places, *_SEVERAL)}
        self._cache = cache
        spelling = (contest.max_ranks_on_ballot, *self._places)
        self._kept = cache.of(spelling)
        self.lines = cache.of((self.name, spelling))
        """What is kept of lines, by the bytes that name the contest and its ranks."""

    def marks(self, ranks: Ranks) -> str | Refusal:
        """Return the one spelling of ranks, or what is wrong with them. What is wrong is not kept."""
        marks = self._kept.get(ranks)
        if marks is not None:
            return marks
        found = self._marks(ranks)
        if isinstance(found, str):
            texts = self._texts
            own = tuple([tuple([texts[candidate] for candidate in rank]) for rank in ranks])
            self._cache.keep(self._kept, own, found)
        return found

    def spelt(self, part: bytes) -> str | None:
        """Return the marks of the part of a line that names this contest, without the brackets that end it, and keep them.

        None if they are not to be admitted.
        """
        marks = self.lines.get(part)
        if marks is not None:
            return marks
        if b"\\" in part:
            return None
        try:
            found = self._marks(_decode_ranks(part.partition(b":")[2] + b"]]"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if isinstance(found, Refusal):
            return None
        self._cache.keep(self.lines, part, found)
        return found

    def _marks(self, ranks: Ranks) -> str | Refusal:
        contest, places = self._contest, self._places
        field = f"rankings.{contest.id}"
        if len(ranks) > contest.max_ranks_on_ballot:
            found = f"Expected at most {contest.max_ranks_on_ballot} ranks, found {len(ranks)}"
            return Refusal(422, "Too many ranks", field, found)
        for number, rank in enumerate(ranks):
            for place, candidate in enumerate(rank):
                if candidate not in places and rank != _SEVERAL:
                    known = f"Expected one of: {_named(places)}"
                    return Refusal(422, "Unknown candidate", f"{field}[{number}][{place}]", known)
            if len(set(rank)) != len(rank):
                twice = "Expected each candidate once in a rank"
                return Refusal(422, "A candidate twice in one rank", f"{field}[{number}]", twice)
        return format_marks(
            UNNAMED if rank == _SEVERAL else [places[candidate] for candidate in rank] for rank in ranks
        )


def _not_open(announced: ElectionAnnounced) -> Refusal:
    said = f"{announced.definition.title} {_NOT_OPEN[announced.phase]}"
    return Refusal(409, "The election is not open", "", said)


def _named(names: Collection[str]) -> str:
    """Return some names, and how many more there are."""
    shown = ", ".join(list(names)[:MOST_NAMED]) or "none yet"
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"


_decode = msgspec.json.Decoder(Form).decode
_decode_ranks = msgspec.json.Decoder(Ranks).decode


def read_form(body: bytes) -> Form | Refusal:
    """Return the form that bytes hold, or what is wrong with them."""
    try:
        form = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        message, _, path = str(fault).partition(" - at `")
        field = path.rstrip("`").removeprefix("$").lstrip(".")
        return _json_fault(body) or Refusal(422, "Not a ballot form", field, message)
    if b"\\" in body or body.count(b'"') != 2 * _strings(form):
        plain = "Every id is plain text; expected no backslash"
        return _json_fault(body) or Refusal(422, "Escapes are not used in ballots", "", plain)
    return form


def _strings(form: Form) -> int:
    """Count the strings of a form: the names of its fields, its id and its code, and what the rankings hold."""
    return 5 + len(form.rankings) + sum(map(len, chain.from_iterable(form.rankings.values())))


def _json_fault(body: bytes) -> Refusal | None:
    """Return what is wrong with the bytes as JSON, None if they are sound JSON with one reading."""
    try:
        read_json(body)
    except NotOneReading as fault:
        example = (
            f". A ballot looks like {EXAMPLE}" if fault.title in ("Not JSON", "Nested too deeply") else ""
        )
        return Refusal(400, fault.title, "", fault.detail + example)
    return None
