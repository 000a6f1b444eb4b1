"""What a page shows, as frozen values made of a standing: every number is text, every word is chosen. Pure.

The templates lay a view out and know nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final
from unicodedata import bidirectional

from services.results.budget import SpendingView, declared, spending_view
from services.results.course import Moment
from services.results.parties import Held, InContest, SeatsByParty, seats_by_party
from services.results.race import Clock, Race, given_by, in_words, race
from services.results.sankey import Sankey, sankey
from services.results.tables import (
    PLAIN,
    Bar,
    Cell,
    Finalist,
    Flow,
    Row,
    Table,
    account,
    bar_width,
    by_section,
    colours_of,
    drop_outs,
    every_round,
    final_pairs,
    finalists,
    first_and_last,
    flows,
    in_short,
    round_as_bars,
    section_shares,
    turnout,
    where_votes_went,
)
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced, Notice
from shared.contract.standings import Round, Spending, Standing, Status
from shared.rcv.budget.narrate import standing_headline
from shared.rcv.narrate.counted import FINAL, Counted, counted_in
from shared.rcv.narrate.numbers import brief, number, percent, shown_amount
from shared.rcv.narrate.sentences import first_out, headline, round_sentence
from shared.rcv.narrate.tables import Seat as Elected
from shared.rcv.narrate.tables import rounds_table, runs_of, seats, strength
from shared.rcv.narrate.whatif import condorcet_sentence
from shared.rcv.narrate.words import (
    QUOTA_METHODS,
    STATUS_BADGE,
    STATUS_IN_WORDS,
    how,
    listed,
    outcome,
    plural,
    threshold_name,
)

DASH: Final = "\N{EN DASH}"
CARDS_AT_MOST: Final = 24
"""Elections or contests up to which each has a card; more have a line each."""
MINI_BARS: Final = 3
"""The strongest whom a card shows."""
ROUNDS_SHOWN: Final = 24
"""The last rounds, which drawings and tables show: with all 98 of 100 candidates a page has 4 MB."""
SUMMARY_BARS: Final = 6
"""And a summary."""
PARTIES_NAMED: Final = 20
"""Of those without a seat."""
NO_PARTY: Final = "No party"
PAUSED: Final = "Voting is paused; the figures are provisional"
STOPPED: Final = "The count of this contest has stopped; officials are told why"
NO_RESULT: Final = "No result yet."
WITHHELD: Final = "Votes are withheld until the close; turnout is shown below."
CORRECTED: Final = "The result was corrected after the close: votes are withheld until it is certified; turnout is shown below."


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who is elected or ahead: name, tag, and when and how."""

    name: str
    party: str
    colour: str
    tag: str
    when: str
    before: str
    """The part of all rounds that went by before, in percent; the candidate has the seat in the rest."""


@dataclass(frozen=True, slots=True)
class Story:
    """A round in words."""

    number: int
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """A link to a round of the page's contest."""

    number: int
    query: str
    current: bool
    seat: int
    """The seat that a first round of several run-offs is about; 0 elsewhere."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A table that folds away under a summary."""

    id: str
    summary: str
    table: Table


@dataclass(frozen=True, slots=True)
class WhatIfs:
    """Questions to the ballots, and their answers."""

    safe: str
    """Whether the result is certain already, and why; empty once no ballot can come."""
    in_short: str
    """Whose dropping out would change who is elected."""
    drop_outs: Table
    finals: Table
    finalists: tuple[Finalist, ...]
    """The same for a phone, where a table of many columns is not read."""
    condorcet: str


@dataclass(frozen=True, slots=True)
class Rounds:
    """What a page shows of a count that has rounds."""

    seats_title: str
    seats: tuple[Seat, ...]
    """Empty where one is elected: the headline names that one."""
    shown_title: str
    shown: Table
    """The round that is shown large: the last one, or the one that was asked for."""
    out: Fold | None
    """Those who had left before it, where they are many."""
    steps: tuple[Step, ...]
    """A link to each round; empty where there is one round."""
    first_to_go: str
    """While ballots can come: who is eliminated first at present, and where those votes go."""
    sankey: Sankey | None
    flows: tuple[Flow, ...]
    story: tuple[Story, ...]
    """Newest first."""
    only_late: str
    """That drawings and tables show the last rounds only, if so."""
    every: Table
    transfers: Table | None
    what_if: WhatIfs | None
    shares: tuple[Flow, ...]
    """Electoral college: what each section's votes bring in the round shown; a full bar is the largest share."""
    sections: tuple[Fold, ...]
    """Newest first; empty where there is one section."""
    sections_first: bool
    """Whether sections make the result, as in an electoral college."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal, or its taking back: when the order was given, and a sentence."""

    when: Clock
    sentence: str


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
    as_of: str
    as_of_iso: str
    rounds: Rounds | None
    spending: SpendingView | None
    race: Race | None
    withdrawals: tuple[Withdrawal, ...]
    """Newest first, without those that the race names."""
    turnout: Table
    balance: str
    account: Table
    note: str
    covers: str
    result_hash: str
    config_hash: str


