"""What the console's pages show of an election, as plain values. Pure: a template formats them and decides nothing."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from services.operator.monitor import MonitorFigures, ShardFigures
from services.operator.orders import refusal
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command, approvals_needed
from shared.contract.standings import Standing

SILENT_S: Final = 5.0
"""A shard that has not reported for longer is not known to be well."""
WHAT: Final[dict[Command, tuple[str, str]]] = {
    Command.OPEN: ("Ballots count from now on, for the roll that is uploaded.", ""),
    Command.PAUSE: ("Ballots are refused until it is resumed.", ""),
    Command.RESUME: ("Ballots count again.", ""),
    Command.CLOSE: ("Voting ends. There is no way back.", ""),
    Command.CERTIFY: ("An independent recount must agree in every round.", ""),
    Command.VOID: ("An elector's vote is taken out of the count.", " --elector NUMBER"),
    Command.RESTORE: ("A void is taken back.", " --elector NUMBER"),
    Command.WITHDRAW: ("A candidate is out: ballots go to whom they rank next.", " CONTEST/CANDIDATE"),
    Command.REINSTATE: ("A withdrawal is taken back.", " CONTEST/CANDIDATE"),
    Command.REISSUE: ("An elector gets a new code; a vote that was cast stands.", " --elector NUMBER"),
    Command.REPLACE_KEY: (
        "An official's lost key is replaced; the root key signs too.",
        " --old KEY --name NAME --new KEY",
    ),
}
"""What each order does, and what its command takes beside the election."""


class OrderLine(NamedTuple):
    """An order: its name, what it does, why it is not possible now ("": it is), how many sign, and its command."""

    name: str
    what: str
    against: str
    signatures: int
    command: str


class Tile(NamedTuple):
    """Whether all accepted ballots are counted: yes, no, or not known, and everything that stands against a yes."""

    answer: str
    reasons: list[str]


def orders(announced: ElectionAnnounced) -> list[OrderLine]:
    """Return every order with what stands against it in the election's phase; those that are possible come first."""
    definition, lines = announced.definition, []
    for command, (what, words) in WHAT.items():
        against = refusal(announced.phase, command)
        lines.append(
            OrderLine(
                command,
                what,
                "" if against is None else against.sentence,
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


def all_counted(
    announced: ElectionAnnounced, standings: Mapping[str, Standing], figures: MonitorFigures
) -> Tile:
    """Return whether every ballot that has a verdict, and every record of the log, is in every contest's standing.

    Yes needs a proof of each part: a shard that is silent, stopped or behind, or a standing that is missing, older than
    the verdicts or does not balance, makes it no. What nobody has reported is not known, and never yes.
    """
    judged = {shard.shard: shard for shard in figures.shards if shard.service == "validation"}
    unknown = [f"shard {n}: validation has not reported" for n in range(announced.shards) if n not in judged]
    missing = [
        f"{of.id}: no standing is published" for of in announced.definition.contests if of.id not in standings
    ]
    against = [
        *_troubles(figures.shards),
        *(why for of in standings.values() for why in _standing_against(of, judged)),
    ]
    if against:
        return Tile("No", [*against, *unknown, *missing])
    if unknown or missing:
        return Tile("Not known", [*unknown, *missing])
    return Tile("Yes", [])


def _troubles(shards: Iterable[ShardFigures]) -> list[str]:
    found = []
    for shard in shards:
        name = f"{shard.service}, shard {shard.shard}"
        if shard.state == "stopped":
            found.append(f"{name}: stopped: {shard.detail}")
        elif shard.heard_s_ago > SILENT_S:
            found.append(f"{name}: silent for {shard.heard_s_ago:.0f} s")
        elif shard.state != "running":
            found.append(f"{name}: {shard.state}: {shard.detail}")
        elif shard.behind:
            found.append(f"{name}: {shard.behind:,} records behind")
    return found


def _standing_against(standing: Standing, judged: Mapping[int, ShardFigures]) -> list[str]:
    name = standing.contest.id
    if standing.stopped:
        return [f"{name}: its count has stopped: {standing.stopped}"]
    if not standing.balance.holds:
        return [f"{name}: its standing does not balance"]
    return [
        f"{name}: shard {shard.shard}: {shard.position - covered:,} records are not in its standing yet"
        for place, covered in enumerate(standing.watermark)
        if (shard := judged.get(place)) is not None and covered < shard.position
    ]
