"""A mix as a picture: how loud each part stands, where, and in which part of the spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from composer.errors import OutputError
from composer.picture import COLOURS, DPI, FAINT, INK, LANE, MORE_COLOURS, PAPER, short_line, write_figure

if TYPE_CHECKING:
    from composer.audio.mixer import Mix

FLOOR_DB = 45.0
"""How far under the loudest band the spectra reach down."""


def save_mix_picture(mixed: Mix, path: str | Path, title: str = "", force: bool = False) -> Path:
    """Left the parts' loudness, before and after, and their place; right their spectra in the mix. A PNG that appears
    whole or not at all; raises OutputError where it exists (unless `force`) or cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    if path.exists() and not force:
        raise OutputError(f"{path}: already exists; use --force to overwrite it")
    rows = len(mixed.table)
    figure = Figure(figsize=(12.5, max(3.6, 1.7 + 0.42 * rows)), dpi=DPI, facecolor=PAPER, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    levels, spectra = figure.subplots(1, 2, width_ratios=(1, 1.15))
    whole = f"{mixed.lufs:.1f} LUFS, true peak {mixed.true_peak_dbtp:.1f} dBTP"
    figure.suptitle(f"{short_line(title, 70)}   {whole}".strip(), color=INK, fontsize=12, x=0.012, ha="left")
    colours = _colours(mixed)
    _levels(levels, mixed, colours)
    _spectra(spectra, mixed, colours)
    write_figure(canvas, path)
    return path


def _colours(mixed: Mix) -> list[str]:
    found: list[str] = []
    for level in mixed.table:
        colour = COLOURS.get(level.role)
        spare = (one for one in MORE_COLOURS if one not in found)
        found.append(colour if colour and colour not in found else next(spare, FAINT))
    return found


def _axes(axes: Any) -> None:
    axes.set_facecolor(LANE)
    axes.tick_params(colors=FAINT, labelsize=8.5, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _levels(axes: Any, mixed: Mix, colours: list[str]) -> None:
    """A bar a part: its loudness in the mix; a tick where it stood before; fader, place and what is heard in words."""
    _axes(axes)
    table = mixed.table
    loud = [level.after_lufs for level in table if np.isfinite(level.after_lufs)]
    low, high = (min(loud) - 16, max(loud) + 6) if loud else (-60.0, 0.0)
    for row, (level, colour) in enumerate(zip(table, colours, strict=True)):
        where = "centre" if abs(level.pan) < 0.02 else f"{abs(level.pan):.0%} {'left' if level.pan < 0 else 'right'}"
        if not np.isfinite(level.after_lufs):
            axes.text(low + 0.4, row, "silent", color=FAINT, va="center", fontsize=8.5)
            continue
        axes.barh(row, level.after_lufs - low, left=low, height=0.62, color=colour, alpha=0.85)
        if low < level.before_lufs < high:
            axes.plot([level.before_lufs] * 2, [row - 0.38, row + 0.38], color=INK, lw=1.2)
        words = f"{level.after_lufs:.1f} LUFS   {level.gain_db:+.1f} dB   {where}   {level.heard:.0%} heard"
        axes.text(low + 0.4, row, words, color=PAPER, va="center", fontsize=8.2, fontweight="bold")
        if level.eq:
            axes.text(level.after_lufs + 0.3, row, level.eq, color=FAINT, va="center", fontsize=7.5, clip_on=True)
    axes.set_yticks(range(len(table)), [short_line(level.part, 24) for level in table], color=INK, fontsize=9.5)
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlim(low, high)
    axes.set_xlabel("LUFS in the mix; the white tick is the part at its fader", color=FAINT, fontsize=8.5)


def _spectra(axes: Any, mixed: Mix, colours: list[str]) -> None:
    """A line a part: its K-weighted level by thirds of an octave."""
    _axes(axes)
    hz, powers = mixed.bands()
    top = 10 * np.log10(max(float(powers.max(initial=0)), 1e-12))
    for level, power, colour in zip(mixed.table, powers, colours, strict=True):
        if power.any():
            decibels = np.maximum(10 * np.log10(power + 1e-12), top - FLOOR_DB)
            axes.fill_between(hz, decibels, top - FLOOR_DB, color=colour, alpha=0.10, lw=0)
            axes.plot(hz, decibels, color=colour, lw=1.8, label=short_line(level.part, 24).lstrip("_"))
    axes.set_xscale("log")
    axes.set_xlim(hz[0], hz[-1])
    axes.set_ylim(top - FLOOR_DB, top + 3)
    ticks = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
    axes.set_xticks(ticks, [f"{tick // 1000} k" if tick >= 1_000 else str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("Hz; level in thirds of an octave, K-weighted, dB", color=FAINT, fontsize=8.5)
    if powers.any():
        axes.legend(fontsize=8, facecolor=LANE, edgecolor=LANE, labelcolor=INK, ncols=2, loc="upper right")
