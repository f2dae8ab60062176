"""Harmonic bias: log-weights added to a part's pitch logits, by each pitch's function in the chord and the key.

A sampled band drifts. A wrong note becomes a habit a bar later, a riff learned over one chord continues over the next, and whoever
plays after that follows it. People come back: so a part that has strayed is pulled to the chord, notes foreign to chord and key
are rarer than the network has them, and the bass says where the chord changes. How much is in SamplingSettings; what it was
measured by in docs/decisions/harmonic-bias.md.
"""

from __future__ import annotations

import numpy as np

from composer.gm import ROLES
from composer.harmony.key import KEYS, profile_scores
from composer.model.sampling_settings import SamplingSettings
from composer.vocab import DRUM_PART, DURATIONS, MELODY_PART, PARTS, PITCHES, POSITIONS_PER_QUARTER, GridSong

NEAR_BEATS = 32
"""How far before and after a bar its key is looked for, and the melody listened to."""
CHROMATIC = 0.06
"""The share of a melody's notes foreign to its chords and key from which on a band may be as foreign as it likes. Where people's
melodies have none 1.2 % of their bands' notes are foreign, and 5 % where they have 3 to 6 % (185 bands)."""
_MEMORY = 0.9
"""Decay per note of the running share of a part's notes in the chord."""
_PULL, _STRONGEST = 12.0, 3.0
"""Log-weight for each unit of share that a part is below its least, and at most."""
_BASS = ROLES.index("bass")
_HOMES = np.array([[step in key.home for step in range(12)] for key in KEYS])
_CLASS = np.arange(PITCHES) % 12
_NOT_ASKED = np.zeros(PITCHES, np.float32)


class HarmonicBias:
    """The harmonic function of every pitch class on each beat of a song, and how closely each part kept to the chords lately."""

    def __init__(self, song: GridSong, first_bar: int = 0, ahead: bool = True) -> None:
        """Bars before `first_bar` are somebody else's; ahead: whether what the melody will sing is known."""
        self._song, self._first_bar = song, first_bar
        beats = np.flatnonzero(song.roots >= 0)
        self._root = np.zeros((len(song.roots), 12), bool)
        self._root[beats, song.roots[beats]] = True
        self._root[beats, song.basses[beats]] = True
        chord = song.tones.astype(bool)
        chord[beats, song.basses[beats]] = True
        near = _Near(song, first_bar, ahead)
        self._foreign = ~chord & ~near.home | _other_thirds(song)
        self._passing = ~chord & ~self._foreign & (song.roots >= 0)[:, None]
        self._off = (self._foreign | self._passing).astype(np.float32)
        self._diatonic = 1 - np.minimum(near.foreign_share(self._foreign) / CHROMATIC, 1)
        self._share = [1.0] * PARTS

    def turn(self, sampling: SamplingSettings, part: int, bar: int) -> None:
        """A part is about to play a bar: `weights` are of that from now on."""
        self._part, self._least = part, sampling.least_in_chord[part]
        if part == DRUM_PART:
            return
        self._first_beat = int(self._song.first_beat[bar])
        beats = slice(self._first_beat, self._song.first_beat[bar + 1])
        foreign, passing = sampling.harmonic_biases[:, part]
        usual = self._foreign[beats] * (self._diatonic[beats] * foreign)[:, None] + self._passing[beats] * passing
        changing = usual + ~self._root[beats] * np.log(sampling.off_root) if part == _BASS else usual
        self._usual, self._changing = usual.astype(np.float32), changing.astype(np.float32)

    def weights(self, beat: int, changes: bool) -> np.ndarray:
        """What each pitch weighs on a beat of the bar, where the chord `changes` or not: log-weights, float32, shape (Q,)."""
        if self._part == DRUM_PART:
            return _NOT_ASKED
        by_class: np.ndarray = (self._changing if changes else self._usual)[beat - self._first_beat]
        below = self._least - self._share[self._part]
        if below > 0:
            by_class = by_class - min(_PULL * below, _STRONGEST) * self._off[beat]
        weights: np.ndarray = by_class[_CLASS]
        return weights

    def hear(self, part: int, bar: int, position: int, pitch: int) -> None:
        """A note has been played: remember whether it kept to the chord."""
        if part == DRUM_PART or bar < self._first_bar:
            return
        keeps = 1 - self._off[self._song.beat_at(bar, position), pitch % 12]
        self._share[part] = _MEMORY * self._share[part] + (1 - _MEMORY) * keeps

    def save(self, part: int) -> float:
        """What it remembers of a part."""
        return self._share[part]

    def restore(self, part: int, saved: float) -> None:
        """Back to what was saved of a part."""
        self._share[part] = saved


class _Near:
    """What chords and melody near each beat say: `home`, the key's pitch classes, bool (C, 12), everywhere where nothing is said."""

    def __init__(self, song: GridSong, first_bar: int, ahead: bool) -> None:
        first, count = int(song.first_beat[first_bar]), len(song.roots)
        beats = np.arange(count)
        self._low = np.maximum(beats - NEAR_BEATS, first)
        self._high = np.maximum(np.minimum(beats + (NEAR_BEATS if ahead else 1), count), self._low)
        notes = song.notes[song.notes["part"] == MELODY_PART]
        self._beat = song.beat_at(notes["bar"], notes["position"])
        self._class = notes["pitch"] % 12
        heard = (song.tones & (song.roots >= 0)[:, None]).astype(float)
        np.add.at(heard, (self._beat, self._class), DURATIONS[notes["duration"]] / POSITIONS_PER_QUARTER)
        weight = np.sqrt(self._sum(heard))
        self.home = _HOMES[profile_scores(weight).argmax(axis=1)]
        self.home[~weight.any(axis=1)] = True

    def foreign_share(self, foreign: np.ndarray) -> np.ndarray:
        """Share of the melody's notes near each beat that are foreign there: (C,), 0 without a melody."""
        count = len(foreign)
        strange = np.bincount(self._beat, foreign[self._beat, self._class], count)
        return np.asarray(self._sum(strange) / np.maximum(self._sum(np.bincount(self._beat, minlength=count)), 1))

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Over the beats near each, of values (C, …)."""
        so_far = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        return np.asarray(so_far[self._high] - so_far[self._low])


def _other_thirds(song: GridSong) -> np.ndarray:
    """Where a chord has one third, the other: bool, shape (C, 12)."""
    beats = np.arange(len(song.roots))
    minor, major = (song.roots + 3) % 12, (song.roots + 4) % 12
    has_minor, has_major = song.tones[beats, minor].astype(bool), song.tones[beats, major].astype(bool)
    other = np.zeros((len(beats), 12), bool)
    for has, has_not, third in ((has_minor, has_major, major), (has_major, has_minor, minor)):
        here = has & ~has_not & (song.roots >= 0)
        other[beats[here], third[here]] = True
    return other
