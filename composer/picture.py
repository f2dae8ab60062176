"""A score as a picture: one lane a part, as in a studio's arranging window. matplotlib's one owner."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from composer import gm
from composer.atomic import atomic_file
from composer.errors import OutputError
from composer.score import Part, Score
from composer.timing import Bar, length_said, meter_name

if TYPE_CHECKING:
    from composer.harmony.lane import ChordLane

PAPER, LANE, LANE_ODD, INK, FAINT = "#12141c", "#1a1d28", "#1d212d", "#f2f3f7", "#8b91a7"
BEAT_LINE, BAR_LINE, PHRASE_LINE = "#232736", "#2e3346", "#565e7c"
COLOURS = {
    "melody": "#ffd166", "strings": "#c792ea", "piano": "#4cc9f0",
    "guitar": "#8ce99a", "bass": "#ff7a6b", "drums": "#ff9fd0",
}  # fmt: skip
MORE_COLOURS = ("#f4a261", "#90e0ef", "#e5989b", "#b8f2a0", "#cdb4f6", "#f6e58d", "#7bdff2", "#ffb4a2")
ORDER = ("melody", "strings", "piano", "guitar", "", "bass", "drums")
"""Lanes from the top; "" stands for every other part."""

DPI = 120
INCHES_A_BAR, LEFT_IN, RIGHT_IN, TITLE_IN, BOTTOM_IN, CHORD_LINE_IN = 0.45, 1.75, 0.35, 0.66, 0.38, 0.16
CHORD_SIZES = (9.5, 8.5, 7.5, 6.8)
SEMITONE_IN, DRUM_ROW_IN, GAP_IN = 0.047, 0.15, 0.06
LEAST_SEMITONES = 15
MOST_INCHES = (64.0, 40.0)
MOST_LANES = 24

KIT_PIECES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("kick", (35, 36)), ("snare", (38, 40)), ("side stick", (37,)), ("clap", (39,)), ("low tom", (41, 43)),
    ("mid tom", (45, 47)), ("high tom", (48, 50)), ("closed hat", (42,)), ("pedal hat", (44,)), ("open hat", (46,)),
    ("ride", (51, 59)), ("ride bell", (53,)), ("crash", (49, 57)), ("china", (52,)), ("splash", (55,)),
    ("tambourine", (54,)), ("cowbell", (56,)), ("vibraslap", (58,)), ("bongos", (60, 61)), ("congas", (62, 63, 64)),
    ("timbales", (65, 66)), ("agogo", (67, 68)), ("cabasa", (69,)), ("maracas", (70,)), ("whistle", (71, 72)),
    ("guiro", (73, 74)), ("claves", (75,)), ("woodblock", (76, 77)), ("cuica", (78, 79)), ("triangle", (80, 81)),
    ("shaker", (82,)), ("bells", (83, 84)), ("castanets", (85,)), ("surdo", (86, 87)),
)  # fmt: skip
"""Rows of the drum lane from the bottom, and the General MIDI keys that each takes in."""


@dataclass(frozen=True)
class _Lane:
    """Where a part is drawn: `base` and `height` in inches from the bottom of the roll."""

    part: Part
    title: str
    colour: str
    base: float
    height: float
    rows: tuple[tuple[str, float, float], ...]
    """Labelled heights (label, lower edge, upper edge), in inches over `base`."""
    low: int = 0
    """Pitch at the lower edge, where the lane is not a drum lane."""


@dataclass(frozen=True)
class _Label:
    """A chord symbol over the roll: `size` in points, `line` 0 or the one above, 1."""

    tick: int
    text: str
    size: float
    line: int


def save_piano_roll(score: Score, path: str | Path, lane: ChordLane | None = None, force: bool = False) -> Path:
    """Draw all parts over their bars, chords on top, as a PNG that appears whole or not at all.

    The chords are the lane's, else the score's own; a piece without a title is called as the file is. Raises OutputError
    where the file exists (unless `force`) or cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    if path.exists() and not force:
        raise OutputError(f"{path}: already exists; use --force to overwrite it")
    bars = score.bars()
    lanes = _lay_out(score)
    roll_in = max((one.base + one.height for one in lanes), default=1.0) + GAP_IN
    width = min(max(11.0, LEFT_IN + RIGHT_IN + INCHES_A_BAR * len(bars)), MOST_INCHES[0])
    ticks_per_inch = bars[-1].end / (width - LEFT_IN - RIGHT_IN)
    chords = _place_chords(_chord_spans(score, bars, lane), ticks_per_inch)
    top = TITLE_IN + max((CHORD_LINE_IN * (2 + one.line) for one in chords), default=0.0)
    height = min(top + roll_in + BOTTOM_IN, MOST_INCHES[1])
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    canvas = FigureCanvasAgg(figure)
    roll = figure.add_axes(
        (LEFT_IN / width, BOTTOM_IN / height, 1 - (LEFT_IN + RIGHT_IN) / width, 1 - (top + BOTTOM_IN) / height)
    )
    roll.set_axis_off()
    end = bars[-1].end
    roll.set_xlim(0, end)
    roll.set_ylim(0, roll_in)
    _draw_grid(roll, bars, lanes, roll_in, ticks_per_inch)
    for one in lanes:
        _draw_lane(roll, one, end, score.ticks_per_beat, ticks_per_inch)
        _label_lane(roll, one)
    _draw_chords(roll, chords, roll_in)
    _draw_title(figure, score.title or path.stem, title_facts(score, bars), width, height)
    write_figure(canvas, path)
    return path


