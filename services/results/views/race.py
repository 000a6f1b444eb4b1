"""The race over time, ready to be drawn: a line a candidate, when who was ahead, and what turned the order of things. Pure.

A line shows a candidate's share of first choices (of an electoral college: the first round's score; of a budget: of the ballots
that support a project), from nought to the largest share that anybody had. Below it a bar covers the time in which the candidate was ahead: elected, if it had ended then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from services.results.course import Moment, spread
from services.results.views.table import colours_of
from services.results.views.times import Clock
from services.results.views.withdrawals import given_by, reason_in_quotes
from shared.contract.events import Notice
from shared.contract.standings import Status
from shared.rcv.narrate.counted import FINAL, Counted
from shared.rcv.narrate.numbers import percent
from shared.rcv.narrate.tables import strength
from shared.rcv.narrate.words import listed, plural

POINTS: Final = 120
"""Of a line: more are not seen."""
TURNS: Final = 12
"""The newest, which are put into words."""
HEIGHT: Final = 24
DAY_S: Final = 86_400


class Stretch(NamedTuple):
    """A part of the time line, in percent of it."""

    left: str
    width: str


class Lane(NamedTuple):
    """A candidate's race."""

    name: str
    colour: str
    points: str
    """Of a line, as SVG has it; empty if the candidate never stood in a first round."""
    ahead: tuple[Stretch, ...]
    share: str
    """At the end; empty for who is withdrawn by then."""
    said: str
    """What it was at first, and that the candidate is withdrawn."""
    since: Clock | None
    """Since when the candidate is ahead."""


class Turn(NamedTuple):
    """What changed the order of things: when, what, and who was ahead before and after."""

    when: Clock
    sentence: str
    left: str
    """Where on the time line, in percent."""
    before: str
    """The query of the standing before it."""
    after: str
    about: tuple[str, ...]
    """Who withdrew or is back, by id."""


@dataclass(frozen=True, slots=True)
class Race:
    """A contest's course."""

    lanes: tuple[Lane, ...]
    turns: tuple[Turn, ...]
    begins: Clock
    ends: Clock
    scale: str
    """What the top of each line is."""
    what: str
    """What a line shows."""
    ahead: str
    """What the bar below it means: "ahead" or, of a project, "funded"."""


def race(counted: Counted, course: Sequence[Moment], notices: Sequence[Notice] = ()) -> Race | None:
    """Return the race up to the last of these moments, None before there are two of different times with votes.

    `counted` is the count of the last one; `notices` are the contest's, oldest first.
    """
    raced = [each for each in course if any(each.shares.values())]
    if len(raced) < 2 or raced[-1] is not course[-1] or raced[0].place.as_of_ms == raced[-1].place.as_of_ms:
        return None
    line = _TimeLine(raced[0].place.as_of_ms, raced[-1].place.as_of_ms)
    shown = spread(raced, POINTS, lambda each: each.place.as_of_ms)
    shares = [each.shares for each in shown]
    most = max(max(of.values()) for of in shares) or Fraction(1)
    colours, money = colours_of(counted), raced[-1].spending is not None
    last = counted.rounds[-1].votes if counted.rounds else {}
    order = sorted(
        counted.names,
        key=lambda one: (-strength(counted.rounds[-1], one) if one in last else 1, -shares[-1].get(one, 0)),
    )
    lanes = tuple(
        Lane(
            name=counted.names[one],
            colour=colours[one],
            points=" ".join(
                f"{line.at(each)},{1 + float((1 - of[one] / most) * (HEIGHT - 2)):.2f}"
                for each, of in zip(shown, shares, strict=True)
                if one in of
            ),
            ahead=tuple(line.stretches(one, raced)),
            share=_share(shares[-1], one),
            said=_said(one, raced, _share(shares[0], one)),
            since=_since(line, one, raced),
        )
        for one in order
    )
    turns = tuple(_turns(line, counted.names, list(course), notices))[-TURNS:]
    return Race(
        lanes=lanes,
        turns=turns[::-1],
        begins=line.when(raced[0].place.as_of_ms),
        ends=line.when(raced[-1].place.as_of_ms),
        scale=percent(most.numerator, most.denominator),
        what="The part of all ballots that support each project" if money else "First choices",
        ahead="funded" if money else "ahead",
    )


@dataclass(frozen=True)
class _TimeLine:
    """From the first moment to the last, in milliseconds."""

    first_ms: int
    last_ms: int

    def at(self, each: Moment) -> str:
        """Return where a moment lies, in percent."""
        return f"{max(0.0, self._part(each)):.2f}"

    def when(self, at_ms: int) -> Clock:
        """Return a time of the day, with its date where the line is longer than a day."""
        when = datetime.fromtimestamp(at_ms / 1000, UTC)
        day = f"{when.day} {when:%b} " if self.last_ms - self.first_ms > 1000 * DAY_S else ""
        return Clock(f"{day}{when:%H:%M:%S}", when.isoformat(timespec="seconds"))

    def stretches(self, one: str, raced: Sequence[Moment]) -> Iterator[Stretch]:
        """Yield when a candidate was ahead: from a moment to the next one at which the candidate was not."""
        begun: float | None = None
        for each in raced:
            is_ahead = one in each.elected
            if is_ahead and begun is None:
                begun = self._part(each)
            if begun is not None and (not is_ahead or each is raced[-1]):
                yield Stretch(f"{begun:.2f}", f"{max(self._part(each) - begun, 0.4):.2f}")
                begun = None

    def _part(self, each: Moment) -> float:
        return 100 * (each.place.as_of_ms - self.first_ms) / (self.last_ms - self.first_ms)


