"""Curves of runs as a picture: bits a note while training and on held-out songs, in all and by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from composer.atomic import atomic_file
from composer.picture import COLOURS, FAINT, INK, LANE, MORE_COLOURS, PAPER

FIELD_COLOURS = {name: COLOURS[part] for name, part in
                 (("position", "bass"), ("pitch", "piano"), ("duration", "guitar"), ("velocity", "strings"))}  # fmt: skip


def draw_curves(runs: Mapping[str, Sequence[dict[str, Any]]], path: Path) -> None:
    """A picture of one or more runs' logs (journal entries), written whole to `path`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), dpi=110, facecolor=PAPER, layout="constrained")
    whole, fields = figure.subplots(1, 2)
    for axes, title in ((whole, "bits a note"), (fields, "held-out, by field")):
        axes.set_facecolor(LANE)
        axes.set_title(title, color=INK, fontsize=11, loc="left")
        axes.set_xlabel("minutes of training", color=FAINT, fontsize=9)
        axes.tick_params(colors=FAINT, labelsize=8)
        axes.grid(color=PAPER, linewidth=1)
        for spine in axes.spines.values():
            spine.set_visible(False)
    colours = (COLOURS["melody"], *MORE_COLOURS)
    for i, (name, entries) in enumerate(runs.items()):
        colour = colours[i % len(colours)]
        learnt = [(e["minutes"], e["bits"]) for e in entries if "bits" in e and "minutes" in e]
        valid = [(e["minutes"], e["valid"]) for e in entries if "valid" in e]
        average = [(e["minutes"], e["average"]["bits"]) for e in entries if e.get("average")]
        label = f"{name} · " if len(runs) > 1 else ""
        whole.plot(*_xy(learnt), color=colour, linewidth=1, alpha=0.45, label=f"{label}training")
        whole.plot(*_xy([(m, v["bits"]) for m, v in valid]), color=colour, marker="o", ms=4, label=f"{label}held-out")
        if average:
            whole.plot(
                *_xy(average), color=colour, marker="s", ms=3, ls="--", label=f"{label}held-out, averaged weights"
            )
        for field, shade in FIELD_COLOURS.items() if i == 0 else ():
            points = [(m, v["by_field"][field]) for m, v in valid if field in v.get("by_field", {})]
            fields.plot(*_xy(points), color=shade, marker="o", ms=3, label=field)
    for axes in (whole, fields):
        axes.set_xlim(left=0)
        if axes.lines:
            axes.legend(fontsize=8, labelcolor=INK, facecolor=PAPER, edgecolor=PAPER, framealpha=0.8)
    with atomic_file(path) as staged:
        figure.savefig(staged, format="png")


def _xy(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
