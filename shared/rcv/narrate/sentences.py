"""What a count says, in sentences.

While ballots can still come nothing is stated as a fact: "would be elected", "is last at present". A tie is always
mentioned, with what settled it. Votes are given to two decimals; the tables have all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from shared.contract.standings import Decision, Ending, Round
from shared.rcv.narrate.counted import Counted, decided
from shared.rcv.narrate.numbers import brief, number, percent, points
from shared.rcv.narrate.tables import strength
from shared.rcv.narrate.transfers import receivers
from shared.rcv.narrate.words import ELIMINATED_IN_WORDS, TIE_IN_WORDS, listed

NAMED_AT_MOST: Final = 4
"""Receivers of votes that a sentence names; further ones are counted."""
KEEPING: Final = frozenset({"meek", "new-zealand-stv"})
"""Methods by which the elected go on keeping a part of each vote."""
DEFERRING: Final = frozenset({"ers97", "northern-ireland-stv"})
"""Methods by which a surplus waits while it could change nothing."""
NOT_NEEDED: Final = "not needed"
SINGULAR: Final = {"go": "goes", "are": "is"}

Decisions = Sequence[Decision]


def headline(counted: Counted) -> str:
    """Return the one sentence that matters: who is elected or, while ballots can come, would be."""
    final = counted.final
    if not counted.elected:
        return _nobody(counted)
    if counted.contest.seats != 1:
        are = _are(counted, one=len(counted.elected) == 1)
        return f"{_named(counted, counted.elected)} {are} elected{'' if final else ' if it ended now'}."
    last, winner = counted.rounds[-1], counted.elected[0]
    verb = "is elected" if final else "would be elected if it ended now,"
    share = _held(counted, last, winner)
    if not last.scores:
        votes, continuing = last.votes[winner], sum(last.votes.values())
        of = f"{brief(votes, counted.places)} of {brief(continuing, counted.places)}"
        share = f"{of} continuing votes ({percent(votes, continuing)})"
    return f"{counted.names[winner]} {verb} in round {last.number} with {share}."


def _nobody(counted: Counted) -> str:
    """Return the headline while nobody is elected."""
    first = counted.rounds[0] if counted.rounds else None
    nobody = f"Nobody is elected{'' if counted.final else ' yet'}"
    if first is not None and any(first.votes.values()):
        return f"{nobody}."
    ballots = sum(first.inactive.values()) // 10**counted.places if first is not None else 0
    if ballots:
        return f"{nobody}: {'the one ballot' if ballots == 1 else f'all {ballots:,} ballots'} counted vote{'s' if ballots == 1 else ''} for nobody."
    return (
        "No ballots were counted."
        if counted.final and first is not None
        else "No ballots have been counted yet."
    )


def round_sentence(counted: Counted, round_: Round) -> str:
    """Return what a round decides, by how much, and where the votes go."""
    parts = (_ties, _elections, _surpluses, _waiting, _eliminations)
    sentences = [sentence for part in parts for sentence in part(counted, round_)]
    if sentences:
        return " ".join(sentences)
    if not any(round_.votes.values()):
        return "Nobody has a vote, so nothing is decided."
    if round_.number > 1 and len(counted.elected) == counted.contest.seats:
        return f"Every seat {'is' if counted.final else 'would be'} filled: nothing is left to decide."
    return "Nothing is decided in this round."


def first_to_go(counted: Counted) -> Round | None:
    """Return the first round that eliminates anybody, None if none does."""
    return next((round_ for round_ in counted.rounds if decided(round_, "eliminated")), None)


def first_out(counted: Counted, *, where: bool = True) -> str:
    """Return who is eliminated first and, if asked, where those votes go; empty if nobody is."""
    round_ = first_to_go(counted)
    if round_ is None:
        return ""
    return " ".join([*_ties(counted, round_, "eliminated"), *_eliminations(counted, round_, where=where)])


def _ties(counted: Counted, round_: Round, outcome: str = "") -> Iterator[str]:
    for d in round_.decisions:
        if d.tied and d.settled_by != "votes" and outcome in {"", d.outcome}:
            # By Meek's method candidates are level whose votes differ by less than the surplus still to be moved.
            equal = len({strength(round_, candidate) for candidate in d.tied}) == 1
            held = f" with {_held(counted, round_, d.candidate)}" if equal else ""
            yield f"{_named(counted, d.tied)} are level{held}; {TIE_IN_WORDS[d.settled_by]}."


def _elections(counted: Counted, round_: Round) -> Iterator[str]:
    sentences: dict[str, Callable[[Counted, Round, Decisions], str]] = {
        "quota": _quota_reached,
        "remaining": _last_seats,
        "percentage": _share_reached,
        "active-vote": _active_vote,
        "outvotes-all": _outvotes_all,
    }
    for why, decisions in _by_reason(round_, "elected"):
        yield sentences.get(why, _ahead)(counted, round_, decisions)


def _ahead(counted: Counted, round_: Round, decisions: Decisions) -> str:
    verb = _are(counted, one=True)
    return " ".join(
        f"{counted.names[d.candidate]} {verb} elected with {_share(counted, round_, d.candidate)}"
        f"{_ahead_of(counted, round_, d.candidate)}."
        for d in decisions
    )


def _quota_reached(counted: Counted, round_: Round, decisions: Decisions) -> str:
    held = [f"{counted.names[d.candidate]} with {_held(counted, round_, d.candidate)}" for d in decisions]
    reach, are = ("reaches", "is") if len(held) == 1 else ("reach", "are")
    then = f" and {are} elected" if counted.final else " at present"
    return f"{listed(held)} {reach} the quota of {brief(round_.threshold or 0, counted.places)}{then}."


def _last_seats(counted: Counted, _: Round, decisions: Decisions) -> str:
    one = len(decisions) == 1
    seats = "the last seat" if one else f"the last {len(decisions)} seats"
    take = ("takes" if one else "take") if counted.final else "would take"
    return f"{_named(counted, _of(decisions))} {take} {seats}: as many are left as there are seats."


def _share_reached(counted: Counted, _: Round, decisions: Decisions) -> str:
    are = _are(counted, one=len(decisions) == 1)
    return f"{_named(counted, _of(decisions))} {are} elected: all who remain have the share asked for."


def _active_vote(counted: Counted, round_: Round, decisions: Decisions) -> str:
    held = [f"{counted.names[d.candidate]} with {_held(counted, round_, d.candidate)}" for d in decisions]
    are = _are(counted, one=len(decisions) == 1)
    return f"{listed(held)} {are} elected: not more candidates than there are seats can have as many of the votes still active."


def _outvotes_all(counted: Counted, round_: Round, decisions: Decisions) -> str:
    (winner,) = _of(decisions)
    takes = "takes" if counted.final else "would take"
    held = _held(counted, round_, winner)
    return f"{counted.names[winner]} {takes} the last seat with {held}: all others and all surpluses together are no more."


def _waiting(counted: Counted, round_: Round) -> Iterator[str]:
    """Say which surpluses stay where they are in a round that eliminates, and why."""
    quota = round_.threshold or 0
    elected = {*round_.seated, *decided(round_, "elected")}
    waiting = [c for c in round_.votes if c in elected and round_.votes[c] > quota]
    if counted.contest.method not in DEFERRING or not waiting or not decided(round_, "eliminated"):
        return
    total = _votes(counted, sum(round_.votes[c] - quota for c in waiting))
    one = len(waiting) == 1
    what = f"The {'surplus' if one else 'surpluses'} of {_named(counted, waiting)}, {total},"
    yield f"{what} {'waits' if one else 'wait'}: moved, {'it' if one else 'they'} could not change who is last."


def _surpluses(counted: Counted, round_: Round) -> Iterator[str]:
    """Say what the elected pass on: a surplus or, by Meek's method, what they no longer need of each ballot."""
    eliminated = decided(round_, "eliminated")
    moved = [transfer for transfer in round_.transfers if transfer.source not in eliminated]
    if not moved:
        return
    sources = list(dict.fromkeys(transfer.source for transfer in moved))
    one, names = len(sources) == 1, _named(counted, sources)
    votes = _votes(counted, sum(transfer.votes for transfer in moved))
    if round_.seated and counted.contest.method in KEEPING:
        what, one = f"What {names} no longer {'needs' if one else 'need'} for the quota, {votes},", True
    else:
        what = f"The {'surplus' if one else 'surpluses'} of {names}, {votes},"
    parts = _parts(counted, round_, sources)
    if [part.to for part in parts] == [NOT_NEEDED]:
        final = f"{'is' if one else 'are'} not needed: all seats are filled"
        yield f"{what} {final if counted.final else 'would not be needed: all seats would be filled'}."
        return
    where = f": {_where(counted, parts)}" if parts else ""
    yield f"{what} {_are(counted, one=one)} transferred{where}."


