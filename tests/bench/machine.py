"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Return one line: processor, cores, memory, load, system and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{of:.1f}" for of in os.getloadavg())
    versions = f"Python {platform.python_version()}, numpy {version('numpy')}"
    cores = f"{os.cpu_count()} cores, {memory:.0f} GiB"
    return f"{_processor()}, {cores}, load {load}; {platform.system()} {platform.release()}; {versions}"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
