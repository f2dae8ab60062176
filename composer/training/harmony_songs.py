"""What the chord model learns from: songs as features and chords per beat, versions of them, folds, batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from composer.corpora.song import Song
from composer.harmony.harmonise import reference_tonic
from composer.harmony.melody_features import PITCHED, SUNG_BLOCKS, WIDTH, melody_features, signature_tonic
from composer.harmony.melody_model import quality_of
from composer.timing import Bar

CORPORA = ("pop909", "openewld", "nottingham")
FIFTHS = (5, 7)


@dataclass(frozen=True)
class Example:
    """One song for the model: its melody's features over the bars from first note to last, and its chords per beat."""

    corpus: str
    work: str
    split: str
    notes: np.ndarray
    bars: tuple[Bar, ...]
    features: np.ndarray
    """(beats, WIDTH), pitch classes from C."""
    roots: np.ndarray
    """(beats,) pitch classes, -1 for no chord."""
    qualities: np.ndarray
    """(beats,) index in QUALITIES."""
    reference: int
    """Tonic that the finished model would count from (`reference_tonic`)."""
    guessed: int
    """The same from the notes alone."""


@dataclass(frozen=True)
class Augmentation:
    """What chance does to the songs of a batch."""

    wrong_key: float = 0.08
    """Share of examples a fifth away from their key, so that a wrong guess of the key is no disaster."""
    thinned: float = 0.4
    """Share of examples whose melody lacks some of its notes."""
    unheard: float = 0.1
    """Share of beats whose melody is hidden, a beat to two bars at a time: their chords are asked for all the same, so that
    the network learns what follows what."""
    block_dropout: float = 0.08
    """Chance that a song of a batch loses a whole block of pitch features."""
    openewld: float = 1.6
    """How much more often OpenEWLD's songs are drawn: they are few, and their harmony is the most varied."""


def example(song: Song) -> Example | None:
    """A song as an Example; None without chords or without a melody of eight notes."""
    melody = next((part for part in song.score.parts if part.role == "melody" and len(part) >= 8), None)
    if melody is None or song.lane is None:
        return None
    bars = song.score.bars()
    first = max(at for at, bar in enumerate(bars) if bar.start <= melody.start)
    last = sum(bar.start < melody.end for bar in bars)
    before = sum(bar.beat_count for bar in bars[:first])
    sung = bars[first:last]
    chords = song.lane.chords[before : before + sum(bar.beat_count for bar in sung)]
    return Example(
        song.corpus,
        song.work,
        song.split,
        melody.notes,
        sung,
        melody_features(melody.notes, sung, 0),
        np.array([chord.root for chord in chords]),
        np.array([quality_of(chord) if chord.root >= 0 else 0 for chord in chords]),
        reference_tonic(melody.notes, song.score.key),
        signature_tonic(melody.notes),
    )


def examples(songs: Iterable[Song]) -> list[Example]:
    """Every song that has a melody and chords."""
    return [made for song in songs if (made := example(song)) is not None]


def fold_of(work: str, folds: int) -> int:
    """0 … folds - 1, from a hash of the work's name alone: versions of a song are in one fold, on every machine."""
    return int.from_bytes(hashlib.sha256(f"fold {work}".encode()).digest()[:8], "big") % folds


def rolled(features: np.ndarray, reference: int) -> np.ndarray:
    """Features counted from C → counted from `reference`."""
    pitched = features[:, : 12 * PITCHED].reshape(len(features), PITCHED, 12)
    moved = np.roll(pitched, -reference, axis=2).reshape(len(features), -1)
    return np.concatenate([moved, features[:, 12 * PITCHED :]], axis=1)


def thinned(song: Example, rng: np.random.Generator) -> np.ndarray:
    """Features (beats, WIDTH) of the song without a twentieth to three tenths of its notes.

    Half of the time the note before a missing one is held over it.
    """
    notes = song.notes.copy()
    kept = rng.random(len(notes)) >= rng.uniform(0.05, 0.3)
    kept[[0, -1]] = True
    if rng.random() < 0.5:
        before = np.maximum.accumulate(np.where(kept, np.arange(len(notes)), 0))
        for gone in np.flatnonzero(~kept):
            end = int(notes["onset"][gone]) + int(notes["duration"][gone])
            notes["duration"][before[gone]] = end - int(notes["onset"][before[gone]])
    notes = notes[kept]
    return melody_features(notes, song.bars, 0) if len(notes) >= 8 else song.features


@dataclass(frozen=True)
class BatchSampler:
    """Batches of stretches of songs, drawn at random."""

    songs: Sequence[Example]
    thin: Sequence[Sequence[np.ndarray]]
    """Thinned features of each song, () for none."""
    luck: Augmentation
    batch: int
    crop: int
    """Beats of a song in a batch."""

    @classmethod
    def of(
        cls, songs: Sequence[Example], luck: Augmentation, batch: int, crop: int, rng: np.random.Generator
    ) -> BatchSampler:
        """The songs, each with three thinned versions if luck asks for any."""
        thin = [[thinned(song, rng) for _ in range(3)] if luck.thinned else [] for song in songs]
        return cls(songs, thin, luck, batch, crop)

    def chances(self) -> np.ndarray:
        """How likely each song is drawn, (songs,): long ones more often, but each has one harmony to teach."""
        chances = np.array([len(song.roots) for song in self.songs]) ** 0.85
        chances *= [self.luck.openewld if song.corpus == "openewld" else 1.0 for song in self.songs]
        return np.asarray(chances / chances.sum())

    def draw(self, chances: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features (batch, crop, WIDTH), mask (batch, crop, 1) and states (batch, crop), -100 where there is no chord."""
        features = np.zeros((self.batch, self.crop, WIDTH), np.float32)
        mask = np.zeros((self.batch, self.crop, 1), np.float32)
        targets = np.full((self.batch, self.crop), -100, np.int64)
        for row, chosen in enumerate(rng.choice(len(self.songs), self.batch, p=chances)):
            song, thin = self.songs[chosen], self.thin[chosen]
            luck = rng.random()
            reference = song.reference if luck < 0.6 else song.guessed
            if luck > 1 - self.luck.wrong_key:
                reference = (song.reference + int(rng.choice(FIFTHS))) % 12
            seen = thin[int(rng.integers(len(thin)))] if thin and rng.random() < self.luck.thinned else song.features
            start = int(rng.integers(0, max(1, len(song.roots) - self.crop + 1)))
            cut = slice(start, start + self.crop)
            roots = song.roots[cut]
            features[row, : len(roots)] = rolled(seen[cut], reference)
            mask[row, : len(roots)] = 1.0
            states = song.qualities[cut] * 12 + (roots - reference) % 12
            targets[row, : len(roots)] = np.where(roots < 0, -100, states)
            self._hide(features[row, : len(roots)], rng)
        return features, mask, targets

    def _hide(self, features: np.ndarray, rng: np.random.Generator) -> None:
        """Silence stretches of one song's beats, and whole blocks of its pitch features, in place."""
        pitched = features[:, : 12 * PITCHED].reshape(len(features), PITCHED, 12)
        left = rng.uniform(0, 2 * self.luck.unheard) * len(features)
        while left > 0:
            length = int(rng.integers(1, 9))
            start = int(rng.integers(0, max(1, len(features) - length)))
            pitched[start : start + length, SUNG_BLOCKS] = 0.0
            left -= length
        pitched[:, rng.random(PITCHED) < self.luck.block_dropout] = 0.0
        features[:, : 12 * PITCHED] = pitched.reshape(len(features), -1)