@dataclass(frozen=True, slots=True)
class MiniBar:
    """One of the strongest in the last round."""

    name: str
    share: str
    width: str
    colour: str


@dataclass(frozen=True, slots=True)
class Card:
    """A link to an election or a contest, with what is known of it."""

    id: str
    path: str
    title: str
    text: str
    status: str = ""
    badge: str = ""
    bars: tuple[MiniBar, ...] = ()
    turnout: str = ""
    counted: int = 0
    """Ballots, to sort by."""
    certain: bool = False
    """Whether no ballots that can still come could change who is elected."""
    parties: tuple[str, ...] = ()
    """Of those who are elected or ahead, one a seat."""
    lead: int = 1000
    """By how much the strongest is ahead of the next in the last round, in thousandths of its votes, to sort by."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A contest in a few lines, as an embed or a picture shows it."""

    card: Card
    election_title: str
    test: bool
    elects: str
    """Where along the bars the line stands that elects, in percent; empty if there is none."""
    elects_in_words: str
    first_to_go: str
    as_of: str
    as_of_iso: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of cards: all elections, or the contests of one."""

    tab_title: str
    title: str
    lede: str
    cards: tuple[Card, ...]
    path: str = "/"
    note: str = ""
    parties: Table | None = None
    """Seats by party, where candidates have one."""
    no_seat: str = ""
    """The parties that have none, in words."""

    @property
    def dense(self) -> bool:
        """Whether there are so many that each has a line."""
        return len(self.cards) > CARDS_AT_MOST


@dataclass(frozen=True, slots=True)
class Earlier:
    """A link to a contest's page as it was."""

    sequence: int
    query: str
    as_of: str
    as_of_iso: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """A result on one page, to be printed and signed; of a result that is not final, why there is none."""

    path: str
    title: str
    election_title: str
    test: bool
    final: bool
    status_in_words: str
    headline: str
    how: str
    facts: tuple[tuple[str, str], ...]
    """Names and figures."""
    result: Table | None
    signatures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuidePage:
    """How programs and other pages use a contest's result."""

    base: str
    """Where the public finds the service."""
    path: str
    election_path: str
    title: str


@dataclass(frozen=True, slots=True)
class MissingPage:
    """The page of an address where there is nothing."""

    path: str


def index_page(elections: Iterable[ElectionAnnounced]) -> ListPage:
    """Return the page of all elections."""
    cards = tuple(
        Card(
            id=f"card-{announced.definition.id}",
            path=f"/elections/{announced.definition.id}",
            title=announced.definition.title,
            text=" · ".join(
                [
                    plural(len(announced.definition.contests), "contest", "contests"),
                    plural(announced.definition.electors, "elector", "electors"),
                    announced.phase,
                    *(["test data"] if announced.definition.epoch == "test" else []),
                ]
            ),
        )
        for announced in elections
    )
    return ListPage("Livecount", "Elections", "" if cards else "None is configured yet.", cards)


def election_page(announced: ElectionAnnounced, card_of: Callable[[str], Card | None]) -> ListPage:
    """Return the page of one election; `card_of` gives the card of a contest, by its id, None without a standing."""
    definition = announced.definition
    electors = plural(definition.electors, "elector", "electors")
    sections = plural(len(definition.sections), "section", "sections")
    cards = tuple(
        card_of(contest.id)
        or Card(f"card-{contest.id}", _path(definition.id, contest.id), contest.title, NO_RESULT)
        for contest in definition.contests
    )
    known = {
        contest.id: InContest(card.status, card.parties)
        for contest, card in zip(definition.contests, cards, strict=True)
    }
    seats_ = seats_by_party(definition.contests, known.get)
    return ListPage(
        tab_title=f"{definition.title} {DASH} Livecount",
        title=definition.title,
        lede=f"{electors} in {sections}. The election is {announced.phase}.{_in_all(cards)}",
        cards=cards,
        path=f"/elections/{definition.id}",
        note=definition.source,
        parties=None if seats_ is None else _seats_table(seats_),
        no_seat="" if seats_ is None else _no_seat(seats_),
    )


