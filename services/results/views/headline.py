"""The one sentence of a contest, and its status in words. Pure."""

from typing import Final

from services.results.views.names import counted_for_pages
from shared.contract.elections import Phase
from shared.contract.standings import Standing, Status
from shared.rcv.budget.narrate import standing_headline
from shared.rcv.narrate.sentences import headline
from shared.rcv.narrate.words import STATUS_BADGE, STATUS_IN_WORDS

PAUSED: Final = "Voting is paused; the figures are provisional"


STOPPED: Final = "The count of this contest has stopped; officials are told why"


WITHHELD: Final = "Votes are withheld until the close; turnout is shown below."


CORRECTED: Final = "The result was corrected after the close: votes are withheld until it is certified; turnout is shown below."


def headline_of(standing: Standing) -> str:
    """Return what there is to say in one sentence: who is elected or ahead, or why nobody knows."""
    if standing.stopped:
        return f"The count of this contest has stopped: {standing.stopped}"
    if standing.withheld:
        return CORRECTED if standing.status is Status.COMPLETE else WITHHELD
    return standing_headline(standing) if standing.spending else headline(counted_for_pages(standing))


def badge_of(standing: Standing) -> str:
    """Return a standing's status in a word or two."""
    return (
        "Stopped" if standing.stopped else "Paused" if _is_paused(standing) else STATUS_BADGE[standing.status]
    )


def status_of(standing: Standing) -> str:
    """Return a standing's status as a sentence without its full stop."""
    if standing.stopped:
        return STOPPED
    return PAUSED if _is_paused(standing) else STATUS_IN_WORDS[standing.status]


def _is_paused(standing: Standing) -> bool:
    return standing.status is Status.PARTIAL and Phase.PAUSED in standing.phases
