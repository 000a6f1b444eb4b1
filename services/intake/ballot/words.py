"""Words that are not in a template: sentences that follow a ranking, what the script says, why a code is refused.

Each is marked, so that it is found for the catalogues of other languages (`words/*.po`).
"""

from collections.abc import Mapping
from typing import Final


def marked(msgid: str) -> str:
    """Return a message as it is; the mark is for `catalogue.messages`."""
    return msgid


SENTENCES: Final[Mapping[str, str]] = {
    "nobody": marked("You have ranked nobody. In this contest your vote goes to nobody; that is allowed."),
    "nothing": marked("As it stands, your vote goes to nobody in this contest."),
    "each-seat": marked("Each seat is counted anew with your whole ranking, without those already elected."),
    "first": marked("Your vote goes to %(name)s."),
    "first-several": marked(
        "Your vote goes to whichever of %(names)s is alone still in the count; while several are, it stops there."
    ),
    "then": marked("If %(out)s is eliminated, it goes to %(name)s."),
    "then-too": marked("If %(out)s is eliminated too, it goes to %(name)s."),
    "share-then": marked(
        "If %(out)s is eliminated, or has more votes than needed, your vote (or the part not needed) goes to %(name)s."
    ),
    "share-then-too": marked("From %(out)s it goes to %(name)s in the same way."),
    "after": marked("After that it goes to %(name)s."),
    "after-several": marked(
        "After that it goes to whichever of %(names)s is alone still in the count; while several are, it stops there."
    ),
    "and-so-on": marked("And so on in your order, down to %(name)s."),
    "end": marked("If %(out)s is eliminated, it stops there."),
    "end-too": marked("If %(out)s is eliminated too, it stops there."),
    "share-end": marked("If %(out)s is eliminated, or has more votes than needed, it goes no further."),
    "share-end-too": marked("After %(out)s it goes no further."),
    "plurality": marked("Only first choices count in this contest."),
    "supplementary": marked(
        "If %(name)s is not one of the two with the most votes, it goes to the one of those two whom you rank higher."
    ),
    "supplementary-end": marked("If %(name)s is not one of the two with the most votes, it stops there."),
    "skipped": marked("No candidate has number %(ranks)s. That is passed over: number %(rank)s counts next."),
    "skipped-ends": marked(
        "No candidate has number %(ranks)s. By the rules of this contest your vote ends there: number %(rank)s and later do not count."
    ),
    "equal-exhaust": marked(
        "%(names)s share number %(rank)s. By the rules of this contest your vote ends there: number %(rank)s and later do not count."
    ),
    "equal-skip": marked(
        "%(names)s share number %(rank)s. By the rules of this contest that number is passed over."
    ),
    "equal-exhaust-if-several-continue": marked(
        "%(names)s share number %(rank)s. By the rules of this contest it counts only if just one of them is still in the count; otherwise your vote ends there."
    ),
    "beyond": marked("Only the first %(most)s choices count in this contest; the later ones do not."),
    "withdrawn": marked("%(name)s has withdrawn and gets no votes. Your next choice counts instead."),
    "few": marked(
        "You have ranked %(ranked)s of %(all)s. That is allowed; the more you rank, the longer your vote counts."
    ),
}

SCRIPT: Final[Mapping[str, str]] = {
    "ranked": marked("%(name)s is your choice %(rank)s."),
    "unranked": marked("%(name)s is no longer ranked."),
    "choice": marked("choice %(rank)s"),
    "not ranked": marked("not ranked"),
    "undone": marked("Undone."),
    "cleared": marked("Nobody is ranked any more."),
    "up": marked("Move up: %(names)s"),
    "down": marked("Move down: %(names)s"),
    "remove": marked("Remove: %(names)s"),
    "empty": marked("nobody"),
}

SENDING: Final[Mapping[str, str]] = {
    "sending": marked("Sending your ballot…"),
    "offline": marked(
        "There is no connection at the moment. Your ballot is not confirmed yet; it is sent again by itself as soon as there is one."
    ),
    "unanswered": marked(
        "There was no answer. Your ballot may be in or not; it is sent again by itself in %(seconds)s seconds and counts once."
    ),
    "busy": marked(
        "Many people are voting at this moment. Your ballot is not confirmed yet; it is sent again by itself in %(seconds)s seconds."
    ),
}

FAULTS: Final[Mapping[str, str]] = {
    "no code": marked("Please type your voting code."),
    "not a code": marked(
        "Something is missing or mistyped. Please type the code just as it is in your letter. Capital or small letters make no difference."
    ),
    "wrong code": marked(
        "This code does not belong to this election. Please compare every character with your letter, and make sure that the letter is for this election."
    ),
    "too many": marked(
        "There were many wrong codes from your connection. Please wait a minute, then try again. Your code stays good."
    ),
}
