"""Draws pipeline.png from pipeline.json: `plot_pipeline.py IN OUT`, by an interpreter that has matplotlib."""

import json
import sys
from importlib import import_module
from pathlib import Path

OURS, PEER, INK = "#0b6e4f", "#9aa5b1", "#1f2933"


def main(source: Path, target: Path) -> None:
    """Draw what is judged and counted a second beside the peers, by shards and processes, and what a ballot costs."""
    import_module("matplotlib").use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    told = json.loads(source.read_text())
    by_part: dict[str, list[dict[str, object]]] = {}
    for figure in (of for of in told["figures"] if of["contest"] != "Ratios"):
        by_part.setdefault(figure["contest"], []).append(figure)
    figure, axes = pyplot.subplots(1, len(by_part), figsize=(4.2 * len(by_part), 3.4))
    for axis, (part, found) in zip(axes, by_part.items(), strict=True):
        names = [str(of["measure"]) for of in found]
        axis.barh(names, [of["value"] for of in found], color=OURS)
        axis.invert_yaxis()
        axis.set_title(part, fontsize=8, color=INK)
        axis.tick_params(labelsize=7)
        axis.set_xticks([])
        for place, of in enumerate(found):
            axis.text(
                0,
                place,
                f"  {of['value']:,.2f} x" if of["unit"] == "x" else f"  {of['value']:,.0f}/s",
                va="center",
                fontsize=7,
                color="white",
            )
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    figure.text(0.01, 0.01, told["machine"], fontsize=6, color=PEER)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
