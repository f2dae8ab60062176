"""The sound that an amplifier is recorded with: guitars from soft to hard, a sweep, noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from composer.score import Part, Score, as_notes
from composer.timing import TempoMap

GUITARS = (24, 25, 26, 27, 28)
NOMINAL_DB = -20.0
BEAT = 480


def guitar_signal(
    seconds: float = 120.0, sample_rate: int = 48_000, seed: int = 0, soundfont: str | Path | None = None
) -> np.ndarray:
    """Dry guitar riffs and chords played by the soundfont, levels from -32 to -10 dBFS, with a sweep and noise among them;
    float32, shape (frames,). The same call gives the same sound."""
    rng = np.random.default_rng(seed)
    guitars = [_riff(rng, seconds / 6 + 1, program) for program in GUITARS]
    pieces = [_levelled(_play(riff, sample_rate, soundfont), rng) for riff in guitars]
    time_s = np.arange(int(seconds / 12 * sample_rate)) / sample_rate
    rise = np.log(8_000 / 40) / time_s[-1]
    sweep = np.sin(2 * np.pi * 40 / rise * (np.exp(rise * time_s) - 1)) * (0.05 + 0.4 * (time_s % 1))
    noise = (
        rng.standard_normal(len(time_s))
        * 0.3
        * np.exp(-6 * (time_s % 0.7))
        * 10 ** (rng.uniform(-1, 0, len(time_s) // 4_800 + 1))[np.arange(len(time_s)) // 4_800]
    )
    # Guitars last: what is kept out for validation is music.
    whole = np.concatenate([sweep, noise, *pieces])
    return np.asarray(np.clip(whole[: int(seconds * sample_rate)], -1, 1), np.float32)


def _riff(rng: np.random.Generator, seconds: float, program: int) -> Score:
    """Single notes, double stops and strummed chords at 120 BPM."""
    rows: list[tuple[int, int, int, int]] = []
    tick, end = 0, int(seconds * 2 * BEAT)
    while tick < end:
        length = int(rng.choice([BEAT // 4, BEAT // 2, BEAT, 2 * BEAT], p=[0.3, 0.4, 0.2, 0.1]))
        root = int(rng.integers(40, 70))
        shape = ((0,), (0, 7), (0, 7, 12, 16), (0, 7, 12, 15, 19))[int(rng.choice(4, p=[0.5, 0.2, 0.15, 0.15]))]
        velocity = int(rng.integers(35, 125))
        rows += [(tick + 8 * at, int(length * 0.95), root + step, velocity) for at, step in enumerate(shape)]
        tick += length if rng.random() > 0.1 else 2 * length
    return Score((Part("guitar", as_notes(rows), program, role="guitar"),), TempoMap.constant(120))


def _play(riff: Score, sample_rate: int, soundfont: str | Path | None) -> np.ndarray:
    from composer.audio.synth import render_part

    return np.asarray(render_part(riff, "guitar", soundfont, sample_rate).mean(axis=1))


def _levelled(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """At the level that a strip gives its inserts, stretches of it softer and harder."""
    rms = np.sqrt((sound**2).mean()) or 1.0
    knots = rng.uniform(-12, 10, len(sound) // 48_000 + 2)
    swell_db = np.interp(np.arange(len(sound)) / 48_000, np.arange(len(knots)), knots)
    return np.asarray(sound / rms * 10 ** ((NOMINAL_DB + swell_db) / 20))
