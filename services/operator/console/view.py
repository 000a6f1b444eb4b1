"""What the console's pages show of an election, as plain values. Pure: a template formats them and decides nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.operator.book import Entry
from services.operator.counted import Tile
from services.operator.orders import refusal
from services.operator.proposals import Proposal
from services.operator.refusals import why_not
from services.operator.schedule import Scheduled
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command, approvals_needed

WHAT: Final[dict[Command, tuple[str, str]]] = {
    Command.OPEN: ("Ballots count from now on, for the roll that is uploaded.", ""),
    Command.PAUSE: ("Ballots are refused until it is resumed.", ""),
    Command.RESUME: ("Ballots count again.", ""),
    Command.CLOSE: ("Voting ends. There is no way back.", ""),
    Command.CERTIFY: ("An independent recount must agree in every round.", ""),
    Command.VOID: ("An elector's vote is taken out of the count, or those of a batch.", " --elector NUMBER"),
    Command.RESTORE: ("A void is taken back, or those of a batch.", " --elector NUMBER"),
    Command.WITHDRAW: ("A candidate is withdrawn: ballots go to whom they rank next.", " CONTEST/CANDIDATE"),
    Command.REINSTATE: ("A withdrawal is taken back.", " CONTEST/CANDIDATE"),
    Command.REISSUE: ("An elector gets a new code; a vote that was cast stands.", " --elector NUMBER"),
    Command.REPLACE_KEY: (
        "An official's lost key is replaced; the root key signs too.",
        " --old KEY --name NAME --new KEY",
    ),
    Command.CANCEL: ("The election comes to nothing; no result is shown. There is no way back.", ""),
}
"""What each order does, and what its command takes beside the election."""


ABOUT: Final[dict[Command, tuple[str, ...]]] = {
    Command.VOID: ("elector", "electors", "section"),
    Command.RESTORE: ("elector", "electors", "section"),
    Command.REISSUE: ("elector",),
    Command.WITHDRAW: ("candidate",),
    Command.REINSTATE: ("candidate",),
}
"""What an order's form asks beside the reason. Of `elector`, `electors` (a batch) and `section` it takes one."""


class Check(NamedTuple):
    """One thing to be sure of before an order: whether it holds, and it in words. `bars`: without it the order is refused."""

    holds: bool
    words: str
    bars: bool = False


class Countdown(NamedTuple):
    """A scheduled order: its id, what it is, when by its own time zone, how long until then, and whether it still fits."""

    control_id: str
    what: str
    when: str
    left: str
    fits: bool


class State(NamedTuple):
    """Where an order is: "waits", "not known yet", or what became of it, and that in words."""

    name: str
    words: str


class OrderLine(NamedTuple):
    """An order: its name, what it does, why it is not possible now ("": it is), how many sign, and its command."""

    name: str
    what: str
    against: str
    signatures: int
    command: str


def orders(announced: ElectionAnnounced) -> list[OrderLine]:
    """Return every order with what stands against it in the election's phase; those that are possible come first."""
    definition, lines = announced.definition, []
    for command, (what, words) in WHAT.items():
        against = refusal(announced.phase, command)
        lines.append(
            OrderLine(
                command,
                what,
                against or "",
                _signatures(announced, command),
                f"livecount {command} {definition.id}{words} --reason '…'",
            )
        )
    return sorted(lines, key=lambda line: bool(line.against))


def _signatures(announced: ElectionAnnounced, command: Command) -> int:
    definition = announced.definition
    if command is Command.REPLACE_KEY:  # the root key, and another official if there is one
        return min(2, len(definition.officials))
    return approvals_needed(definition, announced.phase, command.control)


