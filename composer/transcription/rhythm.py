"""Where the beat is in a melody that nobody counted in: its pace, its beats one by one, its bars. Notes are not moved.

Pace: onsets a beat, a half, a third or a quarter of one apart speak for it, those nearer together the more, so that a
singer may slow down; of several that fit, the one people would tap to (Moelants, "Preferred tempo reconsidered", 2002).
Beats: dynamic programming (Ellis, "Beat tracking by dynamic programming", 2007). Bars: long, loud notes lie on first beats
(Palmer & Krumhansl, "Mental representations for musical meter", 1990), and rhythms return with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLOWEST_BPM, FASTEST_BPM = 45.0, 200.0
USUAL_BPM = 100.0
USUAL_OCTAVES = 0.45
"""Standard deviation of the pace that people tap, in octaves."""
SIMPLE = ((1, 1.0), (2, 0.55), (4, 0.25))
COMPOUND = ((1, 1.0), (3, 0.55), (6, 0.15))
"""(parts of a beat, weight)."""
COMPOUND_PRICE = 0.05
SEEN_S = 5.0
"""Onsets further apart say nothing of the pace to each other."""
SWAY = 0.025
"""Timing of a person: standard deviation of an onset about its place, in seconds."""
STEP_S = 0.01
TIGHTNESS = 60.0
STEADY_SWAY = 0.09
"""Share of a beat by which beats may stray from an even pace, on average, for it to be called one."""
METERS = {(4, 4): 1.0, (3, 4): 0.0, (6, 8): 0.0}
"""Metres that are listened for, each with its head start."""
SIGNS = (1.05, 0.2, 1.85, 0.05, 0.35, 0.03)
"""What speaks for a bar line: long notes after it, notes at all, rhythms that return with the bar, the last note, the first
note, the metre's head start."""


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Beats and bars of a melody."""

    beats_s: np.ndarray
    """Times of the beats in seconds, shape (beats,), the first the first of a bar, at or before the first note."""
    meter: tuple[int, int]
    beat_quarters: float
    """Quarter notes a beat: 1, or 1.5 in compound metres."""
    steady: bool
    """Whether the beats are even; else they follow the singer."""
    sure: float
    """0 anybody's guess … 1 nothing else fits; 1 where the user gave the tempo."""

    @property
    def bpm(self) -> float:
        """Quarter notes a minute, on average."""
        return float(60 * self.beat_quarters / np.mean(np.diff(self.beats_s)))


def find_rhythm(
    onsets_s: np.ndarray,
    ends_s: np.ndarray,
    velocities: np.ndarray,
    bpm: float | None = None,
    meter: tuple[int, int] | None = None,
) -> Rhythm:
    """The rhythm of a melody, arrays of shape (notes,), at least one note. bpm (quarter notes a minute) and meter as given,
    else found."""
    weights = _weights(onsets_s, ends_s)
    compound = None if meter is None else meter[1] == 8 and meter[0] % 3 == 0 and meter[0] > 3
    found = [
        _Pace(period_s, is_compound, score)
        for is_compound in ((False, True) if compound is None else (compound,))
        for period_s, score in _paces(onsets_s, weights, is_compound, bpm)
    ]
    best = max(found, key=lambda pace: pace.score)
    others = [pace.score for pace in found if abs(np.log2(pace.period_s / best.period_s)) > 0.08]
    sure = 1.0 if bpm is not None else float(np.clip((best.score - max(others, default=0.0)) * 4, 0, 1))
    beats_s = _track(onsets_s, weights, best.period_s, given=bpm is not None)
    even_s, sway = _even(beats_s)
    steady = bpm is not None or sway < STEADY_SWAY * best.period_s
    beats_s = even_s if steady else _smoothed(beats_s)
    chosen, phase = _bars(beats_s, onsets_s, ends_s, velocities, best.compound, meter)
    count = beats_a_bar(chosen)
    return Rhythm(
        _from_bar(beats_s, phase, count, float(onsets_s[0])), chosen, 1.5 if best.compound else 1.0, steady, sure
    )


