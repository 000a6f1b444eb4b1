"""What a server allows those who connect to it: how many, how long they may keep it waiting, and how much of it they may hold.

Rule 1: a connection waits for its client (a request's head, its body) only so long, however the bytes trickle in.
Rule 2: bytes that bring no body (request line, headers, chunk extensions, trailers) are at most `max_head_bytes`, in `max_headers` lines.
Rule 3: at a bound on connections, of one address or in all, the one that has kept us waiting longest makes room for the new
one; where none waits, the new one is refused. So idle connections shut nobody out, not even a neighbour behind one address.
Rule 4: a client that leaves more than its share of an answer untaken for `send_timeout_s` is ended. Beyond `max_untaken_bytes`
of such answers in all, the one that has left its own longest is ended at once: so large answers fill no memory.

An address is an IPv4 address or an IPv6 network of 64 bits, which is what one subscriber has. A trusted proxy's connections
are bounded in all only: it bounds those of its own clients.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final, Protocol

from prometheus_client import Counter, Gauge

SWEEP_EVERY_S: Final = 0.5
RANK_EVERY_S: Final = 0.05
LINGER_S: Final = 1.0
"""A refused client has so long to read why."""
NEVER: Final = float("inf")
MAX_LINGERING: Final = 256
"""Refused clients that are given that time at once; more are cut off."""

OPEN: Final = Gauge("livecount_http_connections", "Connections that are open", multiprocess_mode="livesum")
ENDED: Final = Counter(
    "livecount_http_ended_total", "Connections refused or ended at a bound, by bound", ["bound"]
)


@dataclass(frozen=True)
class ServerLimits:
    """What a server allows its connections."""

    max_connections: int = 4096
    """Open at once, in one process."""
    max_per_address: int = 256
    """Open at once from one address that is no trusted proxy's."""
    trusted_proxies: str = ""
    """Addresses and networks, with commas between, whose X-Forwarded-For is believed."""
    max_head_bytes: int = 16_384
    """Request line and headers."""
    max_headers: int = 128
    """Headers of a request: 16 kB of empty ones would take 280 kB of memory."""
    head_s: float = 10.0
    """From the connection, or a request's first byte, to the end of its headers."""
    body_s: float = 10.0
    """From there to the end of the body, and a second more for each `body_bytes_per_s`."""
    body_bytes_per_s: int = 1_000
    idle_s: int = 5
    """A connection without a request is closed after this."""
    send_timeout_s: float = 10.0
    """A connection that takes nothing of what it is sent for so long is ended, by the kernel too where it can
    (TCP_USER_TIMEOUT)."""
    max_untaken_bytes: int = 256 << 20
    """Of answers of which their clients leave more than their share, in one process."""
    drain_s: int = 5
    """Requests that are being answered when the process is to end have so long to finish."""
    framed: bool = False
    """Whether some pages may be framed by other sites: then the application says of each answer who may frame it."""
    backlog: int = 2048
    """Connections that wait to be accepted."""


@dataclass(frozen=True)
class Refusals:
    """What a client is sent whose connection is ended at a bound, as it is sent."""

    busy: bytes
    address: bytes
    malformed: bytes
    head_too_large: bytes
    head_late: bytes
    body_late: bytes
    pipelined: bytes


class Connection(Protocol):
    """What the book knows of a connection."""

    address: str
    """Whose it is; empty for a trusted proxy and for what is no address."""

    @property
    def waits_since_s(self) -> float:
        """Since when we wait for the client; infinity while we do not."""

    def look(self, now_s: float) -> None:
        """End it if it has kept us waiting for too long."""

    def end(self, bound: str, answer: bytes = b"") -> None:
        """End it now, with an answer if there is one. It then calls `remove`."""


class Connections:
    """The connections of one process. What holds for each is in `patches.bounded_protocol`."""

    def __init__(self, limits: ServerLimits, refusals: Refusals) -> None:
        self.limits = limits
        self.refusals = refusals
        self.lingering = 0
        self.reading = 0
        """Requests whose body is still being read."""
        self._open: dict[Connection, None] = {}
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._longest: deque[Connection] = deque()
        """Who waited when last looked at, longest first."""
        self._untaken: dict[Connection, int] = {}
        """Bytes that each leaves untaken, who has left them longest first."""
        self.untaken_bytes = 0
        self._looked_s = 0.0
        self._sweep: asyncio.TimerHandle | None = None
        self._trusted = networks(limits.trusted_proxies)

    def address_of(self, client: tuple[str, int] | None) -> str:
        """Return the address that a client counts under; empty if it is not counted."""
        address = "" if client is None else address_key(client[0])
        return "" if not address or self._is_trusted(client[0] if client else "") else address

    def add(self, connection: Connection) -> bytes | None:
        """Add a connection; another may have to go for it. Return what it is refused with, if it is."""
        limits, here = self.limits, self._by_address.get(connection.address, {})
        if connection.address and len(here) >= limits.max_per_address and not _make_room(here):
            return self.refusals.address
        if len(self._open) >= limits.max_connections and not self._make_room_in_all():
            return self.refusals.busy
        self._open[connection] = None
        if connection.address:
            self._by_address.setdefault(connection.address, {})[connection] = None
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(SWEEP_EVERY_S, self._look)
        OPEN.set(len(self._open))
        return None

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)
        self.taken(connection)
        here = self._by_address.get(connection.address, {})
        here.pop(connection, None)
        if not here:
            self._by_address.pop(connection.address, None)
        OPEN.set(len(self._open))

    def leaves(self, connection: Connection, untaken_bytes: int) -> None:
        """Note what a client leaves untaken; at the bound others have to go for it."""
        self.taken(connection)
        self._untaken[connection] = untaken_bytes
        self.untaken_bytes += untaken_bytes
        while self.untaken_bytes > self.limits.max_untaken_bytes:
            next(iter(self._untaken)).end("answers not taken")

    def taken(self, connection: Connection) -> None:
        """Note that a client has taken its answer, or has gone."""
        self.untaken_bytes -= self._untaken.pop(connection, 0)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._open):
            connection.look(loop.time())
        self._sweep = loop.call_later(SWEEP_EVERY_S, self._look) if self._open else None

    def _make_room_in_all(self) -> bool:
        """End the connection that has kept us waiting longest; looks for them all at most every RANK_EVERY_S."""
        now_s = asyncio.get_running_loop().time()
        if not self._longest and now_s - self._looked_s > RANK_EVERY_S:
            self._looked_s = now_s
            self._longest.extend(sorted(self._open, key=_waits_since))
        while self._longest:
            longest = self._longest.popleft()
            if longest in self._open and longest.waits_since_s != NEVER:
                longest.end("made room")
                return True
        return False

    def _is_trusted(self, host: str) -> bool:
        return bool(self._trusted) and any(ip_address(host) in network for network in self._trusted)

    def __reduce__(self) -> tuple[Any, ...]:
        return Connections, (self.limits, self.refusals)


def _make_room(among: dict[Connection, None]) -> bool:
    """End the connection that has kept us waiting longest; return whether there was one."""
    longest = min(among, key=_waits_since)
    if longest.waits_since_s == NEVER:
        return False
    longest.end("made room")
    return True


def _waits_since(connection: Connection) -> float:
    return connection.waits_since_s


def address_key(host: str) -> str:
    """Return what a subscriber's addresses have in common: IPv4 whole, IPv6 its first 64 bits. Empty: not an address."""
    try:
        found: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
    return str(found)


def networks(listed: str) -> list[Any]:
    """Return the networks of a list with commas. Raises ValueError."""
    return [ip_network(one.strip()) for one in listed.split(",") if one.strip()]
