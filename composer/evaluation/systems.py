"""The bands that are compared: each takes a held-out excerpt and plays its bars with its parts."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from composer.arrange import ArrangeOptions, Arranger
from composer.errors import ComposerError, InputError
from composer.evaluation.excerpts import Excerpt
from composer.evaluation.ungrid import TICKS_PER_BEAT, lane_of, meter_of, of_roles, score_of
from composer.gm import MELODY
from composer.harmony.lane import ChordLane
from composer.score import Score
from composer.styles import STYLES
from composer.vocab import POSITIONS_PER_QUARTER, grid_notes

Band = Callable[[Excerpt, int], np.ndarray]
"""(excerpt, seed) → the band's notes over the whole excerpt, GRID_NOTE_DTYPE, without the melody."""

SYSTEMS = {
    "own": "the song's own band",
    "shuffled": "its own parts with their bars in another order: what chance gives",
    "mma": "mma's arrangement of the true chords in a groove of the song's style",
    "ours": "the model with the song's melody, true chords, style, tempo and parts",
}
"""System → what it is, in the order of the table."""


@dataclass(frozen=True)
class Asked:
    """What ours is asked for beyond the song itself."""

    style: str = ""
    """A style's name; "": the song's own."""
    style_strength: float = 1.0
    parts: tuple[str, ...] = ()
    """() asks for the parts the song has."""


def own(excerpt: Excerpt, seed: int) -> np.ndarray:
    """The song's own band."""
    return np.asarray(excerpt.song.notes[excerpt.song.notes["part"] > 0])


def shuffled(excerpt: Excerpt, seed: int) -> np.ndarray:
    """The own band's parts, each with its measured bars in an order of its own. Bars keep to bars of their length."""
    song, rng = excerpt.song, np.random.default_rng([seed, 1])
    rows = []
    for part in np.unique(song.notes["part"]).tolist():
        if part == 0:
            continue
        mine = song.notes[song.notes["part"] == part].copy()
        order = np.arange(song.bar_count)
        measured = order[excerpt.first : excerpt.last]
        for length in np.unique(song.bar_length[measured]):
            alike = measured[song.bar_length[measured] == length]
            order[alike] = rng.permutation(alike)
        mine["bar"] = order[mine["bar"]]
        rows.append(mine)
    return _sorted(np.concatenate(rows)) if rows else song.notes[:0]


def mma(excerpt: Excerpt, seed: int, program: str = "mma", style: str = "") -> np.ndarray:
    """What mma plays over the song's chords, in a groove drawn among those that suit its metre.

    A `style` named must be had; the song's own gives way to any that suits.

    Raises InputError where no groove suits, or mma does not like the chart.
    """
    from composer.corpora import synthetic
    from composer.corpora.mma_grooves import grooves
    from composer.corpora.song import Song

    song = excerpt.song
    melody = score_of(song, of_roles(song.notes, [MELODY]))
    meta = song.meta
    sheet = Song(
        id=meta.get("id", ""), corpus=meta.get("corpus", ""), work=excerpt.work, split=meta.get("split", "test"),
        licence=meta.get("licence", ""), sha256=meta.get("sha256", ""), synthetic=False, style=song.style, groove="",
        score=melody, lane=_lane_over(excerpt, melody),
    )  # fmt: skip
    rng = random.Random(f"{sheet.id} {excerpt.first} {seed}")
    wanted = style or song.style
    fitting = [groove for groove in grooves().values() if groove.style == wanted and synthetic.suits(sheet, groove)]
    if style and not fitting:
        raise InputError(f"{sheet.id}: no groove plays {style} in its metre")
    drawn = [rng.choice(fitting)] if fitting else synthetic.draw(sheet, 1, rng)
    if not drawn:
        raise InputError(f"{sheet.id}: no groove plays its metre")
    return _on_grid(excerpt, synthetic.arrange(sheet, drawn[0], seed, program).score)


def mma_is_there(program: str = "mma") -> bool:
    """Whether mma can be run on this machine."""
    return shutil.which(program) is not None


def ours(arranger: Arranger, excerpt: Excerpt, seed: int, asked: Asked = Asked()) -> np.ndarray:
    """The model's band: what `composer arrange` writes for this melody, these chords, this style and these parts."""
    return arranged(arranger, excerpt, seed, asked)[0]


def arranged(arranger: Arranger, excerpt: Excerpt, seed: int, asked: Asked) -> tuple[np.ndarray, bool]:
    """The model's band, and whether the melody came out note for note as it went in."""
    song = excerpt.song
    melody = score_of(song, of_roles(song.notes, [MELODY]), seed)
    style = asked.style or (song.style if song.style in STYLES else "pop")
    wishes = ArrangeOptions(
        style=style,
        parts=asked.parts or excerpt.parts,
        chords=_lane_over(excerpt, melody),
        seed=seed,
        style_strength=asked.style_strength,
        feel=0,
    )
    made = arranger.arrange(melody, wishes)
    untouched = np.array_equal(made.score.part(MELODY).notes, melody.parts[0].notes)
    return _on_grid(excerpt, made.score), untouched


def bands(names: list[str], arranger: Arranger, program: str = "mma") -> tuple[dict[str, Band], list[str]]:
    """The named systems, ready to play, and what had to be left out and why. Raises InputError."""
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown or not names:
        raise InputError(
            f"--systems: no system called {', '.join(unknown) or '(none)'}; choose from: {', '.join(SYSTEMS)}"
        )
    ready: dict[str, Band] = {}
    left_out: list[str] = []
    for name in SYSTEMS:
        if name not in names:
            continue
        if name == "own":
            ready[name] = own
        elif name == "shuffled":
            ready[name] = shuffled
        elif name == "ours":
            ready[name] = lambda excerpt, seed: ours(arranger, excerpt, seed)
        elif mma_is_there(program):
            ready[name] = lambda excerpt, seed: mma(excerpt, seed, program)
        else:
            left_out.append(
                "mma is not installed, so its column is left out; on Debian or Ubuntu: sudo apt install mma"
            )
    return ready, left_out


def play(band: Band, excerpt: Excerpt, seed: int) -> np.ndarray | str:
    """The band's notes in the measured bars, only the parts the song has; or why it could not play, in a word."""
    try:
        notes = band(excerpt, seed)
    except ComposerError as error:
        return str(error).partition(": ")[2] or str(error)
    return of_roles(excerpt.cut(notes), excerpt.parts)


def _lane_over(excerpt: Excerpt, melody: Score) -> ChordLane:
    """The excerpt's chords as far as the melody's bars go."""
    beats = sum(bar.beat_count for bar in melody.bars())
    return ChordLane(lane_of(excerpt.song).chords[:beats])


def _on_grid(excerpt: Excerpt, score: Score) -> np.ndarray:
    """A band over the excerpt's bars back on the grid, without the melody."""
    end = int(excerpt.song.bar_length.sum()) * TICKS_PER_BEAT // POSITIONS_PER_QUARTER
    bars = meter_of(excerpt.song).bars(end)
    band = replace(score, parts=tuple(part for part in score.parts if part.role != MELODY))
    return _sorted(grid_notes(band, bars))


def _sorted(notes: np.ndarray) -> np.ndarray:
    return np.sort(notes, order=["bar", "part", "position", "pitch"], kind="stable")
