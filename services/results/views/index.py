"""The page of all elections. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.results.parties import InContest, seats_by_party
from services.results.views.cards import MINI_BARS, Card, MiniBar
from services.results.views.parties import NO_PARTY
from services.results.views.table import PLAIN, Table, bar_width
from shared.contract.events import ElectionAnnounced
from shared.rcv.narrate.counted import FINAL
from shared.rcv.narrate.words import plural

CARDS_AT_MOST: Final = 24
"""Elections or contests up to which each has a card; more have a line each."""


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


def index_page(
    elections: Iterable[ElectionAnnounced], card_of: Callable[[str, str], Card | None]
) -> ListPage:
    """Return the page of all elections; `card_of` gives the card of an election's contest, None without a standing."""
    cards = []
    for announced in elections:
        of = announced.definition
        known = {contest.id: card_of(of.id, contest.id) for contest in of.contests}
        cards.append(_election_card(announced, {name: card for name, card in known.items() if card}))
    return ListPage("Livecount", "Elections", "" if cards else "None is configured yet.", tuple(cards))


def _election_card(announced: ElectionAnnounced, known: Mapping[str, Card]) -> Card:
    """Return an election's card: the result of its one contest, or how far several are and who has their seats."""
    of = announced.definition
    facts = [
        plural(len(of.contests), "contest", "contests"),
        plural(of.electors, "elector", "electors"),
        announced.phase,
        *(["test data"] if of.epoch == "test" else []),
    ]
    bare = Card(f"card-{of.id}", f"/elections/{of.id}", of.title, " \N{MIDDLE DOT} ".join(facts))
    if not known:
        return bare
    most = max(known.values(), key=lambda card: card.counted)
    if len(of.contests) == 1:
        return replace(most, id=bare.id, path=bare.path, title=bare.title, facts=bare.text)
    return replace(
        bare,
        text=how_far([known.get(contest.id) for contest in of.contests]),
        facts=bare.text,
        bars=tuple(_party_bars(announced, known)),
        turnout=most.turnout,
        counted=most.counted,
    )


def _party_bars(announced: ElectionAnnounced, known: Mapping[str, Card]) -> Iterator[MiniBar]:
    """Yield the parties that have most seats, if candidates have parties."""
    held = {name: InContest(card.status, card.parties) for name, card in known.items()}
    found = seats_by_party(announced.definition.contests, held.get)
    for of in found.held[:MINI_BARS] if found else ():
        if of.seats and found:
            seats = plural(of.seats, "seat", "seats")
            yield MiniBar(of.party or NO_PARTY, seats, bar_width(of.seats, found.seats), PLAIN)


def how_far(cards: Sequence[Card | None]) -> str:
    """Return how many of the contests are complete, and how many more certain."""
    final = sum(card is not None and card.status in FINAL for card in cards)
    certain = sum(card is not None and card.certain for card in cards)
    return (
        f"Of {plural(len(cards), 'contest', 'contests')} {final} {'is' if final == 1 else 'are'} complete"
        f"{f', and {certain} more certain' if certain else ''}."
    )
