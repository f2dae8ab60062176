"""Briefs drawn at random: which cells to write, which are given, and what is said of them — so that any of it may be left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.model.config import ModelConfig
from composer.model.controls import ACTIVITY, CONTROLS, DENSITY, ROLE, measure, overall
from composer.model.sequence import Brief, cells, tempo_class
from composer.styles import PEOPLE
from composer.vocab import PARTS, GridSong

LOOKAHEADS = (-1, 0, 1, 2, 2, 2, 4, 8)
MELODY, DRUMS = 0, 1


@dataclass(frozen=True)
class ConditioningDropout:
    """Dropout probability of each piece of conditioning."""

    all_style: float = 0.12
    """Style, groove and reference together: the unconditional case that guidance needs."""
    style: float = 0.25
    groove: float = 0.5
    corpus: float = 0.6
    """Chance that real music is said to be people's playing rather than of its corpus."""
    reference: float = 0.55
    tempo: float = 0.2
    control: float = 0.5
    """Density, register, polyphony, role: each of each part, alone."""
    activity: float = 0.5
    phrase: float = 0.3
    end: float = 0.2
    chords: float = 0.04
    melody: float = 0.08
    part: float = 0.15
    """Chance that a part is given instead of asked; the same again that it is left out."""
    hole: float = 0.2
    """Chance that only a few bars are asked, with everything around them given."""
    habits: float = 0.1
    example: float = 0.5
    """Chance that no example of the style is played before the song."""

    @classmethod
    def nothing(cls) -> ConditioningDropout:
        """Everything said but controls, every part asked: how models are compared."""
        return cls(0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1)


def draw_brief(
    song: GridSong,
    config: ModelConfig,
    rng: np.random.Generator,
    hiding: ConditioningDropout,
    measured: np.ndarray | None = None,
) -> Brief | None:
    """A brief at random for a song, without a reference. None where there is nothing to write.

    measured: controls.measure(song), where that is known.
    """
    table = draw_cells(song, rng, hiding)
    if table is None:
        return None
    asked, given = table
    style = config.styles.index(song.style) + 1 if song.style in config.styles else 0
    label = PEOPLE if song.meta.get("synthetic") != "True" and rng.random() < hiding.corpus else song.groove
    groove = config.grooves.index(label) + 1 if label in config.grooves else 0
    hide = rng.random(6) < [hiding.all_style, hiding.style, hiding.groove, hiding.tempo, hiding.phrase, hiding.end]
    said = (style * (not hide[1]), groove * (not hide[2]), 1.0)
    return Brief(
        asked,
        given,
        lookahead=int(rng.choice(LOOKAHEADS)),
        styles=() if hide[0] else (said,),
        tempo=0 if hide[3] else tempo_class(song.tempo_bpm),
        controls=draw_controls(measure(song) if measured is None else measured, rng, hiding),
        know_phrase=not hide[4],
        know_end=not hide[5],
        know_habits=bool(rng.random() >= hiding.habits),
    )


def draw_cells(
    song: GridSong, rng: np.random.Generator, hiding: ConditioningDropout
) -> tuple[np.ndarray, np.ndarray] | None:
    """Asked and given cells, bool (B, R) each; None where the song has nothing but a melody."""
    bars = song.bar_count
    present = np.unique(song.notes["part"]).tolist()
    writable = [part for part in present if part != MELODY]
    if not writable:
        return None
    fate = rng.random(PARTS)
    asked = [part for part in writable if fate[part] >= 2 * hiding.part] or [int(rng.choice(writable))]
    given = [part for part in writable if part not in asked and fate[part] < hiding.part]
    if MELODY in present and rng.random() >= hiding.melody:
        given.append(MELODY)
    asked_cells, given_cells = cells(bars, asked), cells(bars, given)
    if bars >= 4 and rng.random() < hiding.hole:
        length = int(rng.integers(1, max(2, bars // 2)))
        start = int(rng.integers(0, bars - length + 1))
        hole = np.zeros(bars, bool)
        hole[start : start + length] = True
        around = asked_cells & ~hole[:, None]
        # A part may be rewritten throughout beside a hole in the others.
        throughout = [part for part in asked if rng.random() < 0.2][: len(asked) - 1]
        around[:, throughout] = False
        asked_cells, given_cells = asked_cells & ~around, given_cells | around
    return asked_cells, given_cells


def draw_controls(measured: np.ndarray, rng: np.random.Generator, hiding: ConditioningDropout) -> np.ndarray:
    """What is said of each part and bar: (B, R, 5) as `measured`, with most of it hidden.

    A level may be said once for the whole song, which is how people ask, or bar by bar, which is how a plan does.
    """
    bars = len(measured)
    said = np.zeros_like(measured)
    told = 0.0 if rng.random() < hiding.activity else rng.choice([0.1, 0.5, 1.0])
    shape = measured.shape[:2]
    said[..., ACTIVITY] = np.where(rng.random(shape) < told, measured[..., ACTIVITY], 0)
    once = np.broadcast_to(overall(measured), measured.shape)
    for control in range(DENSITY, len(CONTROLS)):
        spoken = rng.random(PARTS) >= hiding.control
        by_bar = rng.random(PARTS) < (0.6 if control == ROLE else 0.35)
        some = rng.random((bars, PARTS)) < rng.choice([0.3, 1.0], size=PARTS)
        said[..., control] = np.where(by_bar, measured[..., control] * some, once[..., control]) * spoken
    return said
