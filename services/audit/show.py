"""Records of a shard in a sentence each, and as facts. Neither names an elector, a ranking or a voting code. Pure."""

from collections import Counter
from typing import Any, NamedTuple

from shared.contract.codec import UnknownVersion, Unreadable, decode_cast, decode_judged
from shared.contract.codes import COMMITMENT_BYTES
from shared.contract.events import LogFounded, RollCommitted, SignedRecord, VersionAdmitted, derived
from shared.contract.packs import Pack
from shared.contract.verdicts import ControlJudged

CONTROL_FACTS = ("election", "control_id", "follows", "by", "reason", "at", "contest", "candidate")


class Described(NamedTuple):
    """A record in a sentence, and what is in it as JSON carries it."""

    sentence: str
    facts: dict[str, Any]


def described(value: bytes, *, judged: bool) -> Described:
    """Return what a record of `ballots.cast` or `ballots.judged` says."""
    return _judged(value) if judged else _cast(value)


def _cast(value: bytes) -> Described:
    try:
        record = decode_cast(value)
    except UnknownVersion as fault:
        return Described(str(fault), {"type": fault.tag})
    if isinstance(record, Pack):
        contests = len(record.marks)
        facts = {
            "type": "ballot-pack/1",
            "election": record.election,
            "ballots": record.ballots,
            "contests": contests,
        }
        return Described(
            f"pack of {_ballots(record.ballots)} of {record.election}, {contests} contests, {len(value)} bytes",
            facts,
        )
    content = record.content() if isinstance(record, SignedRecord) else None
    if isinstance(record, Unreadable) or content is None:
        why = record.why if isinstance(record, Unreadable) else "signed, but not known"
        return Described(f"cannot be read: {why}", {"type": "unreadable", "why": why})
    return _content(content, len(record.signatures))


def _content(content: Any, signatures: int) -> Described:
    facts: dict[str, Any] = {"type": content.type, "log": content.log, "signatures": signatures}
    if isinstance(content, LogFounded):
        return Described(
            f"founds shard {content.shard} of {content.shards} of log {content.log}",
            facts | {"shards": content.shards},
        )
    if isinstance(content, VersionAdmitted):
        return Described(f"admits records of {content.version}", facts | {"version": content.version})
    if isinstance(content, RollCommitted):
        size = len(content.commitments) // COMMITMENT_BYTES
        last = content.first + size - 1
        more = {"election": content.election, "first": content.first, "electors": size}
        return Described(
            f"roll of {content.election}: commitments of places {content.first} to {last}, by {content.by}",
            facts | more,
        )
    control = derived(content)
    facts |= {name: getattr(control, name) for name in CONTROL_FACTS if hasattr(control, name)}
    because = f": {control.reason}" if control.reason else ""
    kind = control.type.partition("/")[0]
    return Described(
        f"{kind} {control.election}, by {control.by} at {control.at}, {signatures} signatures{because}", facts
    )


def _judged(value: bytes) -> Described:
    try:
        record = decode_judged(value)
    except (UnknownVersion, ValueError) as fault:
        return Described(str(fault), {"type": "unreadable", "why": str(fault)})
    if isinstance(record, ControlJudged):
        kind = (
            "record of the log or roll" if record.control is None else record.control.type.partition("/")[0]
        )
        why = f" ({record.why})" if record.why else ""
        facts = {"type": record.type, "record": record.source, "effect": record.effect, "why": record.why}
        return Described(f"on record {record.source}, {kind}: {record.effect}{why}", facts)
    reasons: Counter[str] = Counter()
    for reason, ballots in record.outcomes:
        reasons[reason] += ballots
    outcome = ", ".join(f"{reason} {ballots}" for reason, ballots in reasons.items())
    of = f" of {record.election}" if record.election else ""
    facts = {"type": "verdicts/2", "since": record.since, "upto": record.upto, "election": record.election}
    return Described(
        f"on records {record.since} to {record.upto - 1}, {_ballots(sum(reasons.values()))}{of}: {outcome}",
        facts | {"reasons": dict(reasons)},
    )


def _ballots(number: int) -> str:
    return "1 ballot" if number == 1 else f"{number:,} ballots"
