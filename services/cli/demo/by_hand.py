"""A small election beside the demo's own, in which whoever sits at this machine votes by hand."""

from pathlib import Path
from typing import Final

from services.cli.clients.keys import with_officer
from services.cli.clients.operator import OperatorClient
from shared.contract.codes import voting_link
from shared.contract.elections import Candidate, Contest, Election, Section

LINKS: Final = 5
ELECTION: Final = Election(
    id="picnic",
    title="Where shall we picnic?",
    epoch="test",
    sections=(Section(id="everybody", name="Everybody", electors=20),),
    contests=(
        Contest(
            id="place",
            title="The place",
            candidates=(
                Candidate(id="lake", name="By the lake"),
                Candidate(id="wood", name="In the wood"),
                Candidate(id="hill", name="On the hill"),
                Candidate(id="garden", name="In the garden"),
            ),
            lot="picnic",
        ),
    ),
    live_tallies=True,
    smallest_group=1,
)


async def open_by_hand(operator: OperatorClient, keys: Path, intake: str) -> list[str]:
    """Open the election; return links to its ballot, each with a code of its own. Raises OperatorError."""
    await operator.configure(with_officer(ELECTION, keys, "demo"))
    codes = await operator.open_with_new_codes(ELECTION.id)
    return [voting_link(intake, ELECTION.id, code) for code in codes[:LINKS]]