def _lay_out(score: Score) -> list[_Lane]:
    """Lanes from the bottom up, drums below, melody on top; parts without notes are left out."""

    def rank(part: Part) -> int:
        role = "drums" if part.is_drum else part.role
        return ORDER.index(role) if role in ORDER and role else ORDER.index("")

    lanes: list[_Lane] = []
    base, spare = GAP_IN, 0
    playing = sorted((part for part in score.parts if len(part)), key=rank)[:MOST_LANES]
    for part in reversed(playing):
        role = "drums" if part.is_drum else part.role
        colour = COLOURS.get(role)
        if colour is None or colour in {one.colour for one in lanes}:
            colour, spare = MORE_COLOURS[spare % len(MORE_COLOURS)], spare + 1
        title = part.role or part.name or ("drums" if part.is_drum else gm.PROGRAM_NAMES[part.program])
        low, height, rows = _drum_rows(part) if part.is_drum else _pitch_rows(part)
        lanes.append(_Lane(part, title, colour, base, height, rows, low))
        base += height + GAP_IN
    return lanes


_Rows = tuple[tuple[str, float, float], ...]


def _drum_rows(part: Part) -> tuple[int, float, _Rows]:
    """(0, height in inches, labelled rows) of a drum lane: a row for every piece of the kit that is played."""
    used = {int(pitch) for pitch in part.notes["pitch"]}
    names = [name for name, keys in KIT_PIECES if used & set(keys)]
    if used - {key for _, keys in KIT_PIECES for key in keys}:
        names.append("other")
    rows = tuple((name, at * DRUM_ROW_IN, (at + 1) * DRUM_ROW_IN) for at, name in enumerate(names))
    return 0, max(len(names), 3) * DRUM_ROW_IN, rows


def _pitch_rows(part: Part) -> tuple[int, float, _Rows]:
    """(lowest pitch, height in inches, labelled rows: every C) of a pitched lane, with some room above and below its notes."""
    low, high = int(part.notes["pitch"].min()), int(part.notes["pitch"].max())
    missing = max(LEAST_SEMITONES - (high - low + 1), 2)
    low, high = low - missing // 2 - 1, high + (missing + 1) // 2 + 1
    rows = tuple(
        (f"C{pitch // 12 - 1}", (pitch - low) * SEMITONE_IN, (pitch - low + 1) * SEMITONE_IN)
        for pitch in range(low, high + 1)
        if pitch % 12 == 0
    )
    return low, (high - low + 1) * SEMITONE_IN, rows


def _draw_grid(roll: Any, bars: Sequence[Bar], lanes: Sequence[_Lane], roll_in: float, ticks_per_inch: float) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    end = bars[-1].end
    for at, one in enumerate(lanes):
        paper = LANE if at % 2 else LANE_ODD
        roll.add_patch(Rectangle((0, one.base), end, one.height, facecolor=paper, edgecolor="none", zorder=0))
    if bars[0].beat_length > 0.05 * ticks_per_inch:
        beats = [[(tick, 0), (tick, roll_in)] for bar in bars for tick in bar.beat_starts()[1:]]
        roll.add_collection(LineCollection(beats, colors=BEAT_LINE, linewidths=0.6, zorder=1))
    phrases = [bar for bar in bars if bar.number % 4 == 1]
    for some, colour in ((bars, BAR_LINE), (phrases, PHRASE_LINE)):
        lines = [[(bar.start, 0), (bar.start, roll_in)] for bar in some]
        roll.add_collection(LineCollection(lines, colors=colour, linewidths=0.9, zorder=1))
    taken = -np.inf
    for bar in phrases:
        if bar.start - taken < 0.35 * ticks_per_inch:
            continue
        taken = bar.start
        roll.annotate(
            f"{bar.number}", (bar.start, 0), (0, -4), textcoords="offset points",
            ha="center", va="top", fontsize=8.5, color=FAINT, annotation_clip=False,
        )  # fmt: skip


