"""What is recorded: ballots that may be, within the rates, and each but once.

A ballot is answered as recorded only after the log has acknowledged it; before that nothing is promised. A refused ballot has
written nothing.

The lines of a stream are cast in groups. Most lines of a group bring a new ballot of an elector who has no other in it: these stay
in columns from their bytes to the pack. Each other line goes the way of a single ballot, in its order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from secrets import randbits
from time import monotonic
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter

from services.intake.admission import Admissions
from services.intake.bounds import Known, RecentBallots
from services.intake.forms import EXAMPLE, read_form
from services.intake.log import BallotLog, LogUnavailable, NotSent
from services.intake.outcomes import Admitted, AdmittedLines, Refusal
from services.intake.settings import IntakeSettings
from shared.runtime.process.connections import address_key
from shared.runtime.process.rates import Rates

RETRY_AFTER_S: Final = 1
TOGETHER: Final = 32
"""So many lines and more are admitted in columns: below that each by itself is quicker."""
SINGLE_AT_ONCE: Final = 100
"""Lines that are admitted each by itself before other requests have their turn: one or two milliseconds."""

RECORDED = Counter("livecount_intake_recorded_total", "Ballots recorded", ["election"])
REPEATED = Counter("livecount_intake_repeated_total", "Ballots sent again that were recorded already")
WRONG_CODES = Counter("livecount_intake_wrong_codes_total", "Well-formed voting codes that nobody was given")

OTHER_RANKINGS: Final = Refusal(
    409,
    "The same ballot id with other rankings",
    "ballot_id",
    "A ballot of this id was sent before, with other rankings: expected the same ones, or a new ballot id",
)
CODE_USED_OFTEN: Final = "Too many ballots with this voting code"
_FACTOR: Final = randbits(64) | 1
"""Spreads electors over the places of a rate, so that nobody knows who shares one."""
_LOW_64: Final = (1 << 64) - 1
_DROPPED_BITS: Final = 20
"""The lowest, in which neighbours on the roll would share a place."""


Sent = Awaitable[None] | Refusal | None
"""What the log acknowledges later, or why it was not sent; None: there was nothing to send."""


class Cast(NamedTuple):
    """What became of the lines of a group: those that were recorded together, and each other one by its place."""

    together: AdmittedLines
    single: dict[int, Admitted | Refusal]


@dataclass
class IntakeService:
    """What the routes share: limits, admissions, and the log."""

    settings: IntakeSettings
    admissions: Admissions
    log: BallotLog
    now_s: Callable[[], float] = monotonic

    def __post_init__(self) -> None:
        settings, most = self.settings, self.settings.max_per_second_per_client
        self.recent = RecentBallots(settings.remembered_ballots)
        self.casts = Rates(settings.max_casts_per_minute)
        """Places in the log, by elector."""
        self.wrong_codes = Rates(settings.max_wrong_codes_per_minute)
        """By address."""
        self.sent = Rates(60 * most, most)
        """Ballots, by address."""

    def admit(self, election: str, body: bytes, client: str) -> Admitted | Refusal:
        """Return the ballot that bytes from an address hold, or why there is none."""
        admission = self.admissions.of(election)
        if isinstance(admission, Refusal):
            return admission
        if len(body) > self.settings.max_body_bytes:
            limit = self.settings.max_body_bytes
            return Refusal(413, "Too large", "", f"Expected at most {limit} bytes, like {EXAMPLE}")
        fault = self._rate_fault(client)
        if fault is not None:
            return fault
        form = read_form(body)
        admitted = form if isinstance(form, Refusal) else admission.admit(form)
        return self._guessed(client, admitted) if _is_wrong_code(admitted) else admitted

    async def record(self, election: str, ballots: Sequence[Admitted]) -> list[Admitted | Refusal]:
        """Return each ballot once it is in the log, or why it may not be.

        A ballot that was recorded lately is not written again, and of equal ones among `ballots` the first is.
        """
        outcomes: list[Admitted | Refusal] = list(ballots)
        firsts: dict[bytes, Admitted] = {}
        new: list[bytes] = []
        now_s = self.now_s()
        for place, ballot in enumerate(ballots):
            mark, first = self.recent.mark(ballot), firsts.get(ballot.who)
            found = self.recent.find(mark)
            if found == "other rankings" or (first is not None and first.ballot != ballot.ballot):
                outcomes[place] = OTHER_RANKINGS
            elif found == "recorded" or first is not None:
                REPEATED.inc()
            elif wait_s := self.casts.hit(_elector_key(election, ballot.ballot.elector), now_s):
                outcomes[place] = _too_many(CODE_USED_OFTEN, wait_s)
            else:
                firsts[ballot.who] = ballot
                new.append(mark)
        fault = await self._record_new(list(firsts.values()), new) if firsts else None
        if fault is None:
            return outcomes
        return [fault if isinstance(of, Admitted) and of.who in firsts else of for of in outcomes]

    async def cast_lines(self, election: str, lines: Sequence[bytes], client: str) -> Cast:
        """Admit lines that came together and record their ballots."""
        read = self._admit_together(election, lines)
        single = await self._admit_each(election, lines, read.columns["line"], client)
        if not len(read):
            return Cast(read, await self._record_each(election, single))
        marks = self.recent.marks(read)
        plain = self._are_plain(read, marks, single)
        single.update(read.where(~plain).each())
        cast, others = await asyncio.gather(
            self._record_together(read.where(plain), marks[plain]), self._record_each(election, single)
        )
        return Cast(cast.together, others | cast.single)

    def recall(self, ballot: Admitted) -> Known:
        """Return whether a ballot was recorded lately; what is not remembered may have been recorded all the same."""
        return self.recent.find(self.recent.mark(ballot))

    def guess(self, client: str) -> float:
        """Count a wrong code from an address; return 0, or after how many seconds the next may be looked at."""
        WRONG_CODES.inc()
        return self.wrong_codes.hit(address_key(client), self.now_s())

    def _admit_together(self, election: str, lines: Sequence[bytes]) -> AdmittedLines:
        """Return the ballots of those lines that may be admitted in columns."""
        admission, settings = self.admissions.of(election), self.settings
        if (
            isinstance(admission, Refusal)
            or settings.max_per_second_per_client
            or len(lines) < TOGETHER
            or max(map(len, lines)) > settings.max_body_bytes
        ):
            return AdmittedLines.rows(election, ())
        return admission.admit_together(lines)

    async def _admit_each(
        self, election: str, lines: Sequence[bytes], but: NDArray[np.int32], client: str
    ) -> dict[int, Admitted | Refusal]:
        """Return `admit` of each line but those, by its place."""
        left = np.ones(len(lines), np.bool_)
        left[but] = False
        found: dict[int, Admitted | Refusal] = {}
        for number, place in enumerate(np.flatnonzero(left).tolist(), 1):
            found[place] = self.admit(election, lines[place], client)
            if number % SINGLE_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    async def _record_each(
        self, election: str, single: Mapping[int, Admitted | Refusal]
    ) -> dict[int, Admitted | Refusal]:
        """Return what becomes of single lines: `record` of those that were admitted, in the order in which they came."""
        ballots = {place: of for place, of in sorted(single.items()) if isinstance(of, Admitted)}
        outcomes = await self.record(election, list(ballots.values()))
        return {**single, **dict(zip(ballots, outcomes, strict=True))}

    def _are_plain(
        self, read: AdmittedLines, marks: NDArray[np.uint8], single: Mapping[int, Admitted | Refusal]
    ) -> NDArray[np.bool_]:
        """Return of each row whether its elector has no other ballot in the group, and nobody knows its ballot id."""
        electors = read.columns["elector"]
        _, places, times = np.unique(electors, return_inverse=True, return_counts=True)
        plain: NDArray[np.bool_] = (times[places] == 1) & self.recent.are_unknown(marks)
        others = [of.ballot.elector for of in single.values() if isinstance(of, Admitted)]
        return plain & ~np.isin(electors, others) if others else plain

    def _record_together(self, ballots: AdmittedLines, marks: NDArray[np.uint8]) -> Awaitable[Cast]:
        """Give plain ballots to the log; what is returned waits until they are recorded, or says why they may not be.

        Nobody else has a turn between the look whether they are plain and the log's having them: otherwise two streams could
        record two rankings under one ballot id.
        """
        waits_s = self.casts.hit_all(
            _elector_keys(ballots.election, ballots.columns["elector"]), self.now_s()
        )
        in_time = waits_s == 0
        late = zip(ballots.columns["line"][~in_time].tolist(), waits_s[~in_time].tolist(), strict=True)
        refused: dict[int, Admitted | Refusal] = {
            place: _too_many(CODE_USED_OFTEN, wait_s) for place, wait_s in late
        }
        ballots, marks = ballots.where(in_time), marks[in_time]
        sent = self._send(ballots)
        if not isinstance(sent, Refusal):
            self.recent.note_all(marks, recorded=False)
        return self._recorded_together(ballots, marks, sent, refused)

    async def _recorded_together(
        self,
        ballots: AdmittedLines,
        marks: NDArray[np.uint8],
        sent: Sent,
        refused: dict[int, Admitted | Refusal],
    ) -> Cast:
        fault = await self._acknowledged(ballots, sent)
        if fault is None:
            self.recent.note_all(marks, recorded=True)
            return Cast(ballots, refused)
        lines = ballots.columns["line"].tolist()
        return Cast(AdmittedLines.rows(ballots.election, ()), refused | dict.fromkeys(lines, fault))

    async def _record_new(self, ballots: Sequence[Admitted], marks: Sequence[bytes]) -> Refusal | None:
        """Write ballots of which nothing is known; return None once they are in the log."""
        sent = self._send(ballots)
        if not isinstance(sent, Refusal):
            for mark in marks:
                self.recent.note(mark, recorded=False)
        fault = await self._acknowledged(ballots, sent)
        if fault is None:
            for mark in marks:
                self.recent.note(mark, recorded=True)
        return fault

    def _send(self, ballots: Sequence[Admitted] | AdmittedLines) -> Sent:
        """Give ballots, if there are any, to the log, or return why it takes none now: then nothing is to be remembered of them."""
        try:
            return self.log.append(ballots) if len(ballots) else None
        except NotSent as fault:
            return _not_recorded(fault)

    async def _acknowledged(self, ballots: Sequence[Admitted] | AdmittedLines, sent: Sent) -> Refusal | None:
        """Return None once the log has acknowledged ballots, or why it has not: then they may be in it or not."""
        if sent is None or isinstance(sent, Refusal):
            return sent
        try:
            await sent
        except LogUnavailable as fault:
            return _not_recorded(fault)
        election = ballots.election if isinstance(ballots, AdmittedLines) else ballots[0].election
        _recorded_in(election).inc(len(ballots))
        return None

    def _rate_fault(self, client: str) -> Refusal | None:
        if not self.settings.max_per_second_per_client:
            return None
        wait_s = self.sent.hit(address_key(client), self.now_s())
        return _too_many("Too many ballots from this address", wait_s) if wait_s else None

    def _guessed(self, client: str, refusal: Admitted | Refusal) -> Admitted | Refusal:
        """Count a wrong code. A good one is never refused because others at the same address mistype theirs."""
        wait_s = self.guess(client)
        return _too_many("Too many wrong voting codes from this address", wait_s) if wait_s else refusal


@lru_cache(maxsize=1024)
def _recorded_in(election: str) -> Counter:
    return RECORDED.labels(election)


def _is_wrong_code(found: Admitted | Refusal) -> bool:
    return isinstance(found, Refusal) and found.status == 403


def _too_many(title: str, wait_s: float) -> Refusal:
    return Refusal(429, title, "", "Nothing was recorded; try again after Retry-After seconds", ceil(wait_s))


def _not_recorded(fault: LogUnavailable) -> Refusal:
    again = f"Send the same ballot again; it counts once ({fault})"
    return Refusal(503, "Ballots cannot be recorded now", "", again, RETRY_AFTER_S)


def _elector_key(election: str, elector: int) -> int:
    """Return what an elector's rate is known by."""
    return (elector * _FACTOR + hash(election) & _LOW_64) >> _DROPPED_BITS


def _elector_keys(election: str, electors: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return `_elector_key` of each elector."""
    mixed = electors.astype(np.uint64) * np.uint64(_FACTOR) + np.uint64(hash(election) & _LOW_64)
    return mixed >> np.uint64(_DROPPED_BITS)
