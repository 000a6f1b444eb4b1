"""The public routes: one ballot, or a stream of them.

Rule 1: 202 only after the log has acknowledged; before that nothing is promised.
Rule 2: a refused ballot has written nothing; its answer names the field and what was expected.
"""

from starlette.routing import Route

from services.intake.single import SingleBallot
from services.intake.stream import StreamOfBallots
from services.intake.taking import Taking

BALLOTS = "/v1/elections/{election}/ballots"


def intake_routes(taking: Taking) -> list[Route]:
    """Return the routes."""
    stream = StreamOfBallots(taking)
    return [
        Route(BALLOTS, SingleBallot(taking), methods=["POST"]),
        Route(f"{BALLOTS}/bulk", stream.cast, methods=["POST"]),
    ]
