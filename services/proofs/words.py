"""What the receipt page's script says. `words/*.po` has it in other languages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from services.proofs.superseded import IN_WORDS as SUPERSEDED
from shared.contract.verdicts import IN_WORDS

FOLDER: Final = Path(__file__).parent / "words"
"""Of the catalogues."""

SCRIPT: Final[Mapping[str, str]] = {
    "no text": "This is no receipt: expected the text of its file with the brackets, its link, or all of its 64 digits.",
    "no receipt": "This is no receipt: a part of it is missing.",
    "no code": "This is no voting code: it looks like 0CKR7-1-8F3K-2M9Q-X4AB-7TDC, without a U.",
    "unknown": "This ballot is not in the log, or was not judged yet. If you have just voted, ask again in a few seconds. If this stays so, show your receipt to the returning officer.",
    "no answer": "The log does not answer at present. Ask again in a moment.",
    "no proof yet": "The ballot is recorded and judged. Its proof comes with the next signed root: ask again in a few seconds.",
    "no proof": "This receipt holds no proof. Look it up where there is a network, and download it with its proof.",
    "other code": "Not proved: this receipt is not of a ballot that was cast with this voting code.",
    "bad proof": "Not proved: the proof does not hold. Show this receipt to the returning officer.",
    "old browser": "This browser cannot check the log's signatures (Ed25519); a newer one can.",
    "accepted": "The ballot is in the log and was accepted.",
    "accepted, yours": "Your ballot is in the log and was accepted.",
    "superseded": "The ballot is in the log and was accepted. A later ballot of the same elector has superseded it: the later one counts.",
    "superseded, yours": "Your ballot is in the log and was accepted. A later ballot of the same elector has superseded it: the later one counts.",
    "refused": "The ballot is in the log, and was not accepted: %(why)s.",
    "refused, yours": "Your ballot is in the log, and was not accepted: %(why)s.",
    "was recorded": "Recorded",
    "where": "shard %(shard)s, record %(record)s, ballot %(ballot)s in it",
    "shard": "shard %(shard)s",
    "was judged": "Judged",
    "judged accepted": "accepted: %(why)s",
    "judged refused": "not accepted: %(why)s",
    "was proved": "Proved",
    "leaf": "leaf %(leaf)s of %(leaves)s, under a root that the log has signed",
    "counted": "Counted: %(contest)s",
    "standing": "in standing %(standing)s and each later one (%(status)s)",
    "pre-election": "voting has not begun",
    "unofficial-partial": "ballots are still coming in",
    "unofficial-complete": "voting has closed",
    "certified": "certified",
    "detail": "What exactly does not hold",
    "download": "Download the receipt with its proof",
}
ANSWER: Final[Mapping[str, str]] = {
    "no form": "That could not be read: expected the receipt alone, as this page's form sends it.",
    "a code": "This is a voting code, not a receipt. It is needed for voting alone: give it to nobody else, nor to this page.",
    "its proof": "Its proof",
    "proof later": "comes with the next signed root: ask again in a few seconds",
}
"""What the server says besides when no script runs."""
VERDICTS: Final[Mapping[str, str]] = {reason.value: said for reason, said in IN_WORDS.items()}
MESSAGES: Final[Sequence[str]] = (*SCRIPT.values(), *ANSWER.values(), *VERDICTS.values(), SUPERSEDED)
"""All of them, for the catalogues."""
