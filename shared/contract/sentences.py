"""An order in words: what will happen if it is signed. Pure; made of the payload alone, which is what the signature is over.

The console shows it before an order is proposed for signing, and the signer, on the official's own machine, before it signs.
"""

from collections.abc import Callable
from typing import Any, Final, get_args

from shared.contract.batches import runs_in_words
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    CodeReissued,
    Control,
    ElectionCancelled,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
    KeyReplaced,
)
from shared.contract.lifecycle import Command

Irreversible = ElectionConfigured | ElectionOpened | ElectionClosed | ElectionCancelled
IRREVERSIBLE: Final[tuple[type, ...]] = get_args(Irreversible)
"""Orders that nothing takes back: the election's id is typed before they are signed."""


def in_words(control: Control) -> str:
    """Return what a control does, in plain sentences."""
    return _WORDS[type(control)](control)


def is_irreversible(command: Command) -> bool:
    """Return whether nothing takes an order back."""
    return command.control in IRREVERSIBLE


def _configured(of: ElectionConfigured) -> str:
    definition = of.definition
    marked = "It is an election that counts" if definition.epoch == "live" else "It is a test"
    return (
        f"{of.election} ({definition.title}) is frozen: {definition.electors:,} electors, {len(definition.contests)} contests. "
        f"{marked}. Nothing in it can change any more."
    )


def _opened(of: ElectionOpened) -> str:
    electors = sum(part.electors for part in of.roll)
    return f"Voting in {of.election} begins for {electors:,} electors. Their roll cannot be exchanged afterwards."


def _certified(of: ElectionCertified) -> str:
    results = "; ".join(f"{contest}: {found}" for contest, found in sorted(of.result_hashes.items()))
    replaced = (
        ""
        if of.replaces is None
        else f" It takes the place of certificate {of.replaces}, which no longer holds."
    )
    return (
        f"The results of {of.election} are certified as the audit of {sum(of.watermark):,} records "
        f"found them. {results}.{replaced}"
    )


def _voided(of: ElectorVoided) -> str:
    if of.electors is not None:
        return (
            f"{runs_in_words(of.electors)} of {of.election} have no vote: ballots that were cast are taken out of the count, "
            "ones that come later are refused. They can be restored."
        )
    return (
        f"Elector {of.elector} of {of.election} has no vote: a ballot that was cast is taken out of the count, "
        "one that comes later is refused. It can be restored."
    )


def _restored(of: ElectorRestored) -> str:
    if of.electors is not None:
        return (
            f"{runs_in_words(of.electors)} of {of.election} may vote again, and ballots that were taken out count again, "
            "by whichever order they were."
        )
    return (
        f"Elector {of.elector} of {of.election} may vote again, and a ballot that was taken out counts again."
    )


_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    ElectionConfigured: _configured,
    ElectionOpened: _opened,
    ElectionPaused: lambda of: f"Ballots in {of.election} are refused until it is resumed.",
    ElectionResumed: lambda of: f"Ballots in {of.election} count again.",
    ElectionClosed: lambda of: f"Voting in {of.election} ends. It cannot be opened again.",
    ElectionCancelled: lambda of: (
        f"{of.election} comes to nothing: no ballot counts any more, and no result is shown or certified. Nothing takes it back."
    ),
    ElectorVoided: _voided,
    ElectorRestored: _restored,
    CodeReissued: lambda of: (
        f"Elector {of.elector} of {of.election} gets a new voting code, and the old one is worth nothing. A vote that was "
        "cast stands."
    ),
    CandidateWithdrawn: lambda of: (
        f"{of.candidate} is out of {of.election}/{of.contest}: ballots go to whom they rank next. It can be taken back."
    ),
    CandidateReinstated: lambda of: f"{of.candidate} is in {of.election}/{of.contest} again.",
    KeyReplaced: lambda of: (
        f"In {of.election} the key {of.new.key} of {of.new.name} takes the place of {of.old}, which can sign nothing any more."
    ),
    ElectionCertified: _certified,
}
