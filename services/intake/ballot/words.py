"""Words that are not in a template: sentences that follow a ranking, what the script says, why a code is refused.

`words/*.po` has them in other languages.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "words"
"""Of the catalogues."""

SENTENCES: Final[Mapping[str, str]] = {
    "nobody": "You have ranked nobody. In this contest your vote goes to nobody; that is allowed.",
    "nothing": "As it stands, your vote goes to nobody in this contest.",
    "each-seat": "Each seat is counted anew with your whole ranking, without those already elected.",
    "first": "Your vote goes to %(name)s.",
    "first-several": "Your vote goes to whichever of %(names)s is alone still in the count; while several are, it stops there.",
    "then": "If %(out)s is eliminated, it goes to %(name)s.",
    "then-too": "If %(out)s is eliminated too, it goes to %(name)s.",
    "share-then": "If %(out)s is eliminated, or has more votes than needed, your vote (or the part not needed) goes to %(name)s.",
    "share-then-too": "From %(out)s it goes to %(name)s in the same way.",
    "after": "After that it goes to %(name)s.",
    "after-several": "After that it goes to whichever of %(names)s is alone still in the count; while several are, it stops there.",
    "and-so-on": "And so on in your order, down to %(name)s.",
    "end": "If %(out)s is eliminated, it stops there.",
    "end-too": "If %(out)s is eliminated too, it stops there.",
    "share-end": "If %(out)s is eliminated, or has more votes than needed, it goes no further.",
    "share-end-too": "After %(out)s it goes no further.",
    "plurality": "Only first choices count in this contest.",
    "supplementary": "If %(name)s is not one of the two with the most votes, it goes to the one of those two whom you rank higher.",
    "supplementary-end": "If %(name)s is not one of the two with the most votes, it stops there.",
    "skipped": "No candidate has number %(ranks)s. That is passed over: number %(rank)s counts next.",
    "skipped-ends": "No candidate has number %(ranks)s. By the rules of this contest your vote ends there: number %(rank)s and later do not count.",
    "equal-exhaust": "%(names)s share number %(rank)s. By the rules of this contest your vote ends there: number %(rank)s and later do not count.",
    "equal-skip": "%(names)s share number %(rank)s. By the rules of this contest that number is passed over.",
    "equal-exhaust-if-several-continue": "%(names)s share number %(rank)s. By the rules of this contest it counts only if just one of them is still in the count; otherwise your vote ends there.",
    "beyond": "Only the first %(most)s choices count in this contest; the later ones do not.",
    "beyond-one": "Only your first choice counts in this contest; the later ones do not.",
    "withdrawn": "%(name)s has withdrawn and gets no votes. Your next choice counts instead.",
    "share-nobody": "You have chosen no project. Your share of the budget then pays for nothing; that is allowed.",
    "share-nothing": "As it stands, your share of the budget pays for nothing.",
    "share-approved": "Your share of the budget can help to pay for %(names)s.",
    "share-ranked": "Your share of the budget can help to pay for %(names)s: the higher a project stands, the more it counts.",
    "withdrawn-project": "%(name)s has been withdrawn and cannot be funded.",
    "few": "You have ranked %(ranked)s of %(all)s. That is allowed; the more you rank, the longer your vote counts.",
}

SCRIPT: Final[Mapping[str, str]] = {
    "ranked": "%(name)s is your choice %(rank)s.",
    "unranked": "%(name)s is no longer ranked.",
    "choice": "choice %(rank)s",
    "not ranked": "not ranked",
    "undone": "Undone.",
    "cleared": "Nobody is ranked any more.",
    "up": "Move up: %(names)s",
    "down": "Move down: %(names)s",
    "remove": "Remove: %(names)s",
    "empty": "nobody",
}

SENDING: Final[Mapping[str, str]] = {
    "sending": "Sending your ballot…",
    "offline": "There is no connection at the moment. Your ballot is not confirmed yet; it is sent again by itself as soon as there is one.",
    "unanswered": "There was no answer. Your ballot may be in or not; it is sent again by itself in %(seconds)s seconds and counts once.",
    "busy": "The service is very busy or just starting again. Your ballot is not confirmed yet; it is sent again by itself in %(seconds)s seconds.",
}

FAULTS: Final[Mapping[str, str]] = {
    "no code": "Please type your voting code.",
    "not a code": "Something is missing or mistyped. Please type the code just as it is in your letter. Capital or small letters make no difference.",
    "wrong code": "This code does not belong to this election. Please compare every character with your letter, and make sure that the letter is for this election.",
    "too many": "There were many wrong codes from your connection. Please wait a minute, then try again. Your code stays good.",
}

MESSAGES: Final[Sequence[str]] = tuple(
    message for of in (SENTENCES, SCRIPT, SENDING, FAULTS) for message in of.values()
)
"""All of them, for the catalogues."""
