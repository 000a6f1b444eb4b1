"""The page of one election: all its contests at a glance. Pure."""

from collections.abc import Callable
from typing import Final

from services.results.parties import InContest, seats_by_party
from services.results.views.addresses import path_of
from services.results.views.cards import Card
from services.results.views.contest import DASH
from services.results.views.index import ListPage, how_far
from services.results.views.parties import no_seat, seats_table
from shared.contract.events import ElectionAnnounced
from shared.rcv.narrate.words import plural

NO_RESULT: Final = "No result yet."


def election_page(announced: ElectionAnnounced, card_of: Callable[[str], Card | None]) -> ListPage:
    """Return the page of one election; `card_of` gives the card of a contest, by its id, None without a standing."""
    definition = announced.definition
    electors = plural(definition.electors, "elector", "electors")
    sections = plural(len(definition.sections), "section", "sections")
    cards = tuple(
        card_of(contest.id)
        or Card(f"card-{contest.id}", path_of(definition.id, contest.id), contest.title, NO_RESULT)
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
        lede=f"{electors} in {sections}. The election is {announced.phase}.{f' {how_far(cards)}' if len(cards) > 1 else ''}",
        cards=cards,
        path=f"/elections/{definition.id}",
        note=definition.source,
        parties=None if seats_ is None else seats_table(seats_),
        no_seat="" if seats_ is None else no_seat(seats_),
    )
