"""Draws count.png from count.json: `plot.py IN OUT`, by an interpreter that has matplotlib."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

OURS, PEER, MISSED, GOAL = "#0b6e4f", "#9aa5b1", "#c0392b", "#1f2933"


def main(source: Path, target: Path) -> None:
    """Draw how many times longer peers take, and what one more ballot costs."""
    pyplot = _backend()
    told = json.loads(source.read_text())
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4.6), width_ratios=(3, 2))
    _ratios(
        left, [f for f in reversed(told["figures"]) if f["better"] == "more" and f["reached"] is not None]
    )
    _growth(right, told["growth"])
    figure.text(0.01, 0.01, told["machine"], fontsize=6.5, color=PEER)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(target, dpi=130)


def _backend() -> Any:
    import_module("matplotlib").use("Agg")
    return import_module("matplotlib.pyplot")


def _ratios(axes: Any, figures: list[dict[str, Any]]) -> None:
    names = [f"{f['contest']}\n{f['measure']}" for f in figures]
    values = [f["value"] for f in figures]
    axes.barh(names, values, color=[OURS if f["reached"] else MISSED for f in figures])
    for place, figure in enumerate(figures):
        axes.plot([figure["goal"]] * 2, [place - 0.42, place + 0.42], color=GOAL, linewidth=2)
        axes.text(
            max(figure["value"], figure["goal"]) * 1.08,
            place,
            f"{figure['value']:.1f}x",
            va="center",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_xlim(0.5, 3 * max(values))
    axes.tick_params(axis="y", labelsize=6.5)
    axes.set_title("Times longer than Livecount (line: the goal)", fontsize=10)


def _growth(axes: Any, growth: dict[str, dict[str, float]]) -> None:
    sizes = [int(size) for size in growth]
    for shape, colour, label in (
        ("mayor", OURS, "35 candidates, 3 ranks"),
        ("council", PEER, "20 candidates, 4 ranks"),
    ):
        cost = [told[f"{shape}_ns"] / 1e3 for told in growth.values()]
        axes.plot(sizes, cost, marker="o", color=colour, label=label)
    axes.set_xscale("log")
    axes.set_ylim(0)
    axes.set_xlabel("ballots counted before", fontsize=8)
    axes.set_title("One more ballot, counted live: µs of CPU", fontsize=10)
    axes.legend(fontsize=8, loc="lower right")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