def _seats_table(found: SeatsByParty) -> Table:
    """Return the seats by party as bars, of which a full one is all seats; the faint part is not final."""
    final, ahead = sum(of.final for of in found.held), sum(of.ahead for of in found.held)
    parts = [
        f"{number(final)} in complete counts" if final else "",
        f"{number(ahead)} as it stands now" if ahead else "",
        f"{number(found.open)} open" if found.open else "",
    ]
    return Table(
        label="Seats by party",
        caption=f"Of {plural(found.seats, 'seat', 'seats')}: {', '.join(filter(None, parts))}.",
        columns=("Party", "Seats", ""),
        rows=tuple(
            Row(
                of.party or NO_PARTY,
                (
                    Cell(number(of.seats), _provisional(of), strong=True),
                    Cell(
                        bar=Bar(
                            bar_width(of.final, found.seats), PLAIN, more=bar_width(of.ahead, found.seats)
                        )
                    ),
                ),
            )
            for of in found.held
            if of.seats
        ),
        kind="bars",
    )


def _provisional(of: Held) -> str:
    """Return how many of a party's seats are not final, if some are."""
    if not of.ahead:
        return ""
    return f"{number(of.ahead)} not final" if of.final else "not final"


def _no_seat(found: SeatsByParty) -> str:
    none = [of.party for of in found.held if not of.seats]
    more = [plural(len(none) - PARTIES_NAMED, "other", "others")] if len(none) > PARTIES_NAMED else []
    return f"No seat at present: {listed([*none[:PARTIES_NAMED], *more])}." if none else ""


def _in_all(cards: Sequence[Card]) -> str:
    """Return how far the contests are, where there are several."""
    if len(cards) == 1:
        return ""
    final = sum(card.status in FINAL for card in cards)
    certain = sum(card.certain for card in cards)
    of = f" Of {plural(len(cards), 'contest', 'contests')}"
    return f"{of} {final} {'is' if final == 1 else 'are'} complete{f', and {certain} more certain' if certain else ''}."


def _path(election: str, contest: str) -> str:
    return f"/elections/{election}/contests/{contest}"


def summary(standing: Standing, as_of_ms: int) -> Summary:
    """Return a contest in a few lines."""
    page, counted, elects, words = contest_page(standing, as_of_ms), _counted(standing), "", ""
    if counted.rounds:
        last = counted.rounds[-1]
        if last.scores:
            elects, words = "50", "More than 50% of the electoral college elects."
        elif last.threshold and any(last.votes.values()):
            elects = bar_width(last.threshold, sum(last.votes.values()))
            words = f"{threshold_name(counted.contest)}: {brief(last.threshold, counted.places)}."
    return Summary(
        card=contest_card(standing, SUMMARY_BARS),
        election_title=page.election_title,
        test=page.test,
        elects=elects,
        elects_in_words=words,
        first_to_go=page.rounds.first_to_go if page.rounds else "",
        as_of=page.as_of,
        as_of_iso=page.as_of_iso,
    )


def contest_card(standing: Standing, most: int = MINI_BARS) -> Card:
    """Return the card of a contest, with at most so many of the strongest."""
    name, path = f"card-{standing.contest.id}", _path(standing.election, standing.contest.id)
    counted, badge = _counted(standing), STATUS_BADGE[standing.status]
    electors = sum(line.electors for line in standing.turnout)
    ballots = plural(standing.balance.accepted, "ballot", "ballots")
    turnout_ = f"{ballots}, {percent(standing.balance.accepted, electors)} of the electors"
    card = Card(name, path, standing.contest.title, _headline(standing), standing.status, badge)
    card = replace(
        card,
        turnout=turnout_,
        counted=standing.balance.accepted,
        certain=_certain(standing, counted),
        parties=in_contest(standing).parties,
    )
    if standing.spending is not None:
        return replace(card, bars=tuple(_funded_bars(counted, standing.spending))[:most])
    if not counted.rounds or not any(counted.rounds[-1].votes.values()):
        return card
    last, colours = counted.rounds[-1], colours_of(counted)
    order = sorted(last.votes, key=lambda candidate: -strength(last, candidate))
    whole = 1 if last.scores else sum(last.votes.values())
    parts = [Fraction(strength(last, candidate)) / whole for candidate in order]
    bars = tuple(
        MiniBar(
            name=counted.names[candidate],
            share=percent(part.numerator, part.denominator),
            width=bar_width(part.numerator, part.denominator),
            colour=colours[candidate],
        )
        for candidate, part in list(zip(order, parts, strict=True))[:most]
    )
    return replace(card, bars=bars, lead=_lead(counted))


