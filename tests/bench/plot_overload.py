"""Draws overload.png from intake.json: `plot_overload.py IN OUT`, by an interpreter that has matplotlib."""

import json
import sys
from importlib import import_module
from pathlib import Path

ACCEPTED, SHED, OFFERED, LATENCY = "#0b6e4f", "#9aa5b1", "#1f2933", "#c0392b"


def main(source: Path, target: Path) -> None:
    """Draw what was offered, accepted and shed each second, and the latency of what was accepted."""
    import_module("matplotlib").use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    told = json.loads(source.read_text())
    seconds = told["overload"]["seconds"]
    at = range(len(seconds))
    figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(9, 5.4), sharex=True, height_ratios=(3, 2))
    accepted = [of["accepted"] for of in seconds]
    upper.bar(at, accepted, color=ACCEPTED, width=0.9, label="accepted: acknowledged by the log")
    upper.bar(
        at,
        [of["shed"] for of in seconds],
        bottom=accepted,
        color=SHED,
        width=0.9,
        label="turned away: 503, Retry-After",
    )
    upper.step(
        at, [of["offered"] for of in seconds], where="mid", color=OFFERED, linewidth=1.5, label="offered"
    )
    upper.set_ylabel("ballots/s")
    upper.set_title(f"A surge of {told['overload']['times']} times what one process takes", fontsize=10)
    upper.legend(fontsize=8)
    lower.plot(
        at, [of["p99_ms"] for of in seconds], marker="o", color=LATENCY, label="p99 of accepted ballots"
    )
    lower.plot(at, [of["p50_ms"] for of in seconds], marker="o", color=ACCEPTED, label="p50")
    lower.set_ylim(0)
    lower.set_ylabel("ms to the acknowledgement")
    lower.set_xlabel("seconds")
    lower.legend(fontsize=8)
    for axes in (upper, lower):
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.text(0.01, 0.01, told["machine"], fontsize=6.5, color=SHED)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