@dataclass(frozen=True)
class _Pace:
    period_s: float
    compound: bool
    score: float


def beats_a_bar(meter: tuple[int, int]) -> int:
    """Beats in a bar, as `timing.beat_quarters` has them: 4 in 4/4, 2 in 6/8."""
    numerator, denominator = meter
    if denominator == 8 and numerator % 3 == 0 and numerator > 3:
        return numerator // 3
    return max(1, round(numerator * 4 / denominator))


def _weights(onsets_s: np.ndarray, ends_s: np.ndarray) -> np.ndarray:
    """How much each onset says of the beat: long notes more."""
    waits = np.append(np.diff(onsets_s), ends_s[-1] - onsets_s[-1])
    return np.asarray(np.sqrt(np.clip(waits, 0.08, 1.5)))


def _paces(onsets_s: np.ndarray, weights: np.ndarray, compound: bool, bpm: float | None) -> list[tuple[float, float]]:
    """(seconds a beat, score) of every pace worth a thought."""
    quarters = 1.5 if compound else 1.0
    if bpm is not None:
        periods_s = np.array([60 * quarters / bpm])
    else:
        periods_s = 60 / np.geomspace(SLOWEST_BPM, FASTEST_BPM, 240)
    first, second = np.triu_indices(len(onsets_s), 1)
    apart_s = onsets_s[second] - onsets_s[first]
    near = apart_s < SEEN_S
    apart_s, first, second = apart_s[near], first[near], second[near]
    if not len(apart_s):
        return [(float(period), 0.0) for period in (periods_s if bpm is not None else [60 / USUAL_BPM])]
    weight = weights[first] * weights[second] / (0.4 + apart_s)
    weight /= weight.sum()
    scores = np.zeros(len(periods_s))
    for parts, share in COMPOUND if compound else SIMPLE:
        part_s = periods_s / parts
        blur = np.exp(-((2 * np.pi * SWAY / part_s) ** 2))
        scores += share * blur * (np.cos(2 * np.pi * apart_s / part_s[:, None]) @ weight)
    away = np.log2(60 / periods_s / USUAL_BPM) / USUAL_OCTAVES
    scores = scores - 0.2 * away**2 - (COMPOUND_PRICE if compound else 0.0)
    return list(zip(periods_s.tolist(), scores.tolist(), strict=True))


def _track(onsets_s: np.ndarray, weights: np.ndarray, period_s: float, given: bool) -> np.ndarray:
    """Beat times from a period before the first onset to one after the last; an even grid where the tempo was given."""
    begin_s, end_s = float(onsets_s[0]) - 1.5 * period_s, float(onsets_s[-1]) + 1.5 * period_s
    if given:
        turns = np.exp(2j * np.pi * onsets_s / period_s) @ weights
        phase_s = float(np.angle(turns)) / (2 * np.pi) * period_s
        first = np.floor((begin_s - phase_s) / period_s)
        return phase_s + period_s * np.arange(first, np.ceil((end_s - phase_s) / period_s) + 1)
    times_s = np.arange(begin_s, end_s, STEP_S)
    pulse = np.zeros(len(times_s))
    for onset_s, weight in zip(onsets_s, weights, strict=True):
        at = int((onset_s - begin_s) / STEP_S)
        span = slice(max(0, at - 12), at + 13)
        pulse[span] += weight * np.exp(-0.5 * ((times_s[span] - onset_s) / (1.3 * SWAY)) ** 2)
    pulse /= pulse.std() + 1e-9
    lags = np.arange(int(0.7 * period_s / STEP_S), int(1.4 * period_s / STEP_S) + 1)
    price = -TIGHTNESS * np.log(lags * STEP_S / period_s) ** 2
    best, back = pulse.copy(), np.full(len(pulse), -1)
    for at in range(int(lags[0]), len(pulse)):
        reach = lags[: int(np.searchsorted(lags, at, side="right"))]
        scores = best[at - reach] + price[: len(reach)]
        choice = int(scores.argmax())
        if scores[choice] > 0:
            best[at] += scores[choice]
            back[at] = at - reach[choice]
    last = len(pulse) - int(period_s / STEP_S)
    at = last + int(best[last:].argmax())
    beats = []
    while at >= 0:
        beats.append(times_s[at])
        at = int(back[at])
    found = np.array(beats[::-1])
    missing = int(np.ceil((found[0] - begin_s) / period_s))
    return np.concatenate([found[0] - period_s * np.arange(missing, 0, -1), found])


