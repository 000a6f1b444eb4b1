"""The life of an election, as one table: what each order makes of each phase.

| phase      | open | pause  | resume | close  | certify | void, restore, re-issue, withdraw, reinstate, replace a key |
|------------|------|--------|--------|--------|---------|--------------------------------------------------------------|
| configured | open |        |        |        |         | configured                                                   |
| open       |      | paused |        | closed |         | open                                                         |
| paused     |      |        | open   | closed |         | paused                                                       |
| closed     |      |        |        |        | closed  | closed                                                       |

What the table leaves empty is refused. A certificate changes no phase: a later order with an effect makes it void, and a
new certificate replaces it.
"""

from typing import Final

from shared.contract.elections import Phase
from shared.contract.events import (
    Control,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
)

NEXT: Final[dict[type, dict[Phase, Phase]]] = {
    ElectionConfigured: {},
    ElectionOpened: {Phase.CONFIGURED: Phase.OPEN},
    ElectionPaused: {Phase.OPEN: Phase.PAUSED},
    ElectionResumed: {Phase.PAUSED: Phase.OPEN},
    ElectionClosed: {Phase.OPEN: Phase.CLOSED, Phase.PAUSED: Phase.CLOSED},
    ElectionCertified: {Phase.CLOSED: Phase.CLOSED},
}
"""Orders that are not listed are possible in every phase and change none."""


def phase_after(phase: Phase, control: Control) -> Phase | None:
    """Return the phase after a control, None if the phase does not allow it."""
    return NEXT.get(type(control), {phase: phase}).get(phase)
