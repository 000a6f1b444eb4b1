"""An election's pages as they will look, before anything of it is frozen: made-up ballots are counted, by the real count.

The pages are those of intake and results themselves, each on a port of this machine. Nothing can be cast there, and everything is
marked as test data.
"""

import asyncio
import socket
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from services.counting.ledger import ShardLedger
from services.counting.standing import standing_of
from services.intake.ballot.files import static
from services.intake.ballot.intake import Intake
from services.intake.ballot.pages import Pages as BallotPages
from services.intake.ballot.routes import BallotRoutes
from services.results.app import routes_of
from services.results.feed import frame
from services.results.history import History
from services.results.hub import Hub
from services.results.settings import ResultsSettings
from shared.contract.codec import encode
from shared.contract.elections import Contest, Election, Phase, config_hash
from shared.contract.events import ElectionAnnounced
from shared.contract.standings import Standing
from shared.contract.verdicts import Reason
from shared.rcv.trial import sample_count
from shared.runtime.kafka.connection import Brokers
from shared.runtime.projection import Projection, announcements


class Preview:
    """Two sites about one election: its ballot, and its results as if everybody had voted."""

    def __init__(self, election: Election) -> None:
        self.election = election.model_copy(update={"epoch": "test"})
        self._now = datetime.now(UTC)  # noqa: TID251  the pages say when they were made
        self._announced: Projection[ElectionAnnounced] = announcements(_nothing, "preview")
        self._announced.newest[election.id] = ElectionAnnounced(
            log="0" * 32,
            definition=self.election,
            config_hash=config_hash(self.election),
            shards=1,
            phase=Phase.CLOSED,
            at=self._now.isoformat(),
        )

    def ballot_site(self) -> Starlette:
        """Return the practice ballot, as intake serves it."""
        unused: Any = None
        intake = Intake(unused, self._announced.newest, lambda: True)
        routes = BallotRoutes(intake, lambda: "0" * 32, BallotPages(lambda: self._now, ""))
        return Starlette(
            routes=[
                Route("/static/{name}", static),
                Route("/vote/{election}/practice", routes.practice),
            ]
        )

    def results_site(self) -> Starlette:
        """Return the pages of the result, as results serves them."""
        hub = Hub()
        hub.stale = False
        for contest in self.election.contests:
            hub.offer(
                frame(encode(sample_standing(self.election, contest)), int(self._now.timestamp() * 1000))
            )
        history = History(Brokers("127.0.0.1:1"), "preview", "preview-history")
        return Starlette(routes=routes_of(ResultsSettings(), self._announced, hub, history))


def sample_standing(election: Election, contest: Contest) -> Standing:
    """Return the standing of a contest after the close, of made-up ballots of the whole roll."""
    turnout = tuple(section.electors for section in election.sections)
    cast = sum(turnout)
    empty = ShardLedger.empty(len(turnout))
    ledger = replace(
        empty, watermark=cast, phase=Phase.CLOSED, reasons=Counter({Reason.ACCEPTED: cast}), turnout=turnout
    )
    return standing_of(election, contest, [ledger], sample_count(election, contest))


async def serve(site: Starlette, listener: socket.socket) -> None:
    """Serve a site until Ctrl-C."""
    config = uvicorn.Config(site, lifespan="off", access_log=False, log_level="warning", server_header=False)
    await uvicorn.Server(config).serve(sockets=[listener])


async def _nothing(*_: object) -> Any:
    """Read nothing: the announcement of a preview is in no log."""
    await asyncio.Event().wait()
