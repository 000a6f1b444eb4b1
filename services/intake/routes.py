"""The public routes: one ballot, or a stream of them.

Rule 1: 202 only after the log has acknowledged; before that nothing is promised.
Rule 2: a refused ballot has written nothing; its answer names the field and what was expected.
"""

from starlette.routing import Route

from services.intake.service import IntakeService
from services.intake.single import SingleBallot
from services.intake.stream import StreamOfBallots

BALLOTS = "/v1/elections/{election}/ballots"


def intake_routes(service: IntakeService) -> list[Route]:
    """Return the routes."""
    stream = StreamOfBallots(service)
    return [
        Route(BALLOTS, SingleBallot(service), methods=["POST"]),
        Route(f"{BALLOTS}/bulk", stream.cast, methods=["POST"]),
    ]
