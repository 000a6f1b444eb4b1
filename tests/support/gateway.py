"""Results' own pages, API and feed on a port, shown what a test gives them: no log and no cache, so it starts at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from services.results.app import routes_of, with_limits
from services.results.feed import frame
from services.results.history import History
from services.results.hub import Hub, Slots
from services.results.settings import ResultsSettings
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.signing import new_private_key, public_key
from shared.contract.standings import Standing
from shared.runtime.log import Keyed, Reader
from shared.runtime.process.connections import ServerLimits
from shared.runtime.process.server import listen, server_config
from shared.runtime.projection import announcements
from tests.support.elections import Life, election

BOUND_S = 10.0


class Gateway:
    """A gateway that signs. `url` is its address, `key` the publishing key."""

    def __init__(self, folder: Path, **settings: object) -> None:
        private = new_private_key()
        (folder / "publishing.key").write_text(private.hex())
        self.key = public_key(private)
        self.hub = Hub(Slots(100, 100))
        given = {
            "namespace": "gateway",
            "kafka": "127.0.0.1:1",
            "publishing_key_file": folder / "publishing.key",
        }
        self.settings = ResultsSettings.model_validate(given | settings)
        self._announced = announcements(_no_reader, "gateway")
        self._history = History(self.settings.brokers, "none", "none")
        limits = ServerLimits(framed=True)
        site = Starlette(routes=routes_of(self.settings, self._announced, self.hub, self._history))
        with_limits(site, self.settings)
        self._socket = listen("127.0.0.1", 0, limits)
        self._server = uvicorn.Server(server_config(site, limits, lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def announce(self, announced: ElectionAnnounced) -> None:
        """Announce an election."""
        self._announced.newest[announced.definition.id] = announced

    def show(self, standing: Standing, as_of_ms: int = 1_790_000_000_000) -> None:
        """Show a standing as the newest."""
        shown = frame(encode(standing), as_of_ms)
        if not self._thread.is_alive():
            self.hub.offer(shown)
        else:
            self._server.servers[0].get_loop().call_soon_threadsafe(self.hub.offer, shown)
            wait_for(lambda: self.hub.frames.get(shown.key) is shown)

    def keep(self, standing: Standing, as_of_ms: int) -> None:
        """Hold a past standing, as if counting had kept it and somebody had asked for it."""
        place = len(self._history.course.by_contest.get(standing.key, ()))
        body = encode(standing)
        self._history.course.note(Keyed(place, f"{standing.key}/{standing.sequence}", body, as_of_ms))
        self._history._kept[standing.key, standing.sequence] = frame(body, as_of_ms)

    def start(self) -> None:
        """Serve."""
        self._thread.start()
        wait_for(lambda: self._server.started)

    def stop(self) -> None:
        """Stop serving."""
        self._server.servers[0].get_loop().call_soon_threadsafe(self.hub.close)
        self._server.should_exit = True
        self._thread.join(BOUND_S)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so, within a bound."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def gateway(folder: Path, *standings: Standing, **settings: object) -> Iterator[Gateway]:
    """Yield a gateway that shows standings of the picnic."""
    running = Gateway(folder, **settings)
    running.announce(Life(election()).announced(1, Phase.OPEN))
    for standing in standings:
        running.show(standing)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder as any web server does; yield its address, which is another origin than that of results."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def _no_reader(_: str) -> Reader:
    raise AssertionError("what a test gives is all there is")