def checklist(
    announced: ElectionAnnounced, command: Command, tile: Tile, keys: Mapping[str, str], waiting: int
) -> list[Check]:
    """Return what should hold before an order; what bars it is refused by the service, too."""
    needed = _signatures(announced, command)
    against = refusal(announced.phase, command)
    found = [
        Check(
            against is None,
            against or f"The election is {announced.phase}.",
            True,
        ),
        Check(
            needed <= len(keys),
            f"{needed} of {len(keys)} officials must sign: {', '.join(sorted(keys.values())) or 'nobody is named'}.",
            True,
        ),
        Check(
            not waiting,
            "No other order waits for signatures."
            if not waiting
            else f"{waiting} other orders wait for signatures: whichever is carried out first, the others must be given again.",
        ),
    ]
    if command in (Command.CLOSE, Command.CERTIFY):
        known = "; ".join(tile.reasons[:3])
        yes = tile.answer == "Yes"
        found.append(
            Check(
                yes,
                "All accepted ballots are counted."
                if yes
                else f"All ballots counted? {tile.answer}: {known}.",
            )
        )
    return found


def schedule_state(scheduled: Scheduled, left_s: float, *, fits: bool) -> State:
    """Return where an order is that waits for its time."""
    if fits:
        return State(
            "scheduled", f"It is signed, and carried out {left_words(left_s)}: {when_words(scheduled.due)}."
        )
    return State(
        "does not fit", "Another order came first, so it is not carried out. Take it out, and give it anew."
    )


def progress(proposal: Proposal | None, entry: Entry | None, shards: int) -> State:
    """Return where an order is: it waits, it is on its way, or it has come to its end in every shard."""
    if entry is not None and (len(entry.verdicts) == shards or not entry.in_order):
        if entry.applied:
            return State("carried out", "It stands in every shard.")
        return State("no effect", f"It changes nothing: {why_not(entry)}.")
    if entry is not None:
        return State("not known yet", f"It stands in {len(entry.verdicts)} of {shards} shards so far.")
    assert proposal is not None, "an order is proposed or in the log"
    left = proposal.needed - len(proposal.signed)
    if left <= 0:
        return State("not known yet", "It is signed and on its way; no shard has said yet what became of it.")
    signed = ", ".join(proposal.signed) or "nobody"
    return State("waits", f"Signed by {signed}; {left} more must sign.")


def countdown(scheduled: Scheduled, left_s: float, *, fits: bool) -> Countdown:
    """Return how a scheduled order is shown."""
    control = scheduled.control
    what = control.type.partition("/")[0]
    return Countdown(control.control_id, what, when_words(scheduled.due), left_words(left_s), fits)


def when_words(due: datetime) -> str:
    """Return a time with its time zone."""
    return f"{due:%Y-%m-%d %H:%M} UTC{due:%z}".replace("UTC+0000", "UTC")


def left_words(left_s: float) -> str:
    """Return how long it is until something, in the two largest units."""
    if left_s <= 0:
        return "now"
    minutes = int(left_s) // 60
    parts = [
        (minutes // 1440, "d"),
        (minutes // 60 % 24, "h"),
        (minutes % 60, "min"),
        (int(left_s) % 60, "s"),
    ]
    shown = [f"{number} {unit}" for number, unit in parts if number][:2]
    return f"in {' '.join(shown) or '1 s'}"


def parse_due(text: str, zone: str) -> datetime | None:
    """Return a form's time in a time zone; None if it is left out. Raises ValueError."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone.strip()))
    except (ValueError, ZoneInfoNotFoundError) as fault:
        raise ValueError(
            f"expected a time such as 2026-12-01T09:00 and a time zone such as Europe/Berlin: {fault}"
        ) from fault
    if found.astimezone(UTC).astimezone(found.tzinfo).replace(tzinfo=None) != found.replace(tzinfo=None):
        raise ValueError(f"{text} does not exist in {zone}: the clocks go forward then")
    return found


def found_in(entry: Entry, sought: str) -> bool:
    """Return whether a control is what somebody searches for: in its id, kind, who, why, when, or what became of it."""
    control = entry.control
    became = "applied" if entry.applied else "no effect"
    words = (
        f"{control.control_id} {control.type} {control.by} {control.reason} {control.at} {became}".casefold()
    )
    return all(word in words for word in sought.casefold().split())
