"""One ballot's way through a count: which ballot is meant, where its vote was in each round, what it was worth, and why.

Where is read from the trace of the count; why is what the round before decided about whoever held the ballot. Rounds
in which nothing happened to the ballot are one stay.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from shared.contract.ballots import UNNAMED, format_marks, parse_marks
from shared.contract.elections import Contest
from shared.contract.standings import Round
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.trace import Traced
from shared.rcv.formats.records import BallotFile
from shared.rcv.names import find
from shared.rcv.narrate.counted import Counted, decided
from shared.rcv.narrate.document import steps
from shared.rcv.narrate.tables import runs_of
from shared.rcv.narrate.words import ENDING_OF_BALLOT, listed

ORDINALS: Final = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)


class Stand(NamedTuple):
    """Where one ballot is in one round."""

    run: int
    holder: int
    """A candidate's place in the contest, or the number of candidates plus an ending's place in `ENDINGS`."""
    worth: int
    kept: tuple[tuple[int, int], ...]
    """Candidates elected before, and what they keep of the vote."""


class Stay(NamedTuple):
    """Rounds in a row in which a ballot stood the same."""

    first: int
    last: int
    stand: Stand
    why: str


def ballot_of(
    file: BallotFile, ranking: str | None, number: int | None, section: str | None
) -> tuple[int, str]:
    """Return the section's place and the marks of the ballot that is meant.

    By its ranking, in the first section or the one named, or by its number in the file, from 1, where equal ballots
    stand together. Raises ValueError: neither or both are given, or there is none such.
    """
    if (ranking is None) == (number is None):
        raise ValueError("expected either --ranking or --ballot")
    if ranking is not None:
        place = 0 if section is None else find(section, file.sections, "section")
        return place, parse_ranking(ranking, file.candidates)
    if section is not None:
        raise ValueError("--section: expected --ranking beside it, for a ballot of the file has its own")
    seen = 0
    for group in file.ballots:
        seen += group.ballots
        if number is not None and seen - group.ballots < number <= seen:
            return group.section, group.marks
    raise ValueError(f"--ballot: expected 1..{seen}, found {number}")


def parse_ranking(text: str, names: Sequence[str]) -> str:
    """Return the marks of "A > B = C > D": ranks by >, several at one rank by =, blank ranks left blank."""
    ranks = [
        [find(name, names, "candidate") for name in rank.split("=") if name.strip()]
        for rank in text.split(">")
    ]
    return format_marks([sorted(set(rank)) for rank in ranks])


def ranking_in_words(marks: str, contest: Contest) -> str:
    """Return marks by name: "Ada > Basil = Clara > (blank) > Dora"."""

    def rank_in_words(rank: Sequence[int]) -> str:
        if tuple(rank) == UNNAMED:
            return "(several)"
        return " = ".join(contest.candidates[c].name for c in rank) or "(blank)"

    return " > ".join(map(rank_in_words, parse_marks(marks))) or "A blank ballot"


def stays(counted: Counted, traced: Traced, row: int, marks: str) -> list[Stay]:
    """Return the way of the ballot at `row` of the trace, first round first; `counted` is the traced count."""
    stands = [_stand(counted, traced, place, row) for place in range(len(counted.rounds))]
    before = [led_by for led_by, _ in steps(counted.rounds)]
    found: list[Stay] = []
    for stand, group in groupby(range(len(stands)), key=stands.__getitem__):
        places = list(group)
        first, last = places[0], places[-1]
        left = stands[first - 1].holder if first else stand.holder
        why = _why(counted, before[first], left, stand, marks)
        found.append(Stay(counted.rounds[first].number, counted.rounds[last].number, stand, why))
    return found


def conclusion(way: Sequence[Stay], counted: Counted) -> str:
    """Return what became of the vote in the end or, where seats are filled one after another, for each seat."""
    seats = [list(of_seat) for _, of_seat in groupby(way, key=lambda stay: stay.stand.run)]
    elected = [{c for round_ in run for c in decided(round_, "elected")} for run in runs_of(counted.rounds)]
    ends = [_end(of_seat[-1], winners, counted) for of_seat, winners in zip(seats, elected, strict=True)]
    if len(ends) == 1:
        return f"In the end {ends[0]}."
    return " ".join(f"For seat {seat} {end}." for seat, end in enumerate(ends, 1))


def _end(last: Stay, elected: set[str], counted: Counted) -> str:
    candidates = counted.contest.candidates
    parts = (*last.stand.kept, (last.stand.holder, last.stand.worth))
    holders = [candidates[place] for place, units in parts if place < len(candidates) and units]
    helped = [holder.name for holder in holders if holder.id in elected]
    if helped:
        return f"this vote counts for {listed(helped)}, who {'is' if len(helped) == 1 else 'are'} elected"
    if holders:
        return f"this vote counts for {listed([holder.name for holder in holders])}, who is not elected"
    return f"this vote counts for nobody: it stopped in round {last.first}"


def _stand(counted: Counted, traced: Traced, place: int, row: int) -> Stand:
    snapshot = traced.snapshots[place]
    kept = tuple((c, int(units[row])) for c, units in snapshot.kept.items() if units[row])
    worth = 10**counted.places if snapshot.value is None else int(snapshot.value[row])
    return Stand(counted.rounds[place].run, int(snapshot.holder[row]), worth, kept)


def _why(counted: Counted, before: Round | None, left: int, stand: Stand, marks: str) -> str:
    """Return why a ballot stands where it stands, given who held it in the round `before`."""
    candidates = counted.contest.candidates
    opening = ""
    if before is not None:
        if left == stand.holder:
            return "the elected keep another part now"
        eliminated = candidates[left].id in decided(before, "eliminated")
        opening = f"{candidates[left].name} is {'eliminated' if eliminated else 'elected and keeps what the quota needs'}; "
    elif counted.rounds[-1].run > 1:
        opening = f"Seat {stand.run}: "
    if stand.holder >= len(candidates):
        return opening + ENDING_OF_BALLOT[ENDINGS[stand.holder - len(candidates)]]
    choice = _choice(stand.holder, marks)
    return f"{opening}{choice} is {candidates[stand.holder].name}" if before else f"{opening}{choice}"


def _choice(holder: int, marks: str) -> str:
    """Return which choice of the ballot a candidate is, blank ranks and those of several not counted."""
    order = list(dict.fromkeys(rank[0] for rank in parse_marks(marks) if len(rank) == 1))
    if holder not in order:
        return "the one still in of those at one rank"
    place = order.index(holder)
    return f"{ORDINALS[place]} choice" if place < len(ORDINALS) else f"choice {place + 1}"
