"""Training examples: songs, each with a brief drawn at random, cut into windows that continue each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from composer.gm import ROLES
from composer.model.config import ModelConfig
from composer.model.controls import measure, moved_register
from composer.model.example import LONGEST, cut_example, fits, lead_in
from composer.model.sequence import Brief, TrainingExample, encode_song, training_example
from composer.model.style_features import style_features
from composer.training.briefs import ConditioningDropout, draw_brief
from composer.training.context_noise import add_wrong_notes
from composer.training.packing import Pack
from composer.vocab import GridSong, excerpt, transpose

REFERENCE_BARS = (2, 8)
"""Shortest and longest reference heard in training."""


def without_chords(song: GridSong) -> GridSong:
    """The song with every chord unknown."""
    unknown = np.full(len(song.roots), -1)
    return replace(song, roots=unknown, basses=unknown, tones=np.zeros((len(unknown), 12), bool))


@dataclass
class Stream:
    """One lane of a batch: window after window of one song, then of the next. `fresh` marks a song's first window."""

    pack: Pack
    weights: np.ndarray
    config: ModelConfig
    rng: np.random.Generator
    window: int
    hiding: ConditioningDropout = ConditioningDropout()
    context_noise: float = 0.0
    """Share of songs told with wrong notes in them."""
    longest_bars: int = 48
    by_groove: dict[str, list[int]] = field(init=False, repr=False)
    measures: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    """By song, filled as they come; lanes of one process may share it."""

    def __post_init__(self) -> None:
        self.by_groove = grooves_of(self.pack)

    def __iter__(self) -> Iterator[tuple[TrainingExample, GridSong, Brief, bool]]:
        while True:
            prepared = self._prepare(int(self.rng.choice(len(self.pack), p=self.weights)))
            if prepared is None:
                continue
            song, brief = prepared
            told = encode_song(song, brief)
            if self.context_noise and self.rng.random() < self.context_noise:
                told = replace(encode_song(add_wrong_notes(song, brief, self.rng), brief), meant=told.events)
            for start in range(0, len(told.events) - 1, self.window):
                count = min(self.window, len(told.events) - 1 - start)
                if count < self.window // 4 and start:
                    break
                yield training_example(song, brief, start, count, told), song, brief, start == 0

    def _prepare(self, index: int) -> tuple[GridSong, Brief] | None:
        """A random excerpt of a song in a random key, with a brief; None where nothing is to be written."""
        rng, hiding, whole = self.rng, self.hiding, self.pack[index]
        first, stop = 0, whole.bar_count
        if whole.bar_count > self.longest_bars:
            first = int(rng.integers(0, whole.bar_count - self.longest_bars // 2))
            first = 0 if rng.random() < 0.3 else first
            stop = min(first + self.longest_bars, whole.bar_count)
        song = transpose(excerpt(whole, first, stop), int(rng.integers(-5, 7)))
        measured = moved_register(self._measured(index, whole)[first:stop], song)
        if rng.random() < hiding.chords:
            song = without_chords(song)
        brief = draw_brief(song, self.config, rng, hiding, measured)
        if brief is None:
            return None
        if brief.styles and rng.random() >= hiding.reference:
            brief = replace(brief, reference=self._reference(index, whole, first, stop))
        if brief.styles and rng.random() >= hiding.example:
            brief = replace(brief, example=self._example(index, whole, song, first, stop))
        return lead_in(song, brief)

    def _measured(self, index: int, song: GridSong) -> np.ndarray:
        """controls.measure of a whole song, worked out once: it takes longer than everything else about a lesson."""
        if index not in self.measures:
            self.measures[index] = measure(song).astype(np.uint8)
        return self.measures[index]

    def _example(self, index: int, whole: GridSong, song: GridSong, first: int, stop: int) -> GridSong | None:
        """Bars to stand before the excerpt: of another song in its groove, or its own from outside it; None where there are none."""
        rng = self.rng
        others = self.by_groove.get(self.pack.about[index]["groove"], [])
        if len(others) > 1:
            source = self.pack[others[int(rng.integers(len(others)))]]
            span = (0, source.bar_count)
        else:
            source, span = whole, max((0, first), (stop, whole.bar_count), key=lambda span: span[1] - span[0])
        length = int(rng.integers(2, LONGEST + 1))
        if span[1] - span[0] < length:
            return None
        example = cut_example(source, int(rng.integers(span[0], span[1] - length + 1)), length)
        return example if len(example.notes) and fits(song, example) else None

    def _reference(self, index: int, song: GridSong, first: int, stop: int) -> np.ndarray | None:
        """A few bars that show how the song is played: another song in its groove, or its own bars outside the excerpt."""
        rng = self.rng
        others = self.by_groove.get(self.pack.about[index]["groove"], [])
        if len(others) > 1:
            other = self.pack[others[int(rng.integers(len(others)))]]
            return cut_reference(style_features(other), rng)
        longest = max((0, first), (stop, song.bar_count), key=lambda span: span[1] - span[0])
        if longest[1] - longest[0] < REFERENCE_BARS[0]:
            return None
        return cut_reference(style_features(excerpt(song, *longest)), rng)


def cut_reference(bars: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """A few bars on end of many, (n, WIDTH); None where there are too few."""
    shortest, longest = REFERENCE_BARS
    if len(bars) < shortest:
        return None
    length = int(rng.integers(shortest, min(longest, len(bars)) + 1))
    start = int(rng.integers(0, len(bars) - length + 1))
    return bars[start : start + length]


def grooves_of(pack: Pack) -> dict[str, list[int]]:
    """Which of a pack's songs are in each of the synthetic band's grooves; real corpora are no grooves."""
    found: dict[str, list[int]] = {}
    for index, about in enumerate(pack.about):
        if about["meta"]["synthetic"] == "True":
            found.setdefault(about["groove"], []).append(index)
    return found


def people_of(pack: Pack) -> np.ndarray:
    """Which songs people played, not the synthetic band, (songs,)."""
    return np.array([about["meta"]["synthetic"] != "True" for about in pack.about], bool)


def bands_of(pack: Pack) -> np.ndarray:
    """Which songs have drums and a bass, (songs,)."""
    offsets, parts = pack.arrays["note_offsets"], pack.arrays["part"]
    played = (set(np.unique(parts[offsets[row] : offsets[row + 1]])) for row in pack.rows)
    both = {ROLES.index("drums"), ROLES.index("bass")}
    return np.array([both <= roles for roles in played], bool)


def corpus_weights(pack: Pack, real_share: float = 0.4, band_share: float = 0.0) -> np.ndarray:
    """Chance of each song, (songs,): by the square root of its notes, real music lifted to `real_share` of all draws.

    A groove that many songs share is drawn less often for each of them, so that none drowns the others. `band_share`
    of all draws are people's bands (0: as often as they come among real music, which pianists fill).
    """
    weights = np.sqrt(pack.note_counts.astype(float))
    for songs in grooves_of(pack).values():
        weights[songs] /= np.sqrt(len(songs))
    real = people_of(pack)
    if real.any() and (~real).any():
        weights[real] *= real_share / weights[real].sum()
        weights[~real] *= (1 - real_share) / weights[~real].sum()
    bands = real & bands_of(pack)
    others = real & ~bands
    if band_share and bands.any() and others.any():
        whole = weights[real].sum()
        weights[bands] *= band_share / weights[bands].sum()
        weights[others] *= (whole - band_share) / weights[others].sum()
    return np.asarray(weights / weights.sum())
