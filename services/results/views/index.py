"""The page of all elections. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.results.views.cards import Card
from services.results.views.table import Table
from shared.contract.events import ElectionAnnounced
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