def in_contest(standing: Standing) -> InContest:
    """Return the parties of those who are elected or ahead in a contest."""
    counted = counted_in(standing)
    return InContest(standing.status, tuple(counted.parties[one] for one in counted.elected))


def _funded_bars(counted: Counted, spending: Spending) -> Iterator[MiniBar]:
    """Yield what is funded, in its order: each a part of the budget."""
    assert counted.contest.budget is not None, "equal-shares has a budget"
    colours, budget = colours_of(counted), Fraction(counted.contest.budget.amount)
    for of in spending.funded:
        part, cost = Fraction(of.cost) / budget, shown_amount(counted.contest, of.cost)
        width = bar_width(part.numerator, part.denominator)
        yield MiniBar(counted.names[of.project], cost, width, colours[of.project])


def _lead(counted: Counted) -> int:
    """Return the lead of the last who has a seat over the first who has none, in the last round that has both."""
    seats_ = counted.contest.seats or 1
    for round_ in reversed(counted.rounds):
        order = sorted((strength(round_, candidate) for candidate in round_.votes), reverse=True)
        if len(order) > seats_ and (whole := sum(order)):
            return int(1000 * Fraction(order[seats_ - 1] - order[seats_]) / whole)
    return 1000


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
    contest, counted, badge = standing.contest, _counted(standing), STATUS_BADGE[standing.status]
    test = standing.epoch == "test"
    noticed = [of for of in notices if of.contest == contest.id]
    raced = None if standing.withheld else race(counted, course, noticed)
    paused = standing.status is Status.PARTIAL and Phase.PAUSED in standing.phases
    cast, *parts = (
        f"{number(getattr(standing.balance, part))} {part}"
        for part in ("cast", "accepted", "duplicate", "late", "voided", "rejected")
    )
    return ContestPage(
        path=_path(standing.election, contest.id),
        election_path=f"/elections/{standing.election}",
        election_title=standing.election_title,
        tab_title=f"{f'TEST DATA {DASH} ' if test else ''}{contest.title} ({badge}) {DASH} Livecount",
        title=contest.title,
        test=test,
        refreshes=not counted.final,
        status=standing.status,
        badge="Stopped" if standing.stopped else "Paused" if paused else badge,
        status_in_words=STOPPED
        if standing.stopped
        else PAUSED
        if paused
        else STATUS_IN_WORDS[standing.status],
        headline=_headline(standing),
        how=how(contest),
        ballots=plural(standing.balance.accepted, "ballot", "ballots"),
        as_of=f"{as_of.day} {as_of:%B %Y, %H:%M:%S} UTC",
        as_of_iso=as_of.isoformat(),
        rounds=_rounds(counted, round_, _what_ifs(standing, counted), standing.sequence if past else None)
        if counted.rounds
        else None,
        spending=None if standing.spending is None else spending_view(counted, standing.spending),
        race=raced,
        withdrawals=tuple(
            Withdrawal(_day_and_time(of.at), in_words(counted.names, of))
            for of in reversed(noticed)
            if (not past or given_by(of, as_of_ms))
            and not any(of.candidate in turn.about for turn in (raced.turns if raced else ()))
        ),
        turnout=turnout(standing),
        balance=f"{cast} = {' + '.join(parts)}",
        account=account(standing),
        note=contest.note,
        covers=f"Standing {number(standing.sequence)}, which covers {' + '.join(map(str, standing.watermark))} log records.",
        result_hash=standing.result_hash[:16],
        config_hash=standing.config_hash[:16],
    )


def _day_and_time(at: str) -> Clock:
    """Return a time of RFC 3339 as pages show times; one that cannot be read stands as it is written."""
    try:
        when = datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        return Clock(at, "")
    return Clock(f"{when.day} {when:%b %H:%M:%S}", when.isoformat(timespec="seconds"))


