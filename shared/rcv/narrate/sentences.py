"""What a round decides, by how much, and where the votes go: a sentence or two of plain English.

Rule 1: everybody is called by name; nobody is he, she or they.
Rule 2: small numbers are told as votes, large ones as shares; of many receivers the first few are named.
Rule 3: a tie is always told, with what settled it.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import groupby
from typing import Final

from shared.rcv.count.rounds import Decision, Round, Why
from shared.rcv.narrate.grid import surpluses
from shared.rcv.narrate.transfers import went
from shared.rcv.narrate.voice import Voice
from shared.rcv.narrate.words import SETTLED, listed

Decisions = Sequence[Decision]


def round_sentence(round_: Round, voice: Voice) -> str:
    """Return what one round says."""
    if not any(round_.votes):
        return "Nobody has a vote, so nothing is decided."
    said = [sentence for part in _PARTS for sentence in part(round_, voice)]
    return " ".join(said) or "Nothing further is decided in this round."


def _ties(round_: Round, voice: Voice) -> Iterator[str]:
    for d in round_.decisions:
        if d.settled_by != "votes" and d.tied:
            level = f"{voice.named(d.tied)} are level with {voice.held(d.candidate, round_)}"
            yield f"{level}; {SETTLED[d.settled_by]}."


def _elections(round_: Round, voice: Voice) -> Iterator[str]:
    for why, decisions in _by_reason(round_, "elected"):
        yield _ELECTED.get(why, _ahead)(decisions, round_, voice)


def _surpluses(round_: Round, voice: Voice) -> Iterator[str]:
    for c in surpluses(round_):
        moved = sum(t.votes for t in round_.transfers if t.source == c)
        surplus = f"The surplus of {voice.names[c]}, {voice.votes(moved)}, moves on"
        yield f"{surplus}{_went(': ', {c}, round_, voice)}."


def _falls(round_: Round, voice: Voice) -> Iterator[str]:
    for why, decisions in _by_reason(round_, "eliminated"):
        alone = len(decisions) == 1
        told = _last(decisions[0], round_, voice) if alone else _together(decisions, voice)
        moved = voice.votes(sum(round_.votes[d.candidate] for d in decisions))
        of = "; of these " if alone and not round_.scores else f"; of {moved} "
        yield f"{told}{_FELL.get(why, '')}{_went(of, {d.candidate for d in decisions}, round_, voice)}."


def _ahead(decisions: Decisions, round_: Round, voice: Voice) -> str:
    return " ".join(
        f"{voice.names[d.candidate]} is elected with {voice.share(d.candidate, round_)}"
        f"{_margin(d, round_, voice, 'ahead of')}."
        for d in decisions
    )


def _reach(decisions: Decisions, round_: Round, voice: Voice) -> str:
    held = listed([f"{voice.names[d.candidate]} with {voice.held(d.candidate, round_)}" for d in decisions])
    reach, are = ("reaches", "is") if len(decisions) == 1 else ("reach", "are")
    return f"{held} {reach} the quota of {voice.amount(round_.threshold or 0)} and {are} elected."


def _remain(decisions: Decisions, _: Round, voice: Voice) -> str:
    names = voice.named([d.candidate for d in decisions])
    seats = "takes the last seat" if len(decisions) == 1 else f"take the last {len(decisions)} seats"
    return f"{names} {seats}: as many are left as there are seats."


def _share_reached(decisions: Decisions, _: Round, voice: Voice) -> str:
    names = voice.named([d.candidate for d in decisions])
    are = "is" if len(decisions) == 1 else "are"
    return f"{names} {are} elected: all who remain have the share asked for."


def _last(decision: Decision, round_: Round, voice: Voice) -> str:
    name = voice.names[decision.candidate]
    if not round_.votes[decision.candidate]:
        return f"{name} is out without a vote"
    return f"{name} is out with {voice.held(decision.candidate, round_)}{_margin(decision, round_, voice, 'behind')}"


def _together(decisions: Decisions, voice: Voice) -> str:
    return f"{voice.named([d.candidate for d in decisions])} are out together"


def _margin(decision: Decision, round_: Round, voice: Voice, side: str) -> str:
    if not decision.margin or round_.scores:
        return ""
    return f", {voice.amount(decision.margin)} {side} the next"


def _went(opening: str, sources: Container[int], round_: Round, voice: Voice) -> str:
    told = went([t for t in round_.transfers if t.source in sources], voice)
    return f"{opening}{told}" if told else ""


def _by_reason(round_: Round, outcome: str) -> Iterator[tuple[Why, list[Decision]]]:
    decisions = (d for d in round_.decisions if d.outcome == outcome)
    for why, group in groupby(decisions, key=lambda d: d.why):
        yield why, list(group)


_PARTS: Final = (_ties, _elections, _surpluses, _falls)
_ELECTED: Final[dict[Why, Callable[[Decisions, Round, Voice], str]]] = {
    "quota": _reach,
    "remaining": _remain,
    "percentage": _share_reached,
}
_FELL: Final[dict[Why, str]] = {
    "batch": ", for none of them could still catch up",
    "write-in": ", as undeclared write-ins always are",
    "below-minimum": ", below the votes asked for",
    "below-percentage": ", below the share asked for",
    "not-in-top-two": ", for only the first two go on",
}
