"""Tries a network of three hosts and each of its faults, and prints as JSON what came through. Run inside (`net.go_inside`).

unshare --net --mount env LIVECOUNT_CHAOS_INSIDE=1 python -m tests.chaos.probe
"""

import asyncio
import ctypes
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.chaos.net import FIRST, NAMES, Net

PACKETS: Final = 100
EVERY_S: Final = 0.005
LATER_S: Final = 0.3
ROUTE_S = 0.3
"""From the wire's device to the routes that lead there, at most."""
WIRE_UP_S: Final = 15.0
PORT: Final = 20_000
NEW_NET: Final = 0x40000000


@contextmanager
def on_host(number: int) -> Iterator[None]:
    """Let sockets that are made meanwhile be on a host; they stay there."""
    kernel, here = ctypes.CDLL(None, use_errno=True), Path("/proc/self/ns/net")
    with here.open() as own, (NAMES / f"h{number}").open() as there:
        assert kernel.setns(there.fileno(), NEW_NET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert kernel.setns(own.fileno(), NEW_NET) == 0, os.strerror(ctypes.get_errno())


class Pair:
    """Two hosts that send numbered packets to one another."""

    def __init__(self, net: Net, names: tuple[str, str]) -> None:
        self._sockets = []
        for place, name in enumerate(names):
            with on_host(FIRST + place):
                found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                found.bind((net.hosts[name].address, PORT))
                found.setblocking(False)
                self._sockets.append(found)

    async def exchange(self) -> dict[str, list[int]]:
        """Send packets both ways; return which came, in the order of their coming."""
        first, second = self._sockets
        for number in range(PACKETS):
            for sender, receiver in ((first, second), (second, first)):
                sender.sendto(number.to_bytes(2), receiver.getsockname())
            await asyncio.sleep(EVERY_S)
        await asyncio.sleep(LATER_S)
        return {"there": _received(second), "back": _received(first)}

    async def wait_for_wire(self) -> None:
        """Return once the first host's packets go out by its wire."""
        async with asyncio.timeout(WIRE_UP_S):
            while not any("wire" in of for of in _devices(FIRST)):
                await asyncio.sleep(0.05)
        await asyncio.sleep(ROUTE_S)


def _received(receiver: socket.socket) -> list[int]:
    found = []
    while True:
        try:
            found.append(int.from_bytes(receiver.recv(16)))
        except BlockingIOError:
            return found


def _devices(number: int) -> list[str]:
    with on_host(number):
        return [name for _, name in socket.if_nameindex()]


def _sent(number: int, device: str) -> int:
    with on_host(number):
        lines = Path("/proc/thread-self/net/dev").read_text().splitlines()
    return next(int(line.split()[10]) for line in lines if line.split(":")[0].strip() == device)


async def main() -> None:
    """Try all of it."""
    net = Net(["a", "b", "c"])
    net.make()
    pair = Pair(net, ("a", "b"))
    found = {"well": await pair.exchange()}
    by = {
        f"{name} by eth{link}": _sent(FIRST + place, f"eth{link}")
        for place, name in enumerate("ab")
        for link in (0, 1)
    }
    for fault, how in (
        ("mute", {"loss": 1.0}),
        ("loss", {"loss": 0.33}),
        ("delay", {"delay_ms": 60.0, "jitter_ms": 58.0}),
    ):
        spoiling = asyncio.create_task(net.spoil("a", 3.0, **how))
        await pair.wait_for_wire()
        found[fault] = await pair.exchange()
        await spoiling
    cutting = asyncio.create_task(net.cut("a", 2.0))
    await asyncio.sleep(0)
    found["cut"] = await pair.exchange()
    await cutting
    found["well again"] = await pair.exchange()
    json.dump({"came": found, "sent": by, "packets": net.packets, "lost": net.packets_lost}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
