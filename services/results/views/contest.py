"""A contest's page. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.results.course import Moment
from services.results.views.account import account
from services.results.views.addresses import path_of
from services.results.views.budget import SpendingView, spending_view
from services.results.views.contents import Part, contents
from services.results.views.headline import badge_of, headline_of, status_of
from services.results.views.names import counted_for_pages
from services.results.views.race import Race, race
from services.results.views.rounds import Rounds, rounds_view
from services.results.views.safe import certain_in_short
from services.results.views.table import Table
from services.results.views.turnout import turnout
from services.results.views.whatif import what_ifs
from services.results.views.withdrawals import Withdrawal, withdrawals
from shared.contract.events import Notice
from shared.contract.standings import Standing
from shared.rcv.narrate.numbers import number, percent
from shared.rcv.narrate.words import STATUS_BADGE, how, plural

DASH: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class ContestPage:
    """A contest's page."""

    path: str
    election_path: str
    election_title: str
    tab_title: str
    title: str
    test: bool
    refreshes: bool
    """Whether a browser without a script should ask again."""
    status: str
    badge: str
    status_in_words: str
    headline: str
    how: str
    ballots: str
    turned_out: str
    """The part of all electors who have voted."""
    certain: str
    """Whether the result is certain already, in a word or three; empty if nobody can know, or if it is final."""
    as_of: str
    as_of_iso: str
    rounds: Rounds | None
    spending: SpendingView | None
    race: Race | None
    withdrawals: tuple[Withdrawal, ...]
    """Newest first, without those that the race names."""
    contents: tuple[Part, ...]
    turnout: Table
    balance: str
    account: Table
    note: str
    covers: str
    result_hash: str
    config_hash: str


def contest_page(
    standing: Standing,
    as_of_ms: int,
    round_: int | None = None,
    *,
    past: bool = False,
    course: Sequence[Moment] = (),
    notices: Sequence[Notice] = (),
) -> ContestPage:
    """Return the page of a contest, whose standing was published at `as_of_ms`; a round that it lacks is the last one.

    On the page of a `past` standing the links to rounds stay with it. `course` is what is known of the way to it, itself included;
    `notices` are the election's.
    """
    as_of = datetime.fromtimestamp(as_of_ms / 1000, UTC)
    contest, counted, badge = standing.contest, counted_for_pages(standing), STATUS_BADGE[standing.status]
    test = standing.epoch == "test"
    noticed = [of for of in notices if of.contest == contest.id]
    raced = None if standing.withheld else race(counted, course, noticed)
    elsewhere = {one for turn in (raced.turns if raced else ()) for one in turn.about}
    cast, *parts = (
        f"{number(getattr(standing.balance, part))} {part}"
        for part in ("cast", "accepted", "duplicate", "late", "voided", "rejected")
    )
    spending = None if standing.spending is None else spending_view(counted, standing.spending)
    rounds = None
    if counted.rounds:
        rounds = rounds_view(
            counted, round_, what_ifs(standing, counted), standing.sequence if past else None
        )
    gone = tuple(withdrawals(counted.names, noticed, elsewhere, as_of_ms if past else None))
    return ContestPage(
        path=path_of(standing.election, contest.id),
        election_path=f"/elections/{standing.election}",
        election_title=standing.election_title,
        tab_title=f"{f'TEST DATA {DASH} ' if test else ''}{contest.title} ({badge}) {DASH} Livecount",
        title=contest.title,
        test=test,
        refreshes=not counted.final,
        status=standing.status,
        badge=badge_of(standing),
        status_in_words=status_of(standing),
        headline=headline_of(standing),
        how=how(contest),
        ballots=plural(standing.balance.accepted, "ballot", "ballots"),
        turned_out=percent(standing.balance.accepted, sum(line.electors for line in standing.turnout)),
        certain=certain_in_short(standing, counted),
        as_of=f"{as_of.day} {as_of:%B %Y, %H:%M:%S} UTC",
        as_of_iso=as_of.isoformat(),
        rounds=rounds,
        spending=spending,
        race=raced,
        withdrawals=gone,
        contents=tuple(contents(rounds, spending, raced=raced is not None, withdrawn=bool(gone))),
        turnout=turnout(standing),
        balance=f"{cast} = {' + '.join(parts)}",
        account=account(standing),
        note=contest.note,
        covers=f"Standing {number(standing.sequence)}, which covers {' + '.join(map(str, standing.watermark))} log records.",
        result_hash=standing.result_hash[:16],
        config_hash=standing.config_hash[:16],
    )