def _share(shares: Mapping[str, Fraction], one: str) -> str:
    return percent(shares[one].numerator, shares[one].denominator) if one in shares else ""


def _said(one: str, raced: Sequence[Moment], first: str) -> str:
    parts = [f"{first} at first"] if first else []
    return ", ".join([*parts, *(["withdrawn"] if one in raced[-1].withdrawn else [])])


def _since(line: _TimeLine, one: str, raced: Sequence[Moment]) -> Clock | None:
    if one not in raced[-1].elected:
        return None
    behind = [place for place, each in enumerate(raced) if one not in each.elected]
    return line.when((raced[behind[-1] + 1] if behind else raced[0]).place.as_of_ms)


def _turns(
    line: _TimeLine, names: Mapping[str, str], course: Sequence[Moment], notices: Sequence[Notice]
) -> Iterator[Turn]:
    """Yield each turn, oldest first; after it is the next moment with votes, before it the last one."""
    for place, (before, after) in enumerate(pairwise(course), start=1):
        sentences = list(_changes(names, before, after, notices))
        if not sentences:
            continue
        led = next((each for each in reversed(course[:place]) if each.shares), before)
        leads = next((each for each in course[place:] if each.shares), after)
        yield Turn(
            when=line.when(after.place.as_of_ms),
            sentence=f"{' '.join(sentences)} {_who(names, led, leads)}".strip(),
            left=line.at(after),
            before=f"?as_of={led.sequence}",
            after=f"?as_of={leads.sequence}",
            about=tuple(sorted(set(before.withdrawn) ^ set(after.withdrawn))),
        )


def _changes(
    names: Mapping[str, str], before: Moment, after: Moment, notices: Sequence[Notice]
) -> Iterator[str]:
    gone = [one for one in after.withdrawn if one not in before.withdrawn]
    back = [one for one in before.withdrawn if one not in after.withdrawn]
    if gone:
        yield f"{listed([names[one] for one in gone])} withdrew."
    if back:
        yield f"{listed([names[one] for one in back])} {'is' if len(back) == 1 else 'are'} back."
    for one in (*gone, *back):
        notice = _notice(one, notices, after.place.as_of_ms, withdrawn=one in gone)
        if notice and (reason := reason_in_quotes(notice)):
            yield f"Reason given{f' for {names[one]}' if len(gone) + len(back) > 1 else ''}: {reason}."
    taken_out = after.balance.voided - before.balance.voided
    if before.status in FINAL and (taken_out or (after.withheld and not before.withheld)):
        yield (
            f"Corrected after the close: {plural(taken_out, 'ballot was', 'ballots were')} taken out."
            if (taken_out > 0)
            else "Corrected after the close."
        )
    if before.status is Status.PARTIAL and after.status in FINAL:
        yield "Voting closed."
    if after.status is Status.CERTIFIED and before.status is not Status.CERTIFIED:
        yield "The result was certified."


def _notice(one: str, notices: Sequence[Notice], as_of_ms: int, *, withdrawn: bool) -> Notice | None:
    """Return the newest such notice about a candidate that was given by then; if clocks differ, the first one."""
    found = [of for of in notices if of.candidate == one and of.withdrawn is withdrawn]
    by_then = [of for of in found if given_by(of, as_of_ms)]
    return by_then[-1] if by_then else next(iter(found), None)


def _who(names: Mapping[str, str], before: Moment, after: Moment) -> str:
    """Return who was ahead before and after, with the part of the last round; of a budget what is funded that was not, or was."""
    if before.spending and after.spending:
        new = [names[one] for one in after.elected if one not in before.elected]
        gone = [names[one] for one in before.elected if one not in after.elected]
        if not new and not gone:
            return "The same is funded before and after."
        return " ".join(
            [
                *([f"Funded since: {listed(new)}."] if new else []),
                *([f"No longer funded: {listed(gone)}."] if gone else []),
            ]
        )
    if not before.rounds or not after.rounds:
        return ""
    parts, newer = before.rounds[-1].strengths(), after.rounds[-1].strengths()
    if set(before.elected) == set(after.elected):
        both = [
            f"{names[one]} ({_share(parts, one)}, then {_share(newer, one)})"
            if one in parts and one in newer
            else names[one]
            for one in after.elected
        ]
        return f"Ahead before and after: {listed(both) or 'nobody'}."
    return (
        f"Ahead before: {_ahead(names, before.elected, parts)}; after: {_ahead(names, after.elected, newer)}."
    )


def _ahead(names: Mapping[str, str], elected: Sequence[str], parts: Mapping[str, Fraction]) -> str:
    named = [f"{names[one]} ({_share(parts, one)})" if one in parts else names[one] for one in elected]
    return listed(named) or "nobody"
