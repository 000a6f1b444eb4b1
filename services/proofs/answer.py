"""What the server answers to an elector whose browser runs no script: the look-up in words. Pure.

`static/page.js` says the same of what it has checked by itself; here nobody but this service has checked anything.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from services.proofs.lookup import Found
from services.proofs.receipts import Receipt
from services.proofs.superseded import IN_WORDS as SUPERSEDED
from services.proofs.typed import Typed
from services.proofs.words import ANSWER, SCRIPT, VERDICTS
from shared.contract.verdicts import COUNTED_BALLOTS, Reason
from shared.runtime.process.languages import Language

Kind = Literal["good", "wait", "bad"]
STATUS: Final = {
    "no text": 422,
    "no receipt": 422,
    "a code": 422,
    "no form": 422,
    "unknown": 404,
    "no answer": 503,
}
"""By the key in `words` of what is said when there is nothing to show."""


class Answer(NamedTuple):
    """What is shown of a look-up: a sentence, then facts, then the proof."""

    status: int
    kind: Kind
    sentence: str
    facts: Sequence[tuple[str, str]] = ()
    found: bool = False
    whole: bool = True
    """False: only digits were looked up, so that no election and no ballot id is known."""
    proved: str = ""
    """The receipt with its proof, as JSON; empty while there is none."""
    name: str = ""
    """Of the file to keep it in."""


def no_answer(key: str, language: Language) -> Answer:
    """Return the answer that there is none, by its key in `words`."""
    status = STATUS[key]
    return Answer(
        status, "bad" if status == 422 else "wait", language.translations.gettext({**SCRIPT, **ANSWER}[key])
    )


def answer_of(typed: Typed, found: Found, language: Language) -> Answer:
    """Return a ballot that is recorded and judged, in words."""
    say = language.translations.gettext
    accepted = Reason(found.reason) in COUNTED_BALLOTS
    why = say(SUPERSEDED if found.superseded else VERDICTS[found.reason])
    verdict = "refused" if not accepted else "superseded" if found.superseded else "accepted"
    where = {"shard": found.shard, "record": found.offset, "ballot": found.index + 1}
    facts = [
        (say(SCRIPT["was recorded"]), say(SCRIPT["where"]) % where),
        (
            say(SCRIPT["was judged"]),
            say(SCRIPT["judged accepted" if accepted else "judged refused"]) % {"why": why},
        ),
    ]
    if found.proof is None:
        facts.append((say(ANSWER["its proof"]), say(ANSWER["proof later"])))
    else:
        leaf = {"leaf": found.proof.leaf_index + 1, "leaves": found.proof.checkpoint.split("\n", 2)[1]}
        facts.append((say(ANSWER["its proof"]), say(SCRIPT["leaf"]) % leaf))
    for of in found.standings if accepted else ():
        status = say(SCRIPT[of.status]) if of.status in SCRIPT else of.status
        counted = say(SCRIPT["standing"]) % {"standing": of.sequence, "status": status}
        facts.append((say(SCRIPT["counted"]) % {"contest": of.title}, counted))
    return Answer(
        200,
        "good" if verdict == "accepted" else "wait",
        say(SCRIPT[verdict]) % {"why": why},
        facts,
        found=True,
        whole=bool(typed.ballot_id),
        proved=_proved(typed, found),
        name=f"{typed.election}-receipt-proved.json",
    )


def _proved(typed: Typed, found: Found) -> str:
    """Return the receipt with its proof, as `livecount receipt check` reads it."""
    if found.proof is None or not typed.ballot_id:
        return ""
    receipt = Receipt(
        log=found.log,
        election=typed.election,
        ballot_id=typed.ballot_id,
        shard=found.shard,
        who=found.who,
        proof=found.proof,
    )
    return receipt.model_dump_json(indent=1)
