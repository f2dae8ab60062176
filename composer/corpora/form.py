"""Form heard in the music itself: sections found from bars that return, for songs whose form nobody has written down.

After Dai, Zhang & Dannenberg 2020 a form is the shortest way to describe a song: a section costs something to begin, and
pays for itself where its bars come back elsewhere in the song. The cheapest division is found by dynamic programming.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.gm import MELODY
from composer.score import Part, Score
from composer.timing import Bar, has_pickup

Phrases = tuple[tuple[int, str], ...]
"""(first bar, letter) in order; capitals are themes, i an intro, o an outro, other small letters interludes."""

LENGTHS = range(2, 17)
"""Bars a section may have."""
LENGTH_COST = {4: 0.0, 8: 0.0, 6: 1.0, 12: 1.0, 16: 0.6, 2: 1.8}
"""What a length costs that songs seldom have; ODD_COST where it is not named."""
ODD_COST = 1.6
SECTION_COST = 1.1
NOVELTY_GAIN = 1.6
BREATH_GAIN = 0.5
SAME_SECTION = 0.45
"""How alike two sections must be, on a scale where 0 is the song's average pair of bars and 1 a literal repeat."""
FEWEST_BARS = 8
SLOTS = 16
"""Places in a bar at which rhythms are compared."""


def find_phrases(score: Score) -> Phrases:
    """Sections over `score.bars()`; () where the piece is too short to have any.

    Themes get capitals in order of appearance. Where a melody is there for at least half of the bars, sections without it
    are an intro (i), an outro (o) or interludes (b).
    """
    bars = score.bars()
    if len(bars) < FEWEST_BARS:
        return ()
    alike = similarity(bar_features(score, bars))
    pickup = int(has_pickup(bars))
    breaths = _breaths(score, bars)
    starts = [start + pickup for start in divide(alike[pickup:, pickup:], breaths[pickup:])]
    if len(starts) > 1 and starts[1] - starts[0] == 1:
        starts = starts[1:]  # a pick-up written as a whole bar
    letters = name_sections(alike, starts)
    return tuple(zip(starts, _small_letters(score, bars, starts, letters), strict=True))


def section_begins(score: Score) -> np.ndarray:
    """How much each bar sounds like the first of a section, 0 … about 1, shape (bars,): change, and the melody's breath."""
    bars = score.bars()
    novel = _novelty(similarity(bar_features(score, bars)))
    novel[0] = 0.0
    evidence: np.ndarray = (novel + _breaths(score, bars) / 2) / 1.5
    return evidence


def bar_features(score: Score, bars: Sequence[Bar]) -> list[np.ndarray]:
    """What sounds in each bar, as blocks of shape (bars, …) of unit length or zero: melody, harmony, bass, rhythms, drums."""
    edges = np.array([bar.start for bar in bars])
    lengths = np.array([bar.length for bar in bars])
    pitched = [part for part in score.parts if not part.is_drum]
    lead = [part for part in pitched if part.role == MELODY]
    others = [part for part in pitched if part.role != MELODY]
    drums = [part for part in score.parts if part.is_drum]
    blocks = []
    for parts in (lead, others):
        blocks.append(_pitch_classes(parts, edges, lengths, 4))
        blocks.append(_onsets(parts, edges, lengths))
    blocks.append(_pitch_classes([part for part in others if part.role == "bass"], edges, lengths, 2))
    blocks.append(_drum_onsets(drums, edges, lengths))
    return [_unit(block) for block in blocks if block.any()]


