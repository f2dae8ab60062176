"""The evaluation as pictures: one a family of figures, one for what tells bands apart, one for style. Lines are intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from composer.evaluation.measures import FAMILIES

COLOURS = {"own": "#1b1d26", "ours": "#c2410c", "mma": "#0369a1", "shuffled": "#9ca3af"}
MARKS = {"own": "o", "ours": "D", "mma": "s", "shuffled": "x"}
NAMES = {"own": "own band", "ours": "ours", "mma": "mma", "shuffled": "shuffled"}
DPI = 130


def write_plots(folder: Path, result: Mapping[str, Any]) -> list[str]:
    """Every picture into `folder`; returns their names."""
    written = []
    for kind, told in result["kinds"].items():
        for family in FAMILIES:
            rows = {name: row for name, row in told["figures"].items() if row["family"] == family}
            if rows:
                written.append(_family(folder / f"{kind}-{family}.png", kind, family, rows, told["songs"]))
        if told["told_apart"]:
            written.append(_told_apart(folder / f"{kind}-told-apart.png", kind, told["told_apart"]))
        if told["nearness"]:
            written.append(_nearness(folder / f"{kind}-nearness.png", kind, told["nearness"]))
    if result.get("style"):
        written.append(_style(folder / "style.png", result["style"]))
    return written


def _axes(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns)


def _save(figure: Any, path: Path) -> str:
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path.name


def _family(path: Path, kind: str, family: str, rows: Mapping[str, Any], songs: int) -> str:
    """A small panel a figure, each on its own scale; the own bands' interval is the grey band to hit."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = 3 if len(rows) > 2 else len(rows)
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(4.1 * columns, 1.55 * lines + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for panel, (name, row) in zip(panels, rows.items(), strict=False):
        systems = {system: one for system, one in row["systems"].items() if one["value"] is not None}
        for at, (system, one) in enumerate(systems.items()):
            if system == "own" and one["low"] is not None:
                panel.axvspan(one["low"], one["high"], color="#e5e7eb", zorder=0)
            panel.plot([one["low"], one["high"]], [at, at], color=COLOURS[system], linewidth=2)
            panel.plot(one["value"], at, MARKS[system], color=COLOURS[system], markersize=6)
        panel.set_yticks(range(len(systems)), [NAMES[system] for system in systems], fontsize=8)
        panel.set_ylim(len(systems) - 0.4, -0.6)
        panel.set_title("\n".join(textwrap.wrap(name, 38)), fontsize=9, loc="left")
        panel.tick_params(axis="x", labelsize=8)
        _plain(panel)
    for panel in panels[len(rows) :]:
        panel.set_visible(False)
    figure.suptitle(
        f"{family}: {FAMILIES[family]} – {kind}, {songs} held-out songs. Grey: where people's own bands lie (95 %)",
        fontsize=10, x=0.01, ha="left",
    )  # fmt: skip
    return _save(figure, path)


def _told_apart(path: Path, kind: str, told: Mapping[str, Any]) -> str:
    families = [family for family in FAMILIES if any(family in one["by_family"] for one in told.values())]
    figure, panel = _axes(8.2, 0.52 * (len(families) + 1) + 1.3)
    height = 0.8 / max(len(told), 1)
    for number, (system, one) in enumerate(told.items()):
        for at, family in enumerate(("everything", *families)):
            found = one["auc"] if family == "everything" else one["by_family"].get(family)
            if not found or found["value"] is None:
                continue
            y = at - 0.4 + (number + 0.5) * height
            panel.plot([found["low"], found["high"]], [y, y], color=COLOURS[system], linewidth=2)
            panel.plot(found["value"], y, MARKS[system], color=COLOURS[system], label=NAMES[system] if not at else None)
    panel.axvline(0.5, color="#6b7280", linewidth=1)
    panel.axvline(0.8, color="#6b7280", linewidth=1, linestyle=":")
    panel.set_yticks(range(len(families) + 1), ["everything", *families])
    panel.set_ylim(len(families) + 0.5, -0.5)
    panel.set_xlim(0, 1.01)
    panel.set_xlabel("AUC: 0.5 is chance, 1.0 always told from the songs' own bands (dotted: the target, 0.8)")
    panel.set_title(f"Two-sample test, eight bars – {kind}", loc="left", fontsize=11)
    panel.legend(loc="upper left", frameon=False, fontsize=9)
    _plain(panel)
    return _save(figure, path)


def _nearness(path: Path, kind: str, near: Mapping[str, Any]) -> str:
    figure, panel = _axes(8.2, 0.3 * len(near) + 1.4)
    for at, one in enumerate(near.values()):
        if one["halves_of_own"] is not None:
            panel.plot(one["halves_of_own"], at, "|", color=COLOURS["own"], markersize=13, markeredgewidth=2,
                       label="one half of the real songs with the other" if not at else None)  # fmt: skip
        for system, found in one["systems"].items():
            panel.plot(found["overlap"]["value"], at, MARKS[system], color=COLOURS[system], markersize=5,
                       label=NAMES[system] if not at else None)  # fmt: skip
    panel.set_yticks(range(len(near)), list(near), fontsize=8)
    panel.set_ylim(len(near) - 0.4, -0.6)
    panel.set_xlim(0, 1.02)
    panel.set_xlabel("overlap with the songs' own distribution (nearer 1 is closer)")
    panel.set_title(f"Overlap of note distributions – {kind}", loc="left", fontsize=11)
    panel.legend(loc="upper center", bbox_to_anchor=(0.4, -0.09), ncols=4, frameon=False, fontsize=9)
    _plain(panel)
    return _save(figure, path)


def _style(path: Path, style: Mapping[str, Any]) -> str:
    figure, panels = _axes(9.5, 0.5 * len(style["systems"]) + 1.9, 2)
    titles = {"accuracy": "recognised as the style asked for", "chords_kept": "chords heard in the band are the song's"}
    for panel, (what, title) in zip(panels, titles.items(), strict=True):
        for at, (name, row) in enumerate(style["systems"].items()):
            colour = COLOURS["mma" if name == "mma" else "ours"]
            found = row[what]
            if found["value"] is None:
                continue
            panel.plot([found["low"], found["high"]], [at, at], color=colour, linewidth=2)
            panel.plot(found["value"], at, MARKS["mma" if name == "mma" else "ours"], color=colour)
        if what == "accuracy" and style["ceiling"] is not None:
            panel.axvline(style["ceiling"], color=COLOURS["own"], linewidth=1)
            panel.axvline(0.9 * style["ceiling"], color=COLOURS["own"], linewidth=1, linestyle=":")
        panel.set_yticks(range(len(style["systems"])), list(style["systems"]), fontsize=9)
        panel.set_ylim(len(style["systems"]) - 0.4, -0.6)
        panel.set_xlim(0, 1.02)
        panel.set_title(title, fontsize=10, loc="left")
        _plain(panel)
    panels[0].set_xlabel("line: held-out songs themselves; dotted: nine tenths of that", fontsize=9)
    return _save(figure, path)


def _plain(panel: Any) -> None:
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    panel.grid(axis="x", color="#eceef2")
    panel.set_axisbelow(True)
