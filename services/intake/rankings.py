"""The rankings of a ballot: each contest's marks, from the ranks that a form names. Pure.

Marks are taken as they are: blank ranks and overvotes belong to a ranking. A scanner that saw several marks at a rank and cannot
distinguish them sends ["*"].

Ranks that were read before are known: those of a form by themselves, those of a line by their bytes, so that JSON is read once for
each ranking.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Final

import msgspec

from services.intake.bounds import RankingCache, Ranks
from services.intake.outcomes import Refusal, named
from shared.contract.ballots import UNNAMED, format_marks
from shared.contract.elections import Contest

_NEXT: Final = b"]],"
"""Between contests in a line; what is before it are the name of one and its ranks."""
_SEVERAL: Final = ("*",)
_decode_ranks = msgspec.json.Decoder(Ranks).decode


class Rankings:
    """The contests of one election as forms and lines spell their rankings."""

    def __init__(self, contests: Sequence[Contest], cache: RankingCache) -> None:
        self._contests = {contest.id: ContestForm(contest, cache) for contest in contests}
        self._spelt = {
            f'{space}"{of.name}"'.encode(): of for of in self._contests.values() for space in ("", " ")
        }

    def of_form(self, ranks: Mapping[str, Ranks]) -> tuple[str, ...] | Refusal:
        """Return each contest's marks, or what is wrong with a form's rankings."""
        if not ranks.keys() <= self._contests.keys():
            contest = next(name for name in ranks if name not in self._contests)
            known = f"Expected one of: {named(self._contests)}"
            return Refusal(422, "Unknown contest", f"rankings.{contest[:60]}", known)
        found = []
        for name, of in self._contests.items():
            marks = of.marks(ranks.get(name, ()))
            if isinstance(marks, Refusal):
                return marks
            found.append(marks)
        return tuple(found)

    def of_lines(self, texts: Sequence[bytes]) -> list[tuple[str, ...]]:
        """Return each contest's marks for each line, of which a text is what stands between its head and its last brackets.

        () if the line must be read by itself. Lines are quick that name the same contests in one order, with ranks that were read before.
        """
        names = [part.partition(b":")[0] for part in texts[0].split(_NEXT)]
        in_order = {contest.name: contest for name in names if (contest := self._spelt.get(name)) is not None}
        if len(in_order) < len(names) or set(map(bytes.count, texts, repeat(_NEXT))) != {len(names) - 1}:
            return [self._of_line(text) for text in texts]
        parts = _NEXT.join(texts).split(_NEXT)
        found = {
            name: list(map(contest.lines.get, parts[place :: len(in_order)]))
            for place, (name, contest) in enumerate(in_order.items())
        }
        blank = [""] * len(texts)
        rankings = list(zip(*[found.get(name, blank) for name in self._contests], strict=True))
        if all(map(all, found.values())):
            return rankings
        return [self._of_line(text) if None in of else of for of, text in zip(rankings, texts, strict=True)]

    def _of_line(self, text: bytes) -> tuple[str, ...]:
        """Return what `of_lines` does for one line, whatever order it names the contests in."""
        found: dict[str, str] = {}
        for part in text.split(_NEXT):
            contest = self._spelt.get(part.partition(b":")[0])
            marks = None if contest is None else contest.spelt(part)
            if contest is None or marks is None or contest.name in found:
                return ()
            found[contest.name] = marks
        return tuple([found.get(name, "") for name in self._contests])


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
                    known = f"Expected one of: {named(places)}"
                    return Refusal(422, "Unknown candidate", f"{field}[{number}][{place}]", known)
            if len(set(rank)) != len(rank):
                twice = "Expected each candidate once in a rank"
                return Refusal(422, "A candidate twice in one rank", f"{field}[{number}]", twice)
        return format_marks(
            UNNAMED if rank == _SEVERAL else [places[candidate] for candidate in rank] for rank in ranks
        )
