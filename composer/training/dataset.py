"""Lessons for training: songs, each with a brief drawn at random, cut into windows that continue each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from composer.model.config import ModelConfig
from composer.model.sequence import (
    PLAYS,
    RESTS,
    UNKNOWN,
    Brief,
    Lesson,
    density_level,
    lesson,
    rehearse,
    tempo_class,
)
from composer.training.packing import Pack
from composer.vocab import PARTS, GridSong

LOOKAHEADS = (-1, 0, 1, 2, 2, 2, 4)
MELODY, DRUMS = 0, 1


@dataclass(frozen=True)
class Hiding:
    """How often each thing is left unsaid, so that any of it may be left out later."""

    style: float = 0.1
    groove: float = 0.5
    tempo: float = 0.2
    density: float = 0.5
    activity: float = 0.5
    phrase: float = 0.5
    end: float = 0.2
    chords: float = 0.04
    melody: float = 0.08
    part: float = 0.2
    """Chance that a part is given instead of asked; the same again that it is left out."""


def excerpt(song: GridSong, start: int, stop: int) -> GridSong:
    """Bars start … stop of a song as a song of their own."""
    beats = song.first_beat
    notes = song.notes[(song.notes["bar"] >= start) & (song.notes["bar"] < stop)].copy()
    notes["bar"] -= start
    lane = slice(beats[start], beats[stop])
    return GridSong(
        notes, song.bar_length[start:stop], song.beat_length[start:stop], song.roots[lane], song.basses[lane], song.tones[lane],
        song.phrase_position[start:stop], song.phrase_left[start:stop], song.tempo_bpm, song.style, song.groove, song.meta,
    )  # fmt: skip


def transpose(song: GridSong, semitones: int) -> GridSong:
    """The song in another key: notes but not drums, and the chords."""
    notes = song.notes.copy()
    pitched = notes["part"] != DRUMS
    pitch = notes["pitch"].astype(int) + semitones * pitched
    notes["pitch"] = np.where(pitch < 0, pitch + 12, np.where(pitch > 127, pitch - 12, pitch))
    roots = np.where(song.roots >= 0, (song.roots + semitones) % 12, -1)
    basses = np.where(song.basses >= 0, (song.basses + semitones) % 12, -1)
    return GridSong(
        np.sort(notes, order=["bar", "part", "position", "pitch"]), song.bar_length, song.beat_length, roots, basses,
        np.roll(song.tones, semitones, axis=1), song.phrase_position, song.phrase_left, song.tempo_bpm, song.style, song.groove, song.meta,
    )  # fmt: skip


def without_chords(song: GridSong) -> GridSong:
    """The song with every chord unknown."""
    unknown = np.full(len(song.roots), -1)
    return GridSong(
        song.notes, song.bar_length, song.beat_length, unknown, unknown, np.zeros((len(unknown), 12), bool),
        song.phrase_position, song.phrase_left, song.tempo_bpm, song.style, song.groove, song.meta,
    )  # fmt: skip


def measured(song: GridSong) -> tuple[np.ndarray, np.ndarray]:
    """Which parts play in which bars, RESTS or PLAYS (B, R), and each part's density level 1..5, 0 for a silent part (R,)."""
    counts = np.zeros((song.bar_count, PARTS), int)
    np.add.at(counts, (song.notes["bar"], song.notes["part"]), 1)
    plays = counts > 0
    bars44 = (song.bar_length[:, None] / 48 * plays).sum(axis=0)
    density = [
        density_level(part, counts[:, part].sum() / bars44[part]) if bars44[part] else 0 for part in range(PARTS)
    ]
    return np.where(plays, PLAYS, RESTS), np.array(density)


def draw_brief(song: GridSong, config: ModelConfig, rng: np.random.Generator, hiding: Hiding) -> Brief | None:
    """A brief at random for a song: which parts to write, which are given, what is said. None where nothing is to write."""
    present = [part for part in range(PARTS) if (song.notes["part"] == part).any()]
    fate = rng.random(PARTS)
    asked = tuple(part for part in present if part != MELODY and fate[part] >= 2 * hiding.part)
    if not asked:
        writable = [part for part in present if part != MELODY]
        if not writable:
            return None
        asked = (int(rng.choice(writable)),)
    given = tuple(part for part in present if part not in asked and part != MELODY and fate[part] < hiding.part)
    if MELODY in present and rng.random() >= hiding.melody:
        given = (MELODY, *given)
    plays, density = measured(song)
    told = 0.0 if rng.random() < hiding.activity else rng.choice([0.1, 0.5, 1.0])
    said = rng.random(6) >= [hiding.style, hiding.groove, hiding.tempo, hiding.density, hiding.phrase, hiding.end]
    return Brief(
        asked=asked,
        given=given,
        lookahead=int(rng.choice(LOOKAHEADS)),
        style=config.styles.index(song.style) + 1 if said[0] and song.style in config.styles else 0,
        groove=config.grooves.index(song.groove) + 1 if said[1] and song.groove in config.grooves else 0,
        tempo=tempo_class(song.tempo_bpm) if said[2] else 0,
        density=tuple(int(d) if said[3] and rng.random() < 0.7 else 0 for d in density),
        activity=np.where(rng.random(plays.shape) < told, plays, UNKNOWN),
        know_phrase=bool(said[4]),
        know_end=bool(said[5]),
    )


@dataclass
class Stream:
    """One lane of a batch: window after window of one song, then of the next. `fresh` marks a song's first window."""

    pack: Pack
    weights: np.ndarray
    config: ModelConfig
    rng: np.random.Generator
    window: int
    hiding: Hiding = Hiding()
    longest_bars: int = 48

    def __iter__(self) -> Iterator[tuple[Lesson, GridSong, Brief, bool]]:
        while True:
            song = self.pack[int(self.rng.choice(len(self.pack), p=self.weights))]
            prepared = prepare(song, self.config, self.rng, self.hiding, self.longest_bars)
            if prepared is None:
                continue
            song, brief = prepared
            told = rehearse(song, brief)
            for start in range(0, len(told[0]) - 1, self.window):
                count = min(self.window, len(told[0]) - 1 - start)
                if count < self.window // 4 and start:
                    break
                yield lesson(song, brief, start, count, told), song, brief, start == 0


def prepare(
    song: GridSong, config: ModelConfig, rng: np.random.Generator, hiding: Hiding, longest_bars: int
) -> tuple[GridSong, Brief] | None:
    """A random excerpt of a song in a random key, with a brief; None where nothing is to be written."""
    if song.bar_count > longest_bars:
        start = int(rng.integers(0, song.bar_count - longest_bars // 2))
        start = 0 if rng.random() < 0.3 else start
        song = excerpt(song, start, min(start + longest_bars, song.bar_count))
    song = transpose(song, int(rng.integers(-5, 7)))
    if rng.random() < hiding.chords:
        song = without_chords(song)
    brief = draw_brief(song, config, rng, hiding)
    return None if brief is None else (song, brief)


def corpus_weights(pack: Pack, real_share: float = 0.4) -> np.ndarray:
    """Chance of each song, (songs,): by the square root of its notes, real music lifted to `real_share` of all draws."""
    weights = np.sqrt(pack.note_counts.astype(float))
    real = np.array([about["meta"]["synthetic"] != "True" for about in pack.about])
    if real.any() and (~real).any():
        weights[real] *= real_share / weights[real].sum()
        weights[~real] *= (1 - real_share) / weights[~real].sum()
    return np.asarray(weights / weights.sum())
