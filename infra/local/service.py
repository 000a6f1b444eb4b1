"""One of Livecount's services as a process of its own on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from infra.local.process import Child

START_BOUND_S: Final = 120.0
STOP_BOUND_S: Final = 15.0
READY_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True)
class ServiceSpec:
    """What a service is: its unique name, its command, what it adds to the environment, and its readiness URL.

    The URL answers 200 to a GET once the service can do its work. The answer holds `says`, which another
    deployment's service on the same port would not say.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready_url: str
    says: str = ""


class Service:
    """A service under our care; it may be started again after it ended."""

    def __init__(self, spec: ServiceSpec, log: Path) -> None:
        self.spec = spec
        self.child = Child(spec.name, spec.argv, log, {"PYTHONUNBUFFERED": "1", **spec.env})

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self.child.pid

    @property
    def children(self) -> list[Child]:
        """Its one process."""
        return [self.child]

    def start(self) -> None:
        """Start it and wait until it is ready. Raises ChildFailedError with the end of its log."""
        self.child.spawn()
        self.child.wait_ready(lambda: is_ready(self.spec.ready_url, self.spec.says), START_BOUND_S)

    def stop(self) -> None:
        """Stop it in order, within a bound."""
        self.child.stop(STOP_BOUND_S)

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        self.child.kill()


def is_ready(url: str, says: str = "") -> bool:
    """Return whether a GET of the http URL is answered within READY_TIMEOUT_S by 200 and a text that holds `says`."""
    where = urlsplit(url)
    connection = HTTPConnection(where.netloc, timeout=READY_TIMEOUT_S)
    try:
        connection.request("GET", where.path or "/")
        answer = connection.getresponse()
        return answer.status == 200 and says in answer.read().decode(errors="replace")
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
