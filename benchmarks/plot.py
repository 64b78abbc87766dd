"""Draw curves of growth, in the environment of matplotlib: plot.py FILE, the curves as JSON on standard input."""

from __future__ import annotations

import json
import math
import sys

import matplotlib

matplotlib.use("svg")
# The same bytes for the same curves.
matplotlib.rcParams["svg.hashsalt"] = "growth"
matplotlib.rcParams["svg.fonttype"] = "none"

from matplotlib import pyplot  # noqa: E402, after the backend is chosen

COLUMNS = 2


def main() -> None:
    """One panel for each curve, beside the line that grows as its last point does from nothing."""
    curves = json.load(sys.stdin)
    rows = math.ceil(len(curves) / COLUMNS)
    figure, panels = pyplot.subplots(rows, COLUMNS, figsize=(9, 3 * rows), squeeze=False, layout="constrained")
    for panel, curve in zip(panels.flat, curves, strict=False):
        sizes, seconds = curve["sizes"], curve["seconds"]
        panel.plot([0, sizes[-1]], [0, seconds[-1]], color="#999999", linestyle="--", label="linear")
        panel.plot(sizes, seconds, color="#0b5fa5", marker="o", label="measured")
        panel.set_title(curve["title"].replace("`", ""), fontsize=10)
        panel.set_xlabel(curve["unit"])
        panel.set_ylabel("s of the processors")
        panel.set_xlim(0)
        panel.set_ylim(0)
        panel.legend(frameon=False)
    for panel in panels.flat[len(curves) :]:
        panel.set_visible(False)
    figure.savefig(sys.argv[1], metadata={"Date": None})


if __name__ == "__main__":
    main()
