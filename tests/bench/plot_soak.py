"""Draws soak.png from soak.json: `plot_soak.py IN OUT`, by an interpreter that has matplotlib."""

import json
import sys
from importlib import import_module
from pathlib import Path

MEDIAN, WORST, SOFT = "#0b6e4f", "#c0392b", "#9aa5b1"


def main(source: Path, target: Path) -> None:
    """Draw latency and memory over tenths of the time."""
    import_module("matplotlib").use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    told = json.loads(source.read_text())
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2))
    left.plot(told["p50_ms"], color=MEDIAN, label="p50")
    left.plot(told["p99_ms"], color=WORST, label="p99")
    left.set_ylabel("ms from cast to seen")
    for name, sizes in told["memory_mb"].items():
        right.plot(sizes, label=name)
    right.set_ylabel("memory, MB")
    for axis in (left, right):
        axis.set_ylim(0)
        axis.set_xlabel("tenths of the time")
        axis.legend(fontsize=7)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    figure.suptitle(told["figures"][0]["contest"].partition(",  the")[0], fontsize=10)
    figure.text(0.01, 0.01, told["machine"], fontsize=6.5, color=SOFT)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