def _draw_lane(roll: Any, lane: _Lane, end: int, ticks_per_beat: int, ticks_per_inch: float) -> None:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import to_rgb

    notes = lane.part.notes
    left = notes["onset"].astype(float)
    long = np.maximum(notes["duration"].astype(float), 0.03 * ticks_per_inch)
    if lane.part.is_drum:
        at_row = {name: at for at, (name, _, _) in enumerate(lane.rows)}
        row_of = {key: at_row[name] for name, keys in KIT_PIECES if name in at_row for key in keys}
        row = np.array([row_of.get(int(pitch), len(lane.rows) - 1) for pitch in notes["pitch"]])
        bottom = lane.base + (row + 0.16) * DRUM_ROW_IN
        tall = np.full(len(notes), DRUM_ROW_IN * 0.68)
        long = np.full(len(notes), max(min(ticks_per_beat / 5, 0.075 * ticks_per_inch), 0.03 * ticks_per_inch))
    else:
        bottom = lane.base + (notes["pitch"] - lane.low) * SEMITONE_IN
        tall = np.full(len(notes), SEMITONE_IN)
        long = np.maximum(
            long - 0.012 * ticks_per_inch, 0.03 * ticks_per_inch
        )  # a sliver of paper between repeated notes
        lines = [[(0, lane.base + low), (end, lane.base + low)] for _, low, _ in lane.rows]
        roll.add_collection(LineCollection(lines, colors=BAR_LINE, linewidths=0.6, zorder=1))
    loud = np.clip(notes["velocity"] / 115.0, 0.0, 1.0)
    colours = np.empty((len(notes), 4))
    colours[:, :3] = to_rgb(lane.colour)
    if lane.part.role == "melody":  # the lead glows
        colours[:, 3] = 0.2
        wide, high = 0.02 * ticks_per_inch, SEMITONE_IN * 0.45
        glow = _quads(left - wide, bottom - high, long + 2 * wide, tall + 2 * high)
        roll.add_collection(PolyCollection(list(glow), facecolors=colours, edgecolors="none", zorder=2))
    colours[:, 3] = 0.32 + 0.68 * loud**1.4
    quads = _quads(left, bottom, long, tall)
    roll.add_collection(PolyCollection(list(quads), facecolors=colours.copy(), edgecolors="none", zorder=3))


def _label_lane(roll: Any, lane: _Lane) -> None:
    """The part's name and sound in the margin, and its rows beside the roll."""
    middle = lane.base + lane.height / 2
    sound = "" if lane.part.is_drum else gm.PROGRAM_NAMES[lane.part.program]
    said: dict[str, Any] = {"ha": "left", "va": "center", "textcoords": "offset points", "annotation_clip": False}
    edge = -(LEFT_IN - 0.3) * 72
    shift = 6 if sound else 0
    name = short_line(lane.title, 16)
    roll.annotate(name, (0, middle), (edge, shift), fontsize=11.5, weight="bold", color=lane.colour, **said)
    if sound:
        roll.annotate(short_line(sound, 20), (0, middle), (edge, -8), fontsize=7.5, color=FAINT, **said)
    for label, low, high in lane.rows:
        at = lane.base + ((low + high) / 2 if lane.part.is_drum else low + SEMITONE_IN / 2)
        roll.annotate(
            label, (0, at), (-6, 0), fontsize=6.8, color=FAINT, **{**said, "ha": "right", "va": "center_baseline"}
        )


def _quads(left: np.ndarray, bottom: np.ndarray, wide: np.ndarray, tall: np.ndarray) -> np.ndarray:
    """Corners of rectangles, shape (n, 4, 2)."""
    right, top = left + wide, bottom + tall
    corners = [np.stack(corner, -1) for corner in ((left, bottom), (right, bottom), (right, top), (left, top))]
    return np.stack(corners, 1)


