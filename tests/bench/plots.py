"""Draws what the benchmarks found: `plots.py NAME IN.json OUT.png`, by an interpreter that has matplotlib.

It stands alone, for that interpreter has nothing of the project.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

OURS, SOFT, WORST, INK = "#0b6e4f", "#9aa5b1", "#c0392b", "#1f2933"


def count(pyplot: Any, said: dict[str, Any]) -> Any:
    """Draw how many times longer peers take, and what one more ballot costs."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4.6), width_ratios=(3, 2))
    _ratios(
        left, [f for f in reversed(said["figures"]) if f["better"] == "more" and f["reached"] is not None]
    )
    _growth(right, said["growth"])
    return figure


def growth(pyplot: Any, said: dict[str, Any]) -> Any:
    """Draw what a ballot costs each service by the size of the election."""
    figure, axes = pyplot.subplots(figsize=(9, 3.2))
    costs = list(said["costs_us"].values())
    sizes = [int(size) for size in said["costs_us"]]
    services = {service: [of[service] for of in costs] for service in costs[0]}
    axes.stackplot(sizes, services.values(), labels=services, colors=(OURS, SOFT))
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8)
    axes.minorticks_off()
    axes.set_ylim(0)
    axes.set_xlabel("ballots")
    axes.set_ylabel("us of CPU a ballot")
    axes.legend(fontsize=8, loc="lower right")
    return figure


def latency(pyplot: Any, said: dict[str, Any]) -> Any:
    """Draw p50 and p99 of every second."""
    figure, axes = pyplot.subplots(figsize=(9, 3.2))
    for place, (name, colour) in enumerate((("p50", OURS), ("p99", WORST))):
        axes.plot([second[place] for second in said["by_second_ms"]], color=colour, label=name)
    axes.set_ylim(0)
    axes.set_xlabel("seconds")
    axes.set_ylabel("ms from cast to seen")
    axes.set_title(said["figures"][0]["contest"], fontsize=10)
    axes.legend(fontsize=8)
    return figure


def soak(pyplot: Any, said: dict[str, Any]) -> Any:
    """Draw latency and memory over tenths of the time."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2))
    left.plot(said["p50_ms"], color=OURS, label="p50")
    left.plot(said["p99_ms"], color=WORST, label="p99")
    left.set_ylabel("ms from cast to seen")
    for name, sizes in said["memory_mb"].items():
        right.plot(sizes, label=name)
    right.set_ylabel("memory, MB")
    for axes in (left, right):
        axes.set_ylim(0)
        axes.set_xlabel("tenths of the time")
        axes.legend(fontsize=7)
    figure.suptitle(said["figures"][0]["contest"].partition(", the")[0], fontsize=10)
    return figure


def overload(pyplot: Any, said: dict[str, Any]) -> Any:
    """Draw what was offered, accepted and shed each second, and the latency of what was accepted."""
    seconds = said["overload"]["seconds"]
    at, accepted = range(len(seconds)), [of["accepted"] for of in seconds]
    figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(9, 5.4), sharex=True, height_ratios=(3, 2))
    upper.bar(at, accepted, color=OURS, width=0.9, label="accepted: acknowledged by the log")
    shed = [of["shed"] for of in seconds]
    upper.bar(at, shed, bottom=accepted, color=SOFT, width=0.9, label="turned away: 503, Retry-After")
    offered = [of["offered"] for of in seconds]
    upper.step(at, offered, where="mid", color=INK, linewidth=1.5, label="offered")
    upper.set_ylabel("ballots/s")
    upper.set_title(f"A surge of {said['overload']['times']} times what one process takes", fontsize=10)
    upper.legend(fontsize=8)
    for quantile, colour, label in (("p99_ms", WORST, "p99 of accepted ballots"), ("p50_ms", OURS, "p50")):
        lower.plot(at, [of[quantile] for of in seconds], marker="o", color=colour, label=label)
    lower.set_ylim(0)
    lower.set_ylabel("ms to the acknowledgement")
    lower.set_xlabel("seconds")
    lower.legend(fontsize=8)
    return figure


def pipeline(pyplot: Any, said: dict[str, Any]) -> Any:
    """Draw what is judged and counted a second beside the peers."""
    found = [of for of in said["figures"] if of["unit"] == "/s"]
    figure, axes = pyplot.subplots(figsize=(9, 2.4))
    axes.barh(
        [of["measure"] for of in found],
        [of["value"] for of in found],
        color=[OURS if "judged" in of["measure"] else SOFT for of in found],
    )
    axes.invert_yaxis()
    axes.set_title(found[0]["contest"], fontsize=9, color=INK)
    axes.tick_params(labelsize=8)
    axes.set_xticks([])
    for place, of in enumerate(found):
        axes.text(0, place, f"  {of['value']:,.0f}/s", va="center", fontsize=8, color=INK)
    return figure


def _ratios(axes: Any, figures: list[dict[str, Any]]) -> None:
    names = [f"{f['contest']}\n{f['measure']}" for f in figures]
    values = [f["value"] for f in figures]
    axes.barh(names, values, color=[OURS if f["reached"] else WORST for f in figures])
    for place, figure in enumerate(figures):
        axes.plot([figure["goal"]] * 2, [place - 0.42, place + 0.42], color=INK, linewidth=2)
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
        ("council", SOFT, "20 candidates, 4 ranks"),
    ):
        cost = [said[f"{shape}_ns"] / 1e3 for said in growth.values()]
        axes.plot(sizes, cost, marker="o", color=colour, label=label)
    axes.set_xscale("log")
    axes.set_ylim(0)
    axes.set_xlabel("ballots counted before", fontsize=8)
    axes.set_title("One more ballot, counted live: µs of CPU", fontsize=10)
    axes.legend(fontsize=8, loc="lower right")


def main(name: str, source: Path, target: Path) -> None:
    """Draw one, with the machine it was measured on."""
    import_module("matplotlib").use("Agg")
    said = json.loads(source.read_text())
    draw = {of.__name__: of for of in (count, growth, latency, soak, overload, pipeline)}[name]
    figure = draw(import_module("matplotlib.pyplot"), said)
    for axes in figure.axes:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.text(0.01, 0.01, said["machine"], fontsize=6.5, color=SOFT)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
