"""All transfers of a count as one drawing: each round is a bar of all votes, and bands run from bar to bar. Pure.

Lengths across are in thousandths of all votes, so that the drawing is as wide as its place; heights are in pixels. Candidates
stand in every bar in the order in which they finished, and votes that rest with nobody at the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from shared.contract.standings import Round
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import brief
from shared.rcv.narrate.tables import RoundsTable

BAR_PX: Final = 22
LABEL_FROM: Final = 60
"""Thousandths from which a part of a bar can have room for a name."""
THINNEST: Final = 2
"""Thousandths below which a band is not drawn."""
NOBODY: Final = ""
GAPS_PX: Final = ((8, 46), (16, 34), (1_000, 24))
"""Rounds up to which bars stand so many pixels apart."""


class Part(NamedTuple):
    """A candidate's part of a bar, or that of nobody. Across in percent."""

    left: str
    width: str
    name: str
    label: str
    """The name if there may be room for it; the page shows it whole or not at all."""
    votes: str
    colour: str


class Bar(NamedTuple):
    """A round."""

    number: int
    top: int
    parts: tuple[Part, ...]


class Band(NamedTuple):
    """Votes on their way to the next round."""

    path: str
    colour: str
    stays: bool
    """Whether they stay where they are."""


@dataclass(frozen=True, slots=True)
class Sankey:
    """The drawing."""

    height: int
    bar: int
    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]

    @property
    def legend(self) -> list[Part]:
        """Everybody who holds votes at any time, once: a phone has no room for names in the bars."""
        return list({part.name: part for bar in self.bars for part in bar.parts}.values())


class Flow(NamedTuple):
    """Votes that a candidate, or nobody, hands to a candidate, or to nobody, or keeps."""

    source: str
    target: str
    votes: int


def sankey(counted: Counted, table: RoundsTable, colours: dict[str, str]) -> Sankey | None:
    """Return the drawing of a count; None if no votes move."""
    rounds = counted.rounds
    if not any(round_.transfers for round_ in rounds[:-1]):
        return None
    order = [*(line.candidate for line in table.lines), NOBODY]
    gap = next(gap for upto, gap in GAPS_PX if len(rounds) <= upto)
    tops = [place * (BAR_PX + gap) for place in range(len(rounds))]
    whole = max(sum(_held(round_).values()) for round_ in rounds) or 1
    bars = (
        Bar(round_.number, top, tuple(_parts(counted, _held(round_), order, whole, colours)))
        for round_, top in zip(rounds, tops, strict=True)
    )
    bands = (
        band
        for (before, after), (top, bottom) in zip(pairwise(rounds), pairwise(tops), strict=True)
        if before.run == after.run
        for band in _bands(before, after, order, whole, colours, (top + BAR_PX, bottom))
    )
    return Sankey(tops[-1] + BAR_PX, BAR_PX, tuple(bars), tuple(bands))


def flows_between(before: Round, after: Round) -> list[Flow]:
    """Return where all votes of a round go, those that stay included: it adds up to the round after."""
    held = _held(before)
    moved = [Flow(of.source, of.target or NOBODY, of.votes) for of in before.transfers if of.votes]
    for flow in moved:
        held[flow.source] -= flow.votes
    stay = [Flow(name, name, votes) for name, votes in held.items() if votes > 0]
    return [*stay, *moved] if before.run == after.run else []


def _held(round_: Round) -> dict[str, int]:
    return {**round_.votes, NOBODY: sum(round_.inactive.values()) + round_.residue}


def _places(held: dict[str, int], order: list[str], whole: int) -> Iterator[tuple[str, float, float]]:
    """Yield whoever holds votes, and where that part of the bar begins and how long it is, in thousandths."""
    at = 0
    for name in order:
        if votes := held.get(name, 0):
            yield name, 1000 * at / whole, 1000 * votes / whole
            at += votes


def _parts(
    counted: Counted, held: dict[str, int], order: list[str], whole: int, colours: dict[str, str]
) -> Iterator[Part]:
    for name, left, width in _places(held, order, whole):
        said = counted.names.get(name, "Nobody")
        yield Part(
            left=f"{left / 10:.2f}",
            width=f"{width / 10:.2f}",
            name=said,
            label=said if width >= LABEL_FROM else "",
            votes=brief(held[name], counted.places),
            colour=colours.get(name, "none"),
        )


def _bands(
    before: Round,
    after: Round,
    order: list[str],
    whole: int,
    colours: dict[str, str],
    between: tuple[int, int],
) -> Iterator[Band]:
    """Yield the bands between two bars: each leaves its source, and reaches its target, in the order of the other end."""
    leaves = {name: left for name, left, _ in _places(_held(before), order, whole)}
    reaches = {name: left for name, left, _ in _places(_held(after), order, whole)}
    rank = {name: place for place, name in enumerate(order)}
    flows = flows_between(before, after)
    starts: dict[Flow, float] = {}
    for flow in sorted(flows, key=lambda flow: rank[flow.target]):
        starts[flow] = leaves[flow.source]
        leaves[flow.source] += 1000 * flow.votes / whole
    for flow in sorted(flows, key=lambda flow: rank[flow.source]):
        end, width = reaches.get(flow.target, 1000.0), 1000 * flow.votes / whole
        reaches[flow.target] = end + width
        if width >= THINNEST:
            stays = flow.source == flow.target
            yield Band(_path(starts[flow], end, width, between), colours.get(flow.source, "none"), stays)


def _path(start: float, end: float, width: float, between: tuple[int, int]) -> str:
    top, bottom = between
    middle = (top + bottom) // 2
    return (
        f"M{start:.0f} {top}C{start:.0f} {middle} {end:.0f} {middle} {end:.0f} {bottom}H{end + width:.0f}"
        f"C{end + width:.0f} {middle} {start + width:.0f} {middle} {start + width:.0f} {top}Z"
    )