def similarity(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """How alike every two bars are, (bars, bars): the mean over blocks that at least one of the two plays."""
    count = len(blocks[0]) if blocks else 0
    total, weight = np.zeros((count, count)), np.full((count, count), 1e-9)
    for block in blocks:
        plays = block.any(axis=1)
        either = np.logical_or.outer(plays, plays)
        total += block @ block.T
        weight += either
    alike: np.ndarray = total / weight
    silent = weight < 1e-6
    alike[silent] = 1.0
    return alike


def divide(alike: np.ndarray, breaths: np.ndarray) -> list[int]:
    """First bars of the sections, from similarities of bars (bars, bars) and how the melody breathes before each (bars,)."""
    count = len(alike)
    gains = _returns(alike)
    begins = NOVELTY_GAIN * _novelty(alike) + BREATH_GAIN * breaths
    best = np.full(count + 1, -np.inf)
    best[0] = 0.0
    came_from = np.zeros(count + 1, int)
    for stop in range(1, count + 1):
        for length in LENGTHS:
            start = stop - length
            if start < 0:
                break
            cost = SECTION_COST + LENGTH_COST.get(length, ODD_COST)
            value = best[start] + gains[length][start] - cost + begins[start]
            if value > best[stop]:
                best[stop], came_from[stop] = value, start
        if not np.isfinite(best[stop]):
            best[stop], came_from[stop] = -SECTION_COST, 0
    starts, at = [], count
    while at > 0:
        at = int(came_from[at])
        starts.append(at)
    return starts[::-1]


def name_sections(alike: np.ndarray, starts: Sequence[int]) -> list[str]:
    """A capital for every section: that of the earlier section it is most like, if it is like enough, else a new one."""
    edges = [*starts, len(alike)]
    usual = float(np.median(alike))
    letters: list[str] = []
    for index, start in enumerate(starts):
        length = edges[index + 1] - start
        scores: dict[str, float] = {}
        for before, letter in enumerate(letters):
            common = min(length, edges[before + 1] - starts[before])
            if common < 2 or max(length, edges[before + 1] - starts[before]) > 2 * common:
                continue
            steps = np.arange(common)
            seen = float(alike[start + steps, starts[before] + steps].mean() - usual) / max(1 - usual, 0.05)
            scores[letter] = max(scores.get(letter, 0.0), seen)
        likest = max(scores, key=lambda letter: scores[letter], default="")
        if likest and scores[likest] >= SAME_SECTION:
            letters.append(likest)
        else:
            letters.append(chr(ord("A") + min(len(set(letters)), 25)))
    return letters


def _returns(alike: np.ndarray) -> dict[int, np.ndarray]:
    """For every section length: how much of a section from each bar comes back elsewhere, in bars, by start."""
    count = len(alike)
    usual = float(np.median(alike))
    lagged = (alike - usual) / max(1 - usual, 0.05)
    found: dict[int, np.ndarray] = {length: np.zeros(count) for length in LENGTHS}
    for lag in range(2, count):
        along = np.concatenate([[0.0], np.cumsum(np.diagonal(lagged, lag))])
        for length in LENGTHS:
            if lag < length or length > count - lag:
                continue
            runs = along[length:] - along[:-length]
            best = found[length]
            best[: len(runs)] = np.maximum(best[: len(runs)], runs)
            best[lag : lag + len(runs)] = np.maximum(best[lag : lag + len(runs)], runs)
    return found


def _novelty(alike: np.ndarray) -> np.ndarray:
    """How much the music changes at each bar, 0..1, (bars,): a checkerboard of four bars before and after (Foote 2000)."""
    count, reach = len(alike), 4
    novel = np.zeros(count)
    for bar in range(1, count):
        before, after = slice(max(bar - reach, 0), bar), slice(bar, min(bar + reach, count))
        within = (alike[before, before].mean() + alike[after, after].mean()) / 2
        novel[bar] = max(within - alike[before, after].mean(), 0.0)
    top = float(np.quantile(novel, 0.95)) or 1.0
    local = np.array([novel[max(at - 2, 0) : at + 3].max() <= novel[at] for at in range(count)])
    novel = np.clip(novel / top, 0, 1) * np.where(local, 1.0, 0.3)
    novel[0] = 1.0
    return novel


def _breaths(score: Score, bars: Sequence[Bar]) -> np.ndarray:
    """How long the melody has been still or held at each bar line, 0..1 (one bar or more), shape (bars,); 0 without one.

    A pick-up of up to half a bar belongs to the bar it leads to.
    """
    melody = next((part for part in score.parts if part.role == MELODY and len(part)), None)
    breaths = np.zeros(len(bars))
    if melody is None:
        return breaths
    onsets = melody.notes["onset"].astype(np.float64)
    for index, bar in enumerate(bars):
        near = onsets[(onsets > bar.start - 1.5 * bar.length) & (onsets < bar.start + bar.length / 2)]
        marks = np.concatenate([[bar.start - 1.5 * bar.length], near, [bar.start + bar.length / 2]])
        gaps = np.diff(marks)[marks[:-1] < bar.start + bar.length / 16]
        breaths[index] = min(float(gaps.max()) / bar.length, 1.0)
    return breaths


def _unit(block: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(block, axis=1, keepdims=True)
    unit: np.ndarray = block / np.maximum(length, 1e-9)
    return unit


def _places(notes: np.ndarray, edges: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bar, place in it 0..1) of every onset, a little early counting as on time."""
    onset = notes["onset"].astype(np.float64) + lengths[0] / 64
    bar = np.clip(np.searchsorted(edges, onset, side="right") - 1, 0, len(edges) - 1)
    return bar, np.clip((onset - edges[bar]) / lengths[bar], 0, 0.999)


def _pitch_classes(parts: Sequence[Part], edges: np.ndarray, lengths: np.ndarray, slots: int) -> np.ndarray:
    """Pitch classes in each slot of each bar, (bars, slots × 12), by the square root of how long they are held."""
    table = np.zeros((len(edges), slots, 12))
    for part in parts:
        bar, place = _places(part.notes, edges, lengths)
        held = np.minimum(part.notes["duration"] / lengths[bar], 1.0)
        np.add.at(table, (bar, (place * slots).astype(int), part.notes["pitch"] % 12), np.sqrt(held))
    return np.sqrt(table.reshape(len(edges), -1))


def _onsets(parts: Sequence[Part], edges: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Whether something is struck at each place of each bar, (bars, SLOTS)."""
    table = np.zeros((len(edges), SLOTS))
    for part in parts:
        bar, place = _places(part.notes, edges, lengths)
        table[bar, (place * SLOTS).astype(int)] += 1
    return np.sqrt(table)


def _drum_onsets(parts: Sequence[Part], edges: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """What is struck at each place of each bar, (bars, SLOTS × 3): kick, snare and toms, metal."""
    table = np.zeros((len(edges), SLOTS, 3))
    for part in parts:
        bar, place = _places(part.notes, edges, lengths)
        pitch = part.notes["pitch"]
        kind = np.where(pitch <= 36, 0, np.isin(pitch, (37, 38, 39, 40, 41, 43, 45, 47, 48, 50)) * -1 + 2)
        np.maximum.at(table, (bar, (place * SLOTS).astype(int), kind), 1.0)
    return table.reshape(len(edges), -1)


def _small_letters(score: Score, bars: Sequence[Bar], starts: Sequence[int], letters: Sequence[str]) -> list[str]:
    """The letters, with those of sections in which the melody hardly sings made small."""
    melody = next((part for part in score.parts if part.role == MELODY), None)
    if melody is None:
        return list(letters)
    edges = np.array([bar.start for bar in bars])
    sung = np.zeros(len(bars), bool)
    sung[_places(melody.notes, edges, np.array([bar.length for bar in bars]))[0]] = True
    if sung.mean() < 0.5:
        return list(letters)
    named = []
    capitals: dict[str, str] = {}
    for index, (start, letter) in enumerate(zip(starts, letters, strict=True)):
        stop = starts[index + 1] if index + 1 < len(starts) else len(bars)
        if sung[start:stop].mean() > 0.34:
            named.append(capitals.setdefault(letter, chr(ord("A") + len(capitals))))
        else:
            named.append("i" if index == 0 else "o" if stop == len(bars) else "b")
    return named
