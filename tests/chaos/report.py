"""What a run found: for people as a table, for programs as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.bench.machine import machine
from tests.chaos.monkey import Done
from tests.chaos.plan import Kind
from tests.chaos.truth import Truth


@dataclass(frozen=True)
class Report:
    """One run. `facts` are its arguments and what was counted on the way; `faults` what was wrong beside the truth."""

    facts: dict[str, Any]
    truth: Truth
    acts: Sequence[Done]
    faults: Sequence[str]

    @property
    def good(self) -> bool:
        """Whether every promise held."""
        return not (self.truth.differences or self.faults)

    @property
    def verdict(self) -> str:
        """Return the three numbers that matter, and the first faults if there are any."""
        truth = self.truth
        wrong = len(truth.wrong_standings)
        line = f"{len(truth.lost)} lost, {len(truth.doubled)} doubled, {wrong} wrong standings"
        others = len(truth.wrong_verdicts) + len(self.faults)
        said = [f"  {fault}" for fault in [*truth.differences, *self.faults][:20]]
        return "\n".join([line, *([f"{others} other faults"] if others else []), *said])


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def recoveries(acts: Sequence[Done]) -> dict[str, dict[str, float]]:
    """Return for each kind of fault how often, how long it lasted, and p50 and p99 of both recoveries, in seconds."""
    found = {}
    for kind in Kind:
        of = [act for act in acts if act.kind is kind]
        if of:
            found[str(kind)] = {
                "times": len(of),
                "lasted_s": percentile((act.lasted_s for act in of), 50),
                **{f"ready_p{n}_s": percentile((act.ready_s for act in of), n) for n in (50, 99)},
                **{f"shown_p{n}_s": percentile((act.shown_s for act in of), n) for n in (50, 99)},
            }
    return found


def table(report: Report) -> Table:
    """Return the recoveries as a table."""
    rows = Table("fault", "times", "lasted", "ready p50", "p99", "feed p50", "p99", title_justify="left")
    for kind, row in recoveries(report.acts).items():
        times, *seconds = row.values()
        rows.add_row(kind, f"{times:g}", *(f"{value:.1f} s" for value in seconds))
    return rows


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    truth = asdict(report.truth)
    for name in ("lost", "doubled", "wrong_verdicts", "wrong_standings"):
        truth[name] = {"number": len(truth[name]), "first": truth[name][:20]}
    acts = [
        {name: round(v, 3) if isinstance(v, float) else str(v) for name, v in asdict(act).items()}
        for act in report.acts
    ]
    document = {
        "machine": machine(),
        **report.facts,
        "truth": truth,
        "faults": list(report.faults),
        "recoveries": recoveries(report.acts),
        "acts": acts,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")
