"""What all tests share: the servers, started only for those that ask, how hard properties are tried, what is left out."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import reference

pytest_plugins = ["tests.support.servers"]

settings.register_profile(
    "livecount", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("hard", parent=settings.get_profile("livecount"), max_examples=5_000)
settings.load_profile(os.environ.get("LIVECOUNT_HYPOTHESIS", "livecount"))

MOST_NAMED = 3
"""Missing files that are named; of more it is said how many."""


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Say nothing of a single check that is left out: one line at the end does, for all of them."""
    return ("left out", " ", "LEFT OUT") if missing_data(report) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many checks were left out, and why."""
    missing = [path for report in terminalreporter.stats.pop("left out", []) for path in missing_data(report)]
    if missing:
        checks = "1 check" if len(missing) == 1 else f"{len(missing):,} checks"
        terminalreporter.write_line(f"{checks} left out: {why(missing)}", yellow=True)


def missing_data(report: pytest.TestReport) -> list[Path]:
    """Return the reference data that a check has asked for in vain: one path, or none."""
    said = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    _, asked, path = said.partition(reference.NOT_THERE)
    return [Path(path)] if asked else []


def why(missing: list[Path]) -> str:
    """Say what is not there: the folder, or what it lacks."""
    folder = reference.FOLDER
    shown = f"../{folder.parent.name}/{folder.name}"
    if not folder.is_dir():
        return f"{shown} is not beside this clone"
    lacking = sorted({str(path.relative_to(folder)) for path in missing})
    more = f" and {len(lacking) - MOST_NAMED:,} more" if len(lacking) > MOST_NAMED else ""
    return f"{shown} lacks {', '.join(lacking[:MOST_NAMED])}{more}"
