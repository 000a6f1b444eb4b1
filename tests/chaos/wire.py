"""A bad wire: what leaves this host is lost, delayed and overtaken by what follows. Run in the host's network namespace.

    python -m tests.chaos.wire --address 198.18.0.11 --loss 0.3 --delay-ms 60 --jitter-ms 55 --seconds 5 --seed 1

It does what `tc netem` does, on kernels that have none: a TUN device takes all that the host's own programs send, and what is
let through goes out by the routes that it would have taken. What comes in is not touched, so that a fault has one direction. The
device, and its route with it, ends with this process.
"""

import argparse
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import time
from typing import Final

DEVICE: Final = "wire"
TABLE: Final = "100"
MTU: Final = 1500
_SET_INTERFACE: Final = 0x400454CA
_TUN, _NO_HEADER = 0x0001, 0x1000


def open_wire(address: str) -> int:
    """Make the device and send the host's own packets to it; return its descriptor. Needs the rule that net.py makes."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _SET_INTERFACE, struct.pack("16sH", DEVICE.encode(), _TUN | _NO_HEADER))
    for command in (
        f"link set {DEVICE} up mtu {MTU}",
        f"route add default dev {DEVICE} src {address} table {TABLE}",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    return descriptor


def carry(descriptor: int, chance: random.Random, how: argparse.Namespace) -> tuple[int, int]:
    """Pass packets on for so many seconds; return how many came, and how many were lost on purpose."""
    ends_s = time.monotonic() + how.seconds
    waiting: list[tuple[float, int, bytes]] = []
    came = lost = 0
    while (now_s := time.monotonic()) < ends_s:
        while waiting and waiting[0][0] <= now_s:
            os.write(descriptor, heapq.heappop(waiting)[2])
        until_s = min(waiting[0][0] if waiting else ends_s, ends_s)
        if not select.select([descriptor], [], [], max(0.0, until_s - now_s))[0]:
            continue
        packet = os.read(descriptor, 2 * MTU)
        came += 1
        if chance.random() < how.loss:
            lost += 1
            continue
        held_ms = how.delay_ms + chance.uniform(-how.jitter_ms, how.jitter_ms)
        heapq.heappush(waiting, (time.monotonic() + held_ms / 1000, came, packet))
    return came, lost


def main() -> None:
    """Carry until the time is over, and print what was carried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    for name in ("--loss", "--delay-ms", "--jitter-ms", "--seconds"):
        parser.add_argument(name, type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    how = parser.parse_args()
    came, lost = carry(open_wire(how.address), random.Random(how.seed), how)
    print(came, lost)  # noqa: T201  what its parent reads


if __name__ == "__main__":
    main()
