"""TCP ports of this machine. Loopback only."""

import os
import secrets
import socket
import ssl
from collections import deque
from contextlib import ExitStack
from typing import Final

LOOPBACK = "127.0.0.1"
# Below the range that systems hand to outgoing connections. A client that keeps trying a stopped server's port within
# that range can be given the very same port as its own, connect to itself, and keep the server from coming back.
_FIRST, _LAST = 20_000, 32_000
_ATTEMPTS = 200
_MOST_CLAIMS = 128
_CONNECT_S = 0.5
_claims: Final[deque[int]] = deque()
"""File descriptors of the sockets that hold them, oldest first."""


class PortsTakenError(OSError):
    """Another program listens on a port that is needed."""


def free_ports(count: int) -> list[int]:
    """Return distinct ports that nothing listens on now, each claimed. Raises OSError if none are found."""
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(_ATTEMPTS):
            if len(found) == count:
                return found
            listener = held.enter_context(socket.socket())
            port = _FIRST + secrets.randbelow(_LAST - _FIRST)
            if _bind(listener, port) and claim(port):
                found.append(port)
    raise OSError(f"no {count} free ports between {_FIRST} and {_LAST} after {_ATTEMPTS} attempts")


def claim(port: int) -> bool:
    """Keep a port's number from other processes that look for one; return False if one of them has it.

    Until a server listens on it, a port seems to be free. So its number is held as a UDP port, on which nothing is sent, as long
    as this process lives and until it has claimed _MOST_CLAIMS others.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as held:
        if not _bind(held, port):
            return False
        _claims.append(held.detach())
    if len(_claims) > _MOST_CLAIMS:
        os.close(_claims.popleft())
    return True


def require_free(*wanted: int) -> None:
    """Raise PortsTakenError if a program listens on any of them: its answers would pass for those of ours."""
    taken = [port for port in wanted if not _is_free(port)]
    if taken:
        listed = ", ".join(map(str, taken))
        noun, verb = ("port", "is") if len(taken) == 1 else ("ports", "are")
        raise PortsTakenError(f"{noun} {listed} of {LOOPBACK} {verb} taken by another program")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # The last connections of a predecessor do not matter.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _bind(listener, port)


def answers(port: int, request: bytes, host: str = LOOPBACK, tls: ssl.SSLContext | None = None) -> bool:
    """Return whether a connection to the port is accepted and the request answered by anything at all."""
    try:
        with ExitStack() as stack:
            connection = stack.enter_context(socket.create_connection((host, port), timeout=_CONNECT_S))
            if tls is not None:
                connection = stack.enter_context(tls.wrap_socket(connection, server_hostname=host))
            connection.sendall(request)
            return bool(connection.recv(1))
    except OSError:
        return False


def _bind(held: socket.socket, port: int) -> bool:
    try:
        held.bind((LOOPBACK, port))
    except OSError:
        return False
    return True