def earlier(places: Sequence[tuple[int, int]]) -> tuple[Earlier, ...]:
    """Return links to standings, given as sequences and the milliseconds at which they were published; dates where these differ."""
    times = [datetime.fromtimestamp(as_of_ms / 1000, UTC) for _, as_of_ms in places]
    several = len({time.date() for time in times}) > 1
    return tuple(
        Earlier(
            sequence=sequence,
            query=_query(sequence, None),
            as_of=f"{f'{time.day} {time:%b} ' if several else ''}{time:%H:%M:%S}",
            as_of_iso=time.isoformat(timespec="milliseconds"),
        )
        for (sequence, _), time in zip(places, times, strict=True)
    )


def declaration(standing: Standing, as_of_ms: int) -> Declaration:
    """Return the declaration of a contest's result."""
    page, counted, contest = contest_page(standing, as_of_ms), _counted(standing), standing.contest
    electors = sum(line.electors for line in standing.turnout)
    threshold, spending = counted.rounds[-1].threshold if counted.rounds else None, standing.spending
    result = None
    if counted.final and (counted.rounds or spending):
        result = first_and_last(counted) if spending is None else declared(counted, spending)
    facts = [
        ("Counted by", page.how),
        ("Electors", number(electors)),
        (
            "Ballots counted",
            f"{number(standing.balance.accepted)} ({percent(standing.balance.accepted, electors)})",
        ),
        ("All ballots recorded", page.balance),
        *([(threshold_name(contest), brief(threshold, standing.places))] if threshold else []),
        *([("Not spent", shown_amount(contest, spending.unspent))] if spending else []),
        ("As of", page.as_of),
        ("Result", standing.result_hash),
        ("Definition", standing.config_hash),
        ("Certificate", standing.certificate or "none yet"),
    ]
    return Declaration(
        path=page.path,
        title=page.title,
        election_title=page.election_title,
        test=page.test,
        final=result is not None,
        status_in_words=page.status_in_words,
        headline=page.headline,
        how=page.how,
        facts=tuple(facts),
        result=result,
        signatures=("Returning officer", "Witness", "Place and date"),
    )


def _counted(standing: Standing) -> Counted:
    """Return the count of a standing with names that turn no figures around: those written from right to left stand in isolates."""
    counted = counted_in(standing)
    if not any(map(_from_right, counted.names.values())):
        return counted
    candidates = tuple(
        of.model_copy(update={"name": f"\N{FIRST STRONG ISOLATE}{of.name}\N{POP DIRECTIONAL ISOLATE}"})
        if _from_right(of.name)
        else of
        for of in counted.contest.candidates
    )
    return replace(counted, contest=counted.contest.model_copy(update={"candidates": candidates}))


def _from_right(name: str) -> bool:
    return any(bidirectional(letter) in {"R", "AL"} for letter in name)


def _headline(standing: Standing) -> str:
    if standing.stopped:
        return f"The count of this contest has stopped: {standing.stopped}"
    if standing.withheld:
        return CORRECTED if standing.status is Status.COMPLETE else WITHHELD
    return standing_headline(standing) if standing.spending else headline(_counted(standing))


def _certain(standing: Standing, counted: Counted) -> bool:
    """Return whether all ballots that can still come, whatever is on them, could not change who is elected."""
    safe_up_to = None if standing.what_if is None else standing.what_if.safe_up_to
    return not counted.final and safe_up_to is not None and safe_up_to >= _outstanding(standing)


def _outstanding(standing: Standing) -> int:
    return sum(line.electors - line.accepted for line in standing.turnout)


def _what_ifs(standing: Standing, counted: Counted) -> WhatIfs | None:
    found = standing.what_if
    if found is None or not found.finals:
        return None
    winner = None if found.condorcet is None else counted.names[found.condorcet]
    condorcet = condorcet_sentence(standing.contest, winner)
    outstanding = _outstanding(standing)
    safe = ""
    if not counted.final and found.safe_up_to is not None and outstanding > 0:
        named, further = counted.names[counted.elected[0]], plural(outstanding, "elector", "electors")
        safe = (
            f"Yes: {named} is elected even if all {further} who have not voted yet vote otherwise."
            if _certain(standing, counted)
            else f"No: {further} can still vote, and even one ballot might change who is elected."
            if not found.safe_up_to
            else f"No: {further} can still vote. Whatever the next {number(found.safe_up_to)} of them vote, {named} is elected;"
            " more might change it."
        )
    finals = finalists(counted, found)
    return WhatIfs(
        safe=safe,
        in_short=in_short(counted, found),
        drop_outs=drop_outs(counted, found),
        finals=final_pairs(finals),
        finalists=finals,
        condorcet=condorcet,
    )


