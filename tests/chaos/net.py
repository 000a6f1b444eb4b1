"""A network of hosts, each a network namespace with two links: every service and broker is on a host of its own.

All of it lies in a namespace of this run's own, which has no way out, and ends with it: what is sent here can reach no other
machine. Two bridges join the hosts. A host is known by its address on the first; for every second pair of hosts, one sends by
the first bridge and the other answers by the second, so that routes are asymmetric all the time.

The faults are a host whose links are cut, without a word to either side, and a wire that is bad in one direction (wire.py).
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from infra.local.process import Host

INSIDE: Final = "LIVECOUNT_CHAOS_INSIDE"
NAMES: Final = Path("/run/netns")
BRIDGES: Final = ("one", "two")
NETWORKS: Final = ("198.18.0", "198.18.1")
"""Of the range that is kept for such trials (RFC 2544)."""
FIRST: Final = 11
WIRE_STARTS_WITHIN_S: Final = 30.0
ROOT: Final = Path(__file__).parents[2]


class NetFailed(OSError):
    """A network or a fault in it could not be made, and why."""


def can_make() -> str:
    """Return an empty text if hosts can be made here, else the reason why not."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "making network namespaces needs root"
    missing = [name for name in ("ip", "unshare", "sysctl") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is not installed (iproute2, util-linux, procps)"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not there"
    tried = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True)
    return tried.stderr.strip()


def go_inside(argv: Iterable[str]) -> NoReturn:
    """Become the same program in namespaces of its own: no network but what is made there, and mounts that nobody else sees."""
    alone = ["unshare", "--net", "--mount", "--propagation", "private"]
    os.execvpe("unshare", [*alone, sys.executable, "-m", "tests.chaos", *argv], {**os.environ, INSIDE: "1"})


class Net:
    """Hosts by name. Everything that was made ends with the namespace that this process is in."""

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers = {name: FIRST + place for place, name in enumerate(names)}
        self.packets = 0
        self.packets_lost = 0
        """Packets that bad wires carried, and those that they lost on purpose."""

    @property
    def hosts(self) -> Mapping[str, Host]:
        """Where each runs."""
        return {
            name: Host(self._address(number), ("ip", "netns", "exec", f"h{number}"))
            for name, number in self._numbers.items()
        }

    def make(self) -> None:
        """Make all hosts and join them. Raises NetFailed; must be called inside (`go_inside`)."""
        if os.environ.get(INSIDE) != "1":
            raise NetFailed("hosts are made only in a namespace of their own")
        NAMES.mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "livecount", str(NAMES))
        _ip("link set lo up")
        for bridge, network in zip(BRIDGES, NETWORKS, strict=True):
            _ip(f"link add {bridge} type bridge")
            _ip(f"addr add {network}.1/24 dev {bridge}")
            _ip(f"link set {bridge} up")
        for number in self._numbers.values():
            self._make_host(number)
        for number in self._numbers.values():
            self._make_detours(number)

    def _make_host(self, number: int) -> None:
        _ip(f"netns add h{number}")
        _ip(f"-n h{number} link set lo up")
        options = ("rp_filter=0", "accept_local=1")
        kernel = [f"net.ipv4.conf.{of}.{option}" for of in ("all", "default") for option in options]
        _run("ip", "netns", "exec", f"h{number}", "sysctl", "-qw", "net.ipv4.ip_forward=1", *kernel)
        for place, (bridge, network) in enumerate(zip(BRIDGES, NETWORKS, strict=True)):
            _ip(f"link add {bridge}{number} type veth peer name eth{place} netns h{number}")
            _ip(f"link set {bridge}{number} master {bridge} up")
            _ip(f"-n h{number} addr add {network}.{number}/24 dev eth{place}")
            _ip(f"-n h{number} link set eth{place} up")
        _ip(f"-n h{number} rule add pref 100 iif lo lookup 100")  # empty until a wire is there

    def _make_detours(self, number: int) -> None:
        """Let what goes from here to every second host of a higher number take the second bridge; its answers do not."""
        for other in self._numbers.values():
            if other > number and (other - number) % 2:
                via = f"via {NETWORKS[1]}.{other} dev eth1 src {self._address(number)}"
                _ip(f"-n h{number} route add {self._address(other)}/32 {via}")

    async def cut(self, name: str, seconds: float) -> None:
        """Cut a host off from everybody for a while: its links stay up, and nothing comes or goes."""
        number = self._numbers[name]
        for bridge in BRIDGES:
            _ip(f"link set {bridge}{number} nomaster")
        try:
            await asyncio.sleep(seconds)
        finally:
            for bridge in BRIDGES:
                _ip(f"link set {bridge}{number} master {bridge}")

    async def spoil(self, name: str, seconds: float, **how: float) -> None:
        """Make a host's outgoing wire bad for a while: `loss`, `delay_ms`, `jitter_ms`. Raises NetFailed."""
        number = self._numbers[name]
        options = [f"--{option.replace('_', '-')}={value}" for option, value in how.items()]
        process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", f"h{number}", sys.executable, "-m", "tests.chaos.wire"),
            *("--address", self._address(number), "--seconds", str(seconds), *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        try:
            async with asyncio.timeout(seconds + WIRE_STARTS_WITHIN_S):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise NetFailed(f"{name}'s wire: {err.decode(errors='replace').strip()[-500:]}")
        came, lost = map(int, out.split())
        self.packets += came
        self.packets_lost += lost

    @staticmethod
    def _address(number: int) -> str:
        return f"{NETWORKS[0]}.{number}"


def _ip(words: str) -> None:
    _run("ip", *words.split())


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise NetFailed(f"{' '.join(command)}: {done.stderr.strip()}")