def _even(beats_s: np.ndarray) -> tuple[np.ndarray, float]:
    """(an even grid through the beats, how far they stray from it on average, in seconds)."""
    index = np.arange(len(beats_s))
    pace, start = np.polyfit(index, beats_s, 1)
    even = start + pace * index
    return even, float(np.abs(beats_s - even).mean())


def _smoothed(beats_s: np.ndarray) -> np.ndarray:
    """Beats with the singer's pace but not the jitter of single notes: a local straight line through each nine."""
    smooth = np.empty(len(beats_s))
    for index in range(len(beats_s)):
        near = np.arange(max(0, index - 4), min(len(beats_s), index + 5))
        _, start = np.polyfit(near - index, beats_s[near], 1, w=np.hanning(11)[1:-1][near - index + 4])
        smooth[index] = start
    return np.maximum.accumulate(smooth + np.arange(len(smooth)) * 1e-6)


def _bars(
    beats_s: np.ndarray,
    onsets_s: np.ndarray,
    ends_s: np.ndarray,
    velocities: np.ndarray,
    compound: bool,
    meter: tuple[int, int] | None,
) -> tuple[tuple[int, int], int]:
    """(metre, number of the beat that begins a bar)."""
    place = np.interp(np.append(onsets_s, ends_s[-1]), beats_s, np.arange(len(beats_s)))
    nearest = np.rint(place[:-1]).astype(np.int64)
    on_beat = np.abs(place[:-1] - nearest) < 0.2
    long, there = np.zeros(len(beats_s)), np.zeros(len(beats_s))
    stress = np.minimum(np.diff(place), 4.0) * (velocities / 80.0) ** 2
    np.maximum.at(long, nearest[on_beat], stress[on_beat])
    there[nearest[on_beat]] = 1
    inside = np.arange(int(nearest.min()), int(nearest.max()) + 1)
    heard = _standard(long[inside])
    choices = [meter] if meter else [name for name in METERS if (name[1] == 8) == compound]
    best, score = (choices[0], 0), -np.inf
    for name in choices:
        count = beats_a_bar(name)
        again = float(heard[count:] @ heard[:-count]) / len(heard) if len(heard) > count else 0.0
        for phase in range(count):
            first = (inside - phase) % count == 0
            signs = (
                float(heard[first].mean()) if first.any() else 0.0,
                float(_standard(there[inside])[first].mean()) if first.any() else 0.0,
                again,
                float((nearest[-1] - phase) % count == 0),
                float((nearest[0] - phase) % count == 0),
                METERS.get(name, 0.0),
            )
            total = float(np.dot(signs, SIGNS))
            if total > score:
                best, score = (name, phase), total
    return best


def _standard(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean()) / (values.std() + 1e-9))


def _from_bar(beats_s: np.ndarray, phase: int, count: int, first_s: float) -> np.ndarray:
    """The beats from the beginning of the bar that holds the first note, which may begin a little early."""
    period_s = float(np.mean(np.diff(beats_s)))
    starts = np.flatnonzero((np.arange(len(beats_s)) - phase) % count == 0)
    before = starts[beats_s[starts] <= first_s + 0.15 * period_s]
    if len(before):
        return beats_s[before[-1] :]
    missing = count - int(starts[0])
    return np.concatenate([beats_s[0] - period_s * np.arange(missing, 0, -1), beats_s])
