"""A corpus in figures: how many of what, how they are spread, and a picture of it. Owner of matplotlib here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from composer.batch.making import KEPT
from composer.batch.quality import QUALITIES
from composer.gm import BAND

SPREADS = (
    "bars",
    "duration_s",
    "tempo_bpm",
    "notes",
    *(f"notes_{role}" for role in BAND),
    *QUALITIES,
    "attempt",
    "seconds",
)
"""Columns told as quantiles."""
COUNTS = ("status", "task", "style", "key", "meter")
"""Columns told as counts."""
MOST = 12
"""Values named of each column; the others are summed up."""
PICTURED = ("bars", "tempo_bpm", "notes", "clashing", "out_of_chord", "looping")


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The figures as lines of text: of all pieces by status, of the kept ones everything else."""
    kept = [row for row in rows if row["status"] == KEPT]
    lines = [
        f"{len(rows)} pieces, {sum(row['notes'] or 0 for row in kept)} notes, {sum(row['duration_s'] or 0 for row in kept) / 3600:.1f} h"
    ]
    for name in COUNTS:
        count = Counter(str(row[name]) for row in (rows if name == "status" else kept))
        named = ", ".join(f"{value or '(none)'} {number}" for value, number in count.most_common(MOST))
        rest = sum(count.values()) - sum(number for _, number in count.most_common(MOST))
        lines.append(f"  {name:8} {named}" + (f", others {rest}" if rest else ""))
    lines.append(f"  {'':14} {'5 %':>9} {'median':>9} {'95 %':>9} {'mean':>9}")
    for name in SPREADS:
        values = _values(kept, name)
        if len(values):
            low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
            lines.append(f"  {name:14} {low:9.4g} {middle:9.4g} {high:9.4g} {values.mean():9.4g}")
    groups = {row["near_duplicate_group"] for row in rows} - {""}
    lines.append(
        f"  {len(groups)} groups of near-duplicates; {sum(row['attempt'] or 0 for row in rows)} attempts in all"
    )
    return lines


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """A picture of the kept pieces: styles, and how the main figures are spread."""
    from matplotlib.figure import Figure

    from composer.picture import COLOURS, FAINT, INK, LANE, PAPER

    kept = [row for row in rows if row["status"] == KEPT]
    figure = Figure(figsize=(11, 6.4), dpi=110, facecolor=PAPER, layout="constrained")
    axes = figure.subplots(2, 4).ravel()
    for panel in axes:
        panel.set_facecolor(LANE)
        panel.tick_params(colors=FAINT, labelsize=8)
        for spine in panel.spines.values():
            spine.set_visible(False)
    count = Counter(str(row["style"]) for row in kept).most_common(MOST)
    axes[0].barh([name for name, _ in count][::-1], [number for _, number in count][::-1], color=COLOURS["melody"])
    axes[0].set_title("pieces by style", color=INK, fontsize=10, loc="left")
    parts = [(role, float(np.mean(_values(kept, f"notes_{role}")) if kept else 0)) for role in BAND]
    axes[1].bar(
        [role for role, _ in parts], [number for _, number in parts], color=[COLOURS[role] for role, _ in parts]
    )
    axes[1].set_title("notes a piece", color=INK, fontsize=10, loc="left")
    for panel, name in zip(axes[2:], PICTURED, strict=True):
        values = _values(kept, name)
        panel.hist(values, bins=24, color=COLOURS["bass"])
        panel.set_title(name.replace("_", " "), color=INK, fontsize=10, loc="left")
    figure.savefig(path, format="png")


def _values(rows: Iterable[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows if row[name] is not None], float)
