"""A synthetic voice that hums a part: the singer of our tests and benchmarks, whose every note is known.

Additive synthesis under formants, with what makes singing hard to write down: vibrato, glides between notes, scoops into
them, soft consonants, breath, a voice that is out of tune and drifts, and time that is a person's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.score import Part, Score

CONTROL_HZ = 400
"""How often pitch and loudness are set; in between they are interpolated."""
TAIL_S = 0.5


@dataclass(frozen=True)
class Voice:
    """How somebody sings. The defaults are a decent amateur who hums."""

    formants_hz: tuple[float, ...] = (300.0, 870.0, 2240.0)
    """Resonances of the vowel; () whistles: one partial alone."""
    vibrato_cents: float = 35.0
    """Depth to either side, reached a third of a second into a note."""
    vibrato_hz: float = 5.5
    scoop_cents: float = 80.0
    """How far below its pitch a note begins that follows a rest."""
    scoop_s: float = 0.07
    glide_s: float = 0.08
    """From one pitch to the next within a phrase; the onset is the middle of it."""
    consonant_db: float = -14.0
    """How far loudness dips where a note of the same pitch is sung again."""
    breath_db: float = -34.0
    """Noise of the breath under the tone."""
    detune_cents: float = 0.0
    drift_cents: float = 0.0
    """How far the pitch has moved by the end."""
    intonation_cents: float = 12.0
    """Standard deviation of each note's pitch about where it belongs."""
    timing_s: float = 0.015
    """Standard deviation of each onset about the beat."""
    wander: float = 0.02
    """Slow ups and downs of the tempo: their standard deviation, as a share of it."""
    rest_every_s: float = 4.0
    """About how often the singer breathes."""


MM = Voice((250.0, 1100.0, 2300.0), breath_db=-40.0)
OOH = Voice()
AAH = Voice((730.0, 1090.0, 2440.0), vibrato_cents=60.0, glide_s=0.1, breath_db=-32.0)
WHISTLE = Voice((), vibrato_cents=25.0, scoop_cents=120.0, breath_db=-28.0)


@dataclass(frozen=True, eq=False)
class Hummed:
    """A performance and what was sung in it."""

    audio: np.ndarray
    """Float32, shape (samples,), peak 0.5."""
    sample_rate: int
    onsets_s: np.ndarray
    """Shape (notes,), as are ends_s and pitches."""
    ends_s: np.ndarray
    pitches: np.ndarray
    """MIDI pitches as meant, whatever the tuning."""


def hum(score: Score, part: Part, voice: Voice, rng: np.random.Generator, sample_rate: int = 22_050) -> Hummed:
    """Sing `part`, one note at a time, after half a second of silence."""
    onsets_s, ends_s = human_time(score, part, voice, rng)
    pitches = part.notes["pitch"].astype(np.float64)
    length_s = float(ends_s[-1]) + TAIL_S
    times = np.arange(int(length_s * CONTROL_HZ)) / CONTROL_HZ
    sung = pitches + rng.normal(0, voice.intonation_cents / 100, len(pitches))
    pitch = _pitch_curve(times, onsets_s, ends_s, sung, voice)
    pitch += (voice.detune_cents + voice.drift_cents * times / length_s) / 100
    level_db = _level_curve(times, onsets_s, ends_s, part.notes["velocity"].astype(np.float64), sung, voice)
    count = int(length_s * sample_rate)
    at = np.arange(count) / sample_rate
    frequency_hz = 440 * 2 ** ((np.interp(at, times, pitch) - 69) / 12)
    loudness = 10 ** (np.interp(at, times, level_db) / 20)
    tone = _tone(frequency_hz, voice.formants_hz, sample_rate)
    noise = rng.standard_normal(count)
    noise[1:] += 0.7 * noise[:-1]  # breath is darker than white
    audio = loudness * (tone + 10 ** (voice.breath_db / 20) * noise * np.std(tone))
    audio *= 0.5 / np.abs(audio).max()
    return Hummed(audio.astype(np.float32), sample_rate, onsets_s, ends_s, part.notes["pitch"].astype(np.int64))


