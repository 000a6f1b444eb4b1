"""`_detailed_report.json`, what RCVis and newsrooms read, and `_summary_report.json`.

The summary leaves out, as the spreadsheet's summary does, why ballots are inactive.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from shared.contract.standings import Ending
from shared.rcv.count.methods.rulebook import divides_votes
from shared.rcv.count.rounds import Round
from shared.rcv.reports.heading import Slice, decided
from shared.rcv.reports.part import Moved, Part, PartRound
from shared.rcv.reports.tabulated import Stamp, Tabulated
from shared.rcv.reports.text import Json, json_text

_REASONS: Final[Mapping[str, Ending]] = {
    "exhaustedChoices": Ending.EXHAUSTED,
    "overvotes": Ending.OVERVOTE,
    "repeatedRankings": Ending.REPEATED,
    "skippedRankings": Ending.SKIPPED,
}


class Document:
    """One such file: of the whole contest or, if `of` says so, of a slice."""

    def __init__(self, tabulated: Tabulated, stamp: Stamp, part: Part, of: Slice | None = None) -> None:
        self._tabulated, self._stamp, self._part, self._of = tabulated, stamp, part, of

    def detailed(self) -> str:
        """Return the detailed report."""
        return json_text(self._document(detailed=True))

    def summary(self) -> str:
        """Return the summary report."""
        return json_text(self._document(detailed=False))

    def _document(self, *, detailed: bool) -> Json:
        return {
            "config": self._config(),
            "jsonFormatVersion": "1",
            "results": list(self._results(detailed=detailed)),
            "summary": self._summary(),
        }

    def _config(self) -> Json:
        settings = self._tabulated.settings
        part = {} if self._of is None else {self._of.kind.lower(): self._of.id}
        return {
            "generatedBy": self._stamp.generated_by,
            "contest": settings.contest,
            "jurisdiction": settings.jurisdiction,
            "office": settings.office,
            "date": settings.date,
            **part,
        }

    def _summary(self) -> Json:
        contest, rounds = self._tabulated.contest, self._part.rounds
        return {
            "finalThreshold": rounds[-1].threshold,
            "numWinners": contest.seats,
            "numCandidates": len(contest.candidates),
            "totalNumBallots": rounds[0].ballots,
            "undervotes": int(rounds[0].blank),
        }

    def _results(self, *, detailed: bool) -> Iterator[Json]:
        names = self._tabulated.names
        rounds = self._tabulated.traced.count.rounds
        for round_, shown, moved in zip(rounds, self._part.rounds, self._part.transfers, strict=True):
            reasons = {"inactiveBallots": self._inactive(shown)} if detailed else {}
            yield {
                "round": round_.number,
                "tally": {names[c]: votes for c, votes in shown.tally.items()},
                "tallyResults": list(self._actions(round_, moved)),
                "threshold": shown.threshold,
                **reasons,
            }

    def _inactive(self, shown: PartRound) -> Json:
        reasons = {key: shown.inactive[ending] for key, ending in _REASONS.items()}
        is_last = shown is self._part.rounds[-1]
        surplus = (
            {"finalRoundSurplus": shown.surplus} if is_last and divides_votes(self._tabulated.contest) else {}
        )
        return reasons | surplus

    def _actions(self, round_: Round, moved: Mapping[int, Moved]) -> Iterator[Json]:
        names = self._tabulated.names
        for outcome in ("elected", "eliminated"):
            for decision in decided(self._tabulated, round_, outcome):
                transfers = moved.get(decision.candidate, {})
                reported: Json = {
                    (names[to] if isinstance(to, int) else to): n for to, n in transfers.items()
                }
                yield {outcome: names[decision.candidate], "transfers": reported}
