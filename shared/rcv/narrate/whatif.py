"""What-ifs as JSON and as sentences: who wins if somebody drops out, every possible final, what is safe already.

Votes are whole ballots here, as strings in JSON like those of a count.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from shared.contract.elections import Contest
from shared.rcv.count.rounds import Transfer
from shared.rcv.narrate.words import ENDING_IN_WORDS, listed, names_of, plural
from shared.rcv.scenarios import DroppedOut, Final, Safe, WhatIf

Json = dict[str, Any]


def whatif_document(contest: Contest, answers: WhatIf) -> Json:
    """Return the answers as JSON takes them, those that were asked for."""
    names = names_of(contest)
    shown: Json = {"elected": _named(answers.count.elected, names)}
    if answers.drops:
        shown["drop"] = [
            {
                "candidates": _named(drop.candidates, names),
                "elected": _named(drop.elected, names),
                "transfers": [_transfer(transfer, names) for transfer in drop.transfers],
            }
            for drop in answers.drops
        ]
    if answers.finals:
        shown["pairs"] = {
            "condorcet": None if answers.condorcet is None else names[answers.condorcet],
            "finals": [_final(final, names) for final in answers.finals],
        }
    if answers.safe is not None:
        shown["safe"] = _safe(answers.safe, names) | {"up_to": answers.safe_up_to}
    if answers.changes_needed is not None:
        shown["close"] = {
            "changes_needed": answers.changes_needed,
            "votes_needed": {names[c]: votes for c, votes in answers.votes_needed.items()},
        }
    return shown


def result_sentence(contest: Contest, answers: WhatIf) -> str:
    """Return who is elected as the ballots are."""
    return f"As the ballots are, {elected_in_words(contest, answers.count.elected)}."


def elected_in_words(contest: Contest, elected: Sequence[int]) -> str:
    """Return "Ada is elected", "Ada and Basil are elected" or "nobody is elected"."""
    named = listed(_named(elected, names_of(contest))) or "nobody"
    return f"{named} {'are' if len(elected) > 1 else 'is'} elected"


def goes_to(contest: Contest, drop: DroppedOut) -> str:
    """Return where the ballots go of those who drop out: "Basil 9, nobody 2 (no further choice)"."""
    names = names_of(contest)
    received: dict[str, int] = {}
    for transfer in sorted(drop.transfers, key=lambda transfer: -transfer.votes):
        to = (
            f"nobody ({ENDING_IN_WORDS[transfer.ending].lower()})"
            if transfer.ending is not None
            else names[transfer.target or 0]
        )
        received[to] = received.get(to, 0) + transfer.votes
    return ", ".join(f"{to} {votes:,}" for to, votes in received.items()) or "no ballots"


def condorcet_sentence(contest: Contest, winner: str | None) -> str:
    """Return who wins every final, by name, if anybody does; of an electoral college, that shares are not looked at."""
    if winner is None:
        said = "Nobody wins every final: there is no Condorcet winner."
    else:
        said = f"{winner} wins every final: the Condorcet winner."
    shares = " Here every ballot counts alike, whatever its section's share."
    return said + (shares if contest.method == "electoral-college" else "")


def safe_sentences(contest: Contest, safe: Safe) -> Iterator[str]:
    """Yield whether the leader is safe with so many ballots outstanding, and why."""
    names = names_of(contest)
    for call in safe.calls:
        out = listed(_named(call.eliminated, names))
        have, are = ("have", "are") if len(call.eliminated) > 1 else ("has", "is")
        yield (
            f"{out} {are} certain to be eliminated before all others: with every outstanding ballot {out} {have}"
            f" {call.bound:,} at most, and each of the others has {call.least:,} at least."
        )
    after = " then" if safe.calls else ""
    half = f"half of all {safe.of:,} votes, outstanding ballots included"
    if safe.elected is not None:
        yield (
            f"{names[safe.elected]} is certain to be elected: {safe.votes:,} votes{after} are more than {half}."
        )
    else:
        yield (
            f"Nobody is certain to be elected: {names[safe.leader]} leads{after} with {safe.votes:,} votes,"
            f" not more than {half}."
        )


def safe_up_to_sentence(contest: Contest, answers: WhatIf) -> str:
    """Return with how many further ballots the election is still certain."""
    if answers.safe_up_to is None:
        return "Nothing is certain: any further ballot could change who is elected."
    elected = listed(_named(answers.count.elected, names_of(contest)))
    if not answers.safe_up_to:
        return f"{elected} is certain to be elected as the ballots are; one further ballot could change that."
    further = plural(answers.safe_up_to, "further ballot", "further ballots")
    return f"{elected} is certain to be elected with up to {further}, whatever is on them."


def close_sentences(contest: Contest, answers: WhatIf) -> Iterator[str]:
    """Yield how few ballots could have changed the count, if that is known."""
    names = names_of(contest)
    if answers.changes_needed is not None:
        least = plural(answers.changes_needed, "further ballot", "further ballots")
        yield f"{least} could change who is eliminated or elected first."
    if answers.votes_needed:
        needed = [f"{names[c]} {plural(n, 'vote', 'votes')}" for c, n in answers.votes_needed.items()]
        yield f"More votes that would have kept them in for another round: {', '.join(needed)}."


def _safe(safe: Safe, names: Sequence[str]) -> Json:
    return {
        "outstanding": safe.outstanding,
        "elected": None if safe.elected is None else names[safe.elected],
        "leader": names[safe.leader],
        "votes": str(safe.votes),
        "of": str(safe.of),
        "calls": [
            {
                "eliminated": _named(call.eliminated, names),
                "at_most": str(call.bound),
                "others_at_least": str(call.least),
            }
            for call in safe.calls
        ],
    }


def _final(final: Final, names: Sequence[str]) -> Json:
    return {
        "candidates": _named(final.pair, names),
        "votes": [str(votes) for votes in final.votes],
        "neither": str(final.neither),
        "winner": None if final.winner is None else names[final.winner],
    }


def _transfer(transfer: Transfer, names: Sequence[str]) -> Json:
    to = None if transfer.target is None else names[transfer.target]
    moved = {"from": names[transfer.source], "to": to, "votes": str(transfer.votes)}
    return moved if transfer.ending is None else moved | {"why": transfer.ending}


def _named(candidates: Sequence[int], names: Sequence[str]) -> list[str]:
    return [names[c] for c in candidates]