def human_time(score: Score, part: Part, voice: Voice, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and ends in seconds, shape (notes,): the written ones, bent by a slow wander and moved one by one; breaths shorten ends."""
    starts = part.notes["onset"].astype(np.float64)
    stops = starts + part.notes["duration"]
    grid = np.arange(0, float(stops.max()) + 2 * score.ticks_per_beat, score.ticks_per_beat)
    noise = np.convolve(rng.standard_normal(len(grid) + 15), np.hanning(16) / np.linalg.norm(np.hanning(16)), "valid")
    steps_s = np.diff(score.tempo.seconds(grid), append=0.0)
    steps_s[-1] = steps_s[-2]
    bent_s = np.concatenate([[0.0], np.cumsum(steps_s * (1 + voice.wander * noise[: len(grid)]))[:-1]])
    onsets_s = np.interp(starts, grid, bent_s) + rng.normal(0, voice.timing_s, len(starts))
    onsets_s = np.maximum.accumulate(onsets_s + np.arange(len(onsets_s)) * 1e-6) - float(onsets_s.min()) + 0.5
    written_s = onsets_s + np.interp(stops, grid, bent_s) - np.interp(starts, grid, bent_s)
    following_s = np.append(onsets_s[1:], np.inf)
    ends_s = np.where(following_s - written_s < 0.08, following_s, written_s)  # what nearly touches is sung through
    sung_s = 0.0
    for index in range(len(ends_s)):
        sung_s += float(ends_s[index] - onsets_s[index])
        if sung_s >= voice.rest_every_s and ends_s[index] - onsets_s[index] > 0.35:
            ends_s[index] -= 0.18
            sung_s = 0.0
    ends_s = np.minimum(ends_s, following_s)
    return onsets_s, np.maximum(ends_s, onsets_s + 0.06)


def _pitch_curve(
    times: np.ndarray, onsets_s: np.ndarray, ends_s: np.ndarray, pitches: np.ndarray, voice: Voice
) -> np.ndarray:
    """Semitones at each of `times`: steps smoothed into glides, with scoops and vibrato."""
    which = np.clip(np.searchsorted(onsets_s, times, side="right") - 1, 0, None)
    since = times - onsets_s[which]
    curve = pitches[which].copy()
    # A glide is half a cosine about the onset, shorter where the notes are short.
    for note in range(1, len(onsets_s)):
        if onsets_s[note] - ends_s[note - 1] > 0.01:
            continue
        shortest = min(onsets_s[note] - onsets_s[note - 1], ends_s[note] - onsets_s[note])
        glide_s = min(voice.glide_s, 0.5 * float(shortest))
        near = np.abs(times - onsets_s[note]) < glide_s / 2
        share = (times[near] - onsets_s[note]) / glide_s + 0.5
        curve[near] = pitches[note - 1] + (pitches[note] - pitches[note - 1]) * (1 - np.cos(np.pi * share)) / 2
    after_rest = np.concatenate([[True], onsets_s[1:] - ends_s[:-1] > 0.01])[which]
    scooping = after_rest & (since >= 0) & (since < 4 * voice.scoop_s)
    curve[scooping] -= voice.scoop_cents / 100 * np.exp(-since[scooping] / voice.scoop_s * 2)
    depth = voice.vibrato_cents / 100 * np.clip((since - 0.12) / 0.2, 0, 1)
    return np.asarray(curve + depth * np.sin(2 * np.pi * voice.vibrato_hz * times))


def _level_curve(
    times: np.ndarray,
    onsets_s: np.ndarray,
    ends_s: np.ndarray,
    velocities: np.ndarray,
    pitches: np.ndarray,
    voice: Voice,
) -> np.ndarray:
    """Decibels at each of `times`, -80 where nobody sings."""
    level = np.full(len(times), -80.0)
    for note, (start, end) in enumerate(zip(onsets_s, ends_s, strict=True)):
        inside = (times >= start) & (times < end)
        since, left = times[inside] - start, end - times[inside]
        peak = 40 * np.log10(velocities[note] / 100) - 2.0 * np.clip(since / 1.5, 0, 1)
        bound = note > 0 and start - ends_s[note - 1] < 0.01
        if not bound:
            peak = peak + np.minimum(0.0, (since - 0.035) / 0.035 * 24)
        elif round(pitches[note]) == round(pitches[note - 1]):
            peak = peak + voice.consonant_db * np.exp(-((since / 0.035) ** 2))
        bound_on = note + 1 < len(onsets_s) and onsets_s[note + 1] - end < 0.01
        if not bound_on:
            peak = peak + np.minimum(0.0, (left - 0.05) / 0.05 * 24)
        elif round(pitches[note]) == round(pitches[note + 1]):
            peak = peak + voice.consonant_db * np.exp(-((left / 0.035) ** 2))
        level[inside] = peak
    return level


def _tone(frequency_hz: np.ndarray, formants_hz: tuple[float, ...], sample_rate: int) -> np.ndarray:
    """Partials under the formants, shape of `frequency_hz`."""
    phase = 2 * np.pi * np.cumsum(frequency_hz) / sample_rate
    if not formants_hz:
        return np.sin(phase)
    tone = np.zeros(len(phase))
    for partial in range(1, 25):
        heard_hz = partial * frequency_hz
        gain = sum(
            10 ** (-rank * 0.35) / (1 + ((heard_hz - formant) / (80 + 0.06 * formant)) ** 2)
            for rank, formant in enumerate(formants_hz)
        )
        gain = (gain + 0.06) / partial**0.8 * (heard_hz < 0.45 * sample_rate)
        tone += gain * np.sin(partial * phase)
    return tone
