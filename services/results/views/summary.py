"""A contest in a few lines, for embeds and pictures. Pure."""

from dataclasses import dataclass
from typing import Final

from services.results.views.cards import Card, contest_card
from services.results.views.contest import contest_page
from services.results.views.names import counted_for_pages
from services.results.views.table import bar_width
from shared.contract.standings import Standing
from shared.rcv.narrate.numbers import brief
from shared.rcv.narrate.words import threshold_name

SUMMARY_BARS: Final = 6
"""And a summary."""


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


def summary(standing: Standing, as_of_ms: int) -> Summary:
    """Return a contest in a few lines."""
    page, counted, elects, words = contest_page(standing, as_of_ms), counted_for_pages(standing), "", ""
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
        first_to_go=page.rounds.first_out.sentence if page.rounds and page.rounds.first_out else "",
        as_of=page.as_of,
        as_of_iso=page.as_of_iso,
    )