def _eliminations(counted: Counted, round_: Round, *, where: bool = True) -> Iterator[str]:
    for why, decisions in _by_reason(round_, "eliminated"):
        one, candidates = len(decisions) == 1, _of(decisions)
        units = sum(round_.votes[candidate] for candidate in candidates)
        if counted.final or (why, one) != ("fewest", True):
            verb = f"{_are(counted, one=one)} eliminated{'' if one else ' together'}"
        else:
            verb = "is last at present"
        held = ""
        if one:
            held = f" with {_held(counted, round_, candidates[0])}" if units else " without a vote"
            held += _behind(counted, round_, candidates[0]) if units and why == "fewest" else ""
        yield f"{_named(counted, candidates)} {verb}{held}{ELIMINATED_IN_WORDS[why]}."
        if not where:
            continue
        parts = _parts(counted, round_, candidates)
        # Their number is in the sentence before, unless that one is about several or about points.
        these = "these votes" if one and not round_.scores else _votes(counted, units)
        if [part.to for part in parts] == [NOT_NEEDED]:
            seats = "all seats are filled" if counted.final else "all seats would be filled"
            yield f"None of {these} {'is' if counted.final else 'would be'} needed: {seats}."
        elif len(parts) == 1 and units > 10**counted.places:
            of = "of " if these == "these votes" else ""
            yield f"All {of}{these} {parts[0].verb} {parts[0].to}."
        elif len(parts) == 1:
            yield f"It {SINGULAR[parts[0].verb]} {parts[0].to}."
        elif parts:
            yield f"Of {these} {_where(counted, parts)}."