def _chord_spans(score: Score, bars: Sequence[Bar], lane: ChordLane | None) -> list[tuple[int, int, str]]:
    """(start, end, symbol) of every stretch of one chord."""
    if lane is not None:
        beats = [tick for bar in bars for tick in bar.beat_starts()]
        given = [(tick, chord.symbol) for tick, chord in zip(beats, lane.chords, strict=False)]
    else:
        given = list(score.chords)
    changes = [(tick, symbol) for at, (tick, symbol) in enumerate(given) if at == 0 or symbol != given[at - 1][1]]
    ends = [*(tick for tick, _ in changes[1:]), bars[-1].end]
    return [(tick, end, symbol) for (tick, symbol), end in zip(changes, ends, strict=False) if end > tick]


def _draw_chords(roll: Any, chords: Sequence[_Label], roll_in: float) -> None:
    for one in chords:
        roll.annotate(
            one.text, (one.tick, roll_in), (1, 6 + 12 * one.line), textcoords="offset points", fontsize=one.size,
            color=INK, weight="bold", ha="left", va="bottom", annotation_clip=False,
        )  # fmt: skip


def _place_chords(spans: Sequence[tuple[int, int, str]], ticks_per_inch: float) -> list[_Label]:
    """Chord symbols with room for each: smaller where a chord is short, a line higher where even that is too wide."""
    named = [(start, end, _pretty(symbol)) for start, end, symbol in spans if symbol not in ("", "N.C.")]
    fitting = [
        next((size for size in CHORD_SIZES if _width_in(text, size) * ticks_per_inch <= end - start), CHORD_SIZES[-1])
        for start, end, text in named
    ]
    common = sorted(fitting)[len(fitting) // 8] if fitting else 0.0  # one size for nearly all looks calmer
    labels: list[_Label] = []
    taken = [-np.inf, -np.inf]
    for (start, _, text), fits in zip(named, fitting, strict=True):
        size = min(fits, common)
        line = 0 if start >= taken[0] else 1
        if start >= taken[line]:
            taken[line] = start + _width_in(text, size) * ticks_per_inch
            labels.append(_Label(start, text, size, line))
    return labels


def _width_in(text: str, size: float) -> float:
    """About how wide bold text is, in inches."""
    return (0.72 * len(text) + 0.35) * size / 72


def _pretty(symbol: str) -> str:
    """A chord symbol with real accidentals.

    >>> _pretty("Bbm7b5/F#")
    'B♭m7♭5/F♯'
    """
    return re.sub(r"(?<=[A-G])b|b(?=\d)", "♭", symbol).replace("#", "♯")


def _draw_title(figure: Any, title: str, facts: Sequence[str], width: float, height: float) -> None:
    """The title at the left and the facts at the right, above the roll; `width` and `height` of the figure in inches."""
    left, right, middle = 0.3 / width, 1 - RIGHT_IN / width, 1 - 0.36 / height
    figure.text(left, middle, short_line(title, 70), fontsize=17, weight="bold", color=INK, va="center")
    figure.text(right, middle, "   ·   ".join(facts), fontsize=9.5, color=FAINT, va="center", ha="right")


def title_facts(score: Score, bars: Sequence[Bar]) -> list[str]:
    """Tempo, metre, key, length in bars and in time, and notes, as they stand beside the title."""
    minutes, seconds = divmod(round(score.duration_s), 60)
    return [
        f"{score.tempo.bpm_at(0):.0f} BPM",
        meter_name(bars),
        *([score.key] if score.key else []),
        length_said(bars),
        f"{minutes}:{seconds:02d}",
        f"{sum(map(len, score.parts)):,} notes",
    ]


def short_line(text: str, most: int) -> str:
    """At most so many characters, on one line and without what matplotlib would read as mathematics."""
    text = " ".join(text.split())
    return (text if len(text) <= most else text[: most - 1] + "…").replace("$", "\\$")


def write_figure(canvas: Any, path: Path) -> None:
    """A matplotlib canvas as a PNG that appears whole or not at all. Raises OutputError.

    Names in scripts that matplotlib's font lacks are boxes in the picture; nobody need be warned of that.
    """
    try:
        with atomic_file(path) as scratch, scratch.open("wb") as file, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph", UserWarning)
            canvas.print_png(file)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({why}); choose another folder, or is the disk full?") from None
