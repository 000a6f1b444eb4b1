"""Draws latency.png from latency.json: `plot_latency.py IN OUT`, by an interpreter that has matplotlib."""

import json
import sys
from importlib import import_module
from pathlib import Path

MEDIAN, WORST, SOFT = "#0b6e4f", "#c0392b", "#9aa5b1"


def main(source: Path, target: Path) -> None:
    """Draw p50 and p99 of every second."""
    import_module("matplotlib").use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    told = json.loads(source.read_text())
    figure, axis = pyplot.subplots(figsize=(9, 3.2))
    for place, (name, colour) in enumerate((("p50", MEDIAN), ("p99", WORST))):
        axis.plot([second[place] for second in told["by_second_ms"]], color=colour, label=name)
    axis.set_ylim(0)
    axis.set_xlabel("seconds")
    axis.set_ylabel("ms from cast to seen")
    axis.set_title(told["figures"][0]["contest"], fontsize=10)
    axis.legend(fontsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    figure.text(0.01, 0.01, told["machine"], fontsize=6.5, color=SOFT)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
