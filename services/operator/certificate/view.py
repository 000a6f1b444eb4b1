"""What a certificate's document says, as plain values. Pure: a page or a PDF lays them out and decides nothing.

It is made of a certificate that stands in every shard and of the standings that it names: their result hashes are the
certificate's own, else there is no document.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from services.operator.book import Account
from shared.contract.events import ElectionAnnounced, ElectionCertified
from shared.contract.standings import Balance, Spending, Standing
from shared.rcv.budget.narrate import contest_sentences, standing_headline
from shared.rcv.narrate.counted import Counted, counted_in
from shared.rcv.narrate.numbers import number, percent, shown_amount
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.tables import Cell, RoundsTable, rounds_table
from shared.rcv.narrate.words import how

ROUNDS_ACROSS: Final = 5
"""Rounds of one table; further ones stand in tables below."""


class NoCertificate(Exception):
    """No certificate stands, or the standings that are here are not those that it names."""


class Table(NamedTuple):
    """A table: its headings, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class ContestPart(NamedTuple):
    """One contest: how it was counted, who is elected, every round, and the hash that both counts came to."""

    title: str
    how: str
    headline: str
    caption: str
    rounds: tuple[Table, ...]
    sentences: tuple[str, ...]
    result_hash: str


class Document(NamedTuple):
    """A whole certificate."""

    title: str
    election: str
    is_test: bool
    certificate: str
    replaces: str | None
    at: str
    by: str
    reason: str
    signers: tuple[str, ...]
    contests: tuple[ContestPart, ...]
    balance: Table
    turnout: Table
    shards: Table
    facts: tuple[tuple[str, str], ...]
    """What identifies the log, the definition and the programs: a name and a value each."""


def document_of(
    announced: ElectionAnnounced, account: Account, standings: Mapping[str, Standing], version: str
) -> Document:
    """Return the document of the certificate that stands; `standings` are the newest, by contest id.

    Raises NoCertificate.
    """
    certificate = account.certificate(announced.shards)
    if certificate is None:
        raise NoCertificate(f"{announced.definition.id} has no certificate that stands in every shard")
    found = [_named(standings.get(of.id), of.id, certificate) for of in announced.definition.contests]
    names = account.keys()
    signers = account.entries[certificate.control_id].verdicts[0].signers
    return Document(
        title=announced.definition.title,
        election=announced.definition.id,
        is_test=announced.definition.epoch == "test",
        certificate=certificate.control_id,
        replaces=certificate.replaces,
        at=certificate.at,
        by=certificate.by,
        reason=certificate.reason,
        signers=tuple(f"{names.get(key, 'an official of that time')} ({key})" for key in signers),
        contests=tuple(map(_contest, found)),
        balance=_balance(found[0].balance),
        turnout=_turnout(found[0]),
        shards=Table(
            ("Shard", "Records", "Head of the chain", "Head of effects"),
            tuple(
                (str(shard), f"{records:,}", head, effects)
                for shard, (records, head, effects) in enumerate(
                    zip(certificate.watermark, certificate.heads, certificate.effects, strict=True)
                )
            ),
        ),
        facts=(
            ("Log", announced.log),
            ("Definition (SHA-256)", announced.config_hash),
            ("Counted by", f"Livecount {version}: services/counting, and again by services/audit"),
            ("Records", f"{certificate.type}, {found[0].type}"),
        ),
    )


def _named(standing: Standing | None, contest: str, certificate: ElectionCertified) -> Standing:
    if standing is None or standing.result_hash != certificate.result_hashes.get(contest):
        raise NoCertificate(f"{contest}: the standing that the certificate names is not published here yet")
    return standing


def _contest(standing: Standing) -> ContestPart:
    counted, spending = counted_in(standing), standing.spending
    return ContestPart(
        title=standing.contest.title,
        how=how(standing.contest),
        headline=standing_headline(standing),
        caption="Votes in each round" if spending is None else "Projects",
        rounds=tuple(_round_tables(counted)) if spending is None else (_projects(counted, spending),),
        sentences=tuple(f"Round {of.number}: {round_sentence(counted, of)}" for of in counted.rounds)
        if spending is None
        else tuple(contest_sentences(standing.contest, spending)),
        result_hash=standing.result_hash,
    )


def _projects(counted: Counted, spending: Spending) -> Table:
    funded = [(of.project, of.cost, of.supporters, "funded") for of in spending.funded]
    lacking = [(of.project, of.cost, of.supporters, "not funded") for of in spending.not_funded]
    rows = [
        (counted.names[name], shown_amount(counted.contest, cost), f"{supporters:,}", result)
        for name, cost, supporters, result in (*funded, *lacking)
    ]
    return Table(("Project", "Cost", "Supporters", "Result"), tuple(rows))


def _round_tables(counted: Counted) -> Iterator[Table]:
    table = rounds_table(counted)
    for first in range(0, len(table.rounds), ROUNDS_ACROSS):
        shown = range(first, min(first + ROUNDS_ACROSS, len(table.rounds)))
        columns = ("", *(f"Round {table.rounds[place].number}" for place in shown))
        lines = [(line.name, *(_cell(line.cells[place], table) for place in shown)) for line in table.lines]
        below = [
            (
                of.label,
                *("" if (n := of.amounts[place]) is None else number(n, of.places) for place in shown),
            )
            for of in table.footers
        ]
        yield Table(columns, (*lines, *below))


def _cell(cell: Cell, table: RoundsTable) -> str:
    if not cell.in_count:
        return "withdrawn" if cell.fate == "withdrawn" else "-"
    amount = number(cell.amount, table.places)
    return f"{amount} {cell.fate}" if cell.decided else amount


def _balance(balance: Balance) -> Table:
    names = ("cast", "accepted", "duplicate", "late", "voided", "rejected")
    return Table(
        tuple(name.capitalize() for name in names), (tuple(f"{getattr(balance, name):,}" for name in names),)
    )


def _turnout(standing: Standing) -> Table:
    titles = {section.id: section.name for section in standing.sections}
    rows: Sequence[tuple[str, ...]] = [
        (titles[of.section], f"{of.accepted:,}", f"{of.electors:,}", percent(of.accepted, of.electors))
        for of in standing.turnout
    ]
    return Table(("Section", "Voted", "Electors", "Turnout"), tuple(rows))