def _query(as_of: int | None, round_: int | None) -> str:
    """Return the query of a round of a past standing; None: the newest standing, the last round."""
    asked = {"as_of": as_of, "round": round_}
    parts = [f"{name}={value}" for name, value in asked.items() if value is not None]
    return f"?{'&'.join(parts)}" if parts else ""


def _which(counted: Counted, shown: Round) -> str:
    if shown is not counted.rounds[-1]:
        return "Round"
    return "Final round: round" if counted.final else "Latest round: round"


def _surplus(counted: Counted, seat: Elected) -> str:
    """Return by how much a candidate was above the quota in the round that elected."""
    round_ = next(each for each in counted.rounds if each.number == seat.round)
    above = round_.votes.get(seat.candidate, 0) - (round_.threshold or 0)
    if counted.contest.method not in QUOTA_METHODS or round_.threshold is None or above <= 0:
        return ""
    return f", {brief(above, counted.places)} above it"


def _rounds(counted: Counted, asked_for: int | None, what_ifs: WhatIfs | None, as_of: int | None) -> Rounds:
    table, contest, colours = rounds_table(counted), counted.contest, colours_of(counted)
    numbers = [each.number for each in counted.rounds]
    place = numbers.index(asked_for) if asked_for in numbers else len(numbers) - 1
    shown = counted.rounds[place]
    last, per_seat = counted.rounds[-1], contest.method == "sequential-irv"
    firsts = {run[0].number for run in runs_of(counted.rounds)}
    late = replace(counted, rounds=counted.rounds[-ROUNDS_SHOWN:])
    late_table = table if late.rounds == counted.rounds else rounds_table(late)
    number_elected = len(counted.elected)
    filled = (
        f"{number_elected} of {contest.seats} seats filled" if contest.seats else f"{number_elected} elected"
    )
    shown_table, out = round_as_bars(counted, table, place)
    folds = (
        Fold(f"sections-{place}", f"Round {place}", by_section_)
        for place, by_section_ in by_section(
            replace(counted, rounds=(shown,)) if late_table is not table else counted
        )
    )
    return Rounds(
        seats_title=filled if counted.final else f"{filled}, if it ended now",
        seats=tuple(
            Seat(
                name=seat.name,
                party=counted.parties[seat.candidate],
                colour=colours[seat.candidate],
                tag=outcome("elected", final=counted.final).capitalize(),
                when=f"in round {seat.round}, {seat.how}{_surplus(counted, seat)}",
                before=bar_width(numbers.index(seat.round), len(numbers)),
            )
            for seat in seats(counted)
            if contest.seats != 1
        ),
        shown_title=f"{_which(counted, shown)} {shown.number}{f', for seat {shown.run}' if per_seat else ''}",
        shown=shown_table,
        out=Fold("out", f"{plural(len(out.rows), 'candidate is', 'candidates are')} out already", out)
        if out
        else None,
        steps=tuple(
            Step(
                number=each.number,
                query=_query(as_of, None if each is last else each.number),
                current=each is shown,
                seat=each.run if per_seat and each.number in firsts else 0,
            )
            for each in counted.rounds
            if len(numbers) > 1
        ),
        first_to_go="" if counted.final else first_out(counted),
        # An electoral college's votes weigh as their section does: lengths in votes would deceive.
        sankey=None if last.scores else sankey(late, late_table, colours),
        shares=tuple(section_shares(counted, shown)) if shown.scores else (),
        flows=tuple(flows(late)),
        story=tuple(
            Story(
                number=round_.number,
                title=f"Round {round_.number}{f', seat {round_.run}' if per_seat else ''}",
                sentence=round_sentence(counted, round_),
            )
            for round_ in reversed(late.rounds)
        ),
        only_late=f"Of {len(numbers)} rounds the last {ROUNDS_SHOWN} are shown here; each has its own page above, and the CSV has all."
        if late_table is not table
        else "",
        every=every_round(late, late_table),
        transfers=where_votes_went(late),
        what_if=what_ifs,
        sections=tuple(folds) if last.scores or len(counted.sections) > 1 else (),
        sections_first=bool(last.scores),
    )