class _Part(NamedTuple):
    votes: int
    verb: str
    to: str


def _parts(counted: Counted, round_: Round, sources: Sequence[str]) -> list[_Part]:
    """Return where votes go: to the first few receivers by name, to others, to nobody; what rounding loses left out."""
    to: list[_Part] = []
    rest = {"non-transferable": 0, NOT_NEEDED: 0}
    for receiver in receivers(counted, round_, sources):
        if receiver.candidate is not None:
            to.append(_Part(receiver.votes, "go", f"to {receiver.name}"))
        elif receiver.ending is not Ending.RESIDUE:
            rest[NOT_NEEDED if receiver.ending is Ending.SURPLUS else "non-transferable"] += receiver.votes
    if len(to) > NAMED_AT_MOST + 1:
        others = to[NAMED_AT_MOST:]
        to[NAMED_AT_MOST:] = [_Part(sum(part.votes for part in others), "go", f"to {len(others)} others")]
    return [*to, *(_Part(votes, "are", what) for what, votes in rest.items() if votes)]


def _where(counted: Counted, parts: Sequence[_Part]) -> str:
    """Return "10 (66.7%) go to Cherry and 5 (33.3%) are non-transferable"; shares alone where votes are divided."""
    whole, divided = sum(part.votes for part in parts), counted.places
    if len(parts) == 1:
        return (
            f"all {parts[0].verb} {parts[0].to}"
            if whole > 10**divided
            else f"it {SINGULAR[parts[0].verb]} {parts[0].to}"
        )
    shown, before = [], ""
    for votes, verb, to in parts:
        amount = percent(votes, whole) if divided else f"{number(votes)} ({percent(votes, whole)})"
        inflected = SINGULAR[verb] if votes == 1 and not divided else verb
        shown.append(f"{amount} {to}" if verb == before == "go" else f"{amount} {inflected} {to}")
        before = verb
    return listed(shown)


def _ahead_of(counted: Counted, round_: Round, candidate: str) -> str:
    """Return ", 5 ahead of the next": of those who are not elected; nothing if that is not so."""
    elected = {*round_.seated, *decided(round_, "elected")}
    others = [strength(round_, name) for name in round_.votes if name not in elected]
    return _gap(counted, round_, strength(round_, candidate) - max(others), "ahead of") if others else ""


def _behind(counted: Counted, round_: Round, candidate: str) -> str:
    """Return ", 5 behind the next": of those who continue; nothing if that is not so."""
    settled = {*round_.seated, *(decision.candidate for decision in round_.decisions)}
    others = [strength(round_, name) for name in round_.votes if name not in settled]
    return _gap(counted, round_, min(others) - strength(round_, candidate), "behind") if others else ""


def _gap(counted: Counted, round_: Round, gap: Fraction | int, side: str) -> str:
    if gap <= 0:
        return ""
    amount = f"{points(Fraction(gap))} points" if round_.scores else brief(int(gap), counted.places)
    return f", {amount} {side} the next"


def _share(counted: Counted, round_: Round, candidate: str) -> str:
    """Return what a candidate has, and of how much: "198,962 of 392,246 votes (50.7%)"."""
    if round_.scores or round_.seated:
        return _held(counted, round_, candidate)
    votes, whole = round_.votes[candidate], sum(round_.votes.values())
    return f"{brief(votes, counted.places)} of {_votes(counted, whole)} ({percent(votes, whole)})"


def _held(counted: Counted, round_: Round, candidate: str) -> str:
    if round_.scores:
        return f"{round_.scores[candidate].points}% of the electoral college"
    return _votes(counted, round_.votes[candidate])


def _votes(counted: Counted, units: int) -> str:
    return f"{brief(units, counted.places)} {'vote' if units == 10**counted.places else 'votes'}"


def _are(counted: Counted, *, one: bool) -> str:
    return ("is" if one else "are") if counted.final else "would be"


def _named(counted: Counted, candidates: Sequence[str]) -> str:
    return listed([counted.names[candidate] for candidate in candidates])


def _of(decisions: Decisions) -> list[str]:
    return [decision.candidate for decision in decisions]


def _by_reason(round_: Round, outcome: str) -> Iterator[tuple[str, Decisions]]:
    chosen = (d for d in round_.decisions if d.outcome == outcome)
    for why, group in groupby(chosen, key=lambda d: d.why):
        yield why, list(group)
