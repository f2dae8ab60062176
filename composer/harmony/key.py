"""The key of a piece, and how that key spells its notes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from composer.score import NO_NOTES, Part, Score

# How common each degree is in major and minor pieces, tonic first: Albrecht & Shanahan, "The Use of Large Corpora
# to Train a New Type of Key-Finding Algorithm", Music Perception 31 (2013).
_PROFILES = np.array(
    [
        [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081],
        [0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052],
    ]
)
_ROTATED = np.stack([np.roll(profile, tonic) for profile in _PROFILES for tonic in range(12)])
_CENTRED = _ROTATED - _ROTATED.mean(axis=1, keepdims=True)
_ENDING = 0.06
"""What it adds to a key's correlation that the last, lowest note is its tonic."""
_SHARPNESS = 14.0
"""Turns correlations into a confidence."""

_LINE_OF_FIFTHS = "FCGDAEB"
_SCALE_NAMES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


@dataclass(frozen=True)
class Key:
    """A tonic, as pitch class 0..11, and a mode, "major" or "minor"."""

    tonic: int
    mode: str

    @property
    def name(self) -> str:
        """As people say it: "Eb major", "F# minor"."""
        return f"{self.spell(self.tonic)} {self.mode}"

    @property
    def signature(self) -> str:
        """As MIDI files spell it: "Eb", "F#m"."""
        return self.spell(self.tonic) + ("m" if self.mode == "minor" else "")

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes of the key, from the tonic up (natural minor)."""
        return tuple((self.tonic + step) % 12 for step in _SCALE_NAMES[self.mode])

    @property
    def home(self) -> frozenset[int]:
        """The pitch classes that sound at home in the key: the scale, and in minor also the raised sixth and seventh."""
        raised = (9, 11) if self.mode == "minor" else ()
        return frozenset((*self.scale, *((self.tonic + step) % 12 for step in raised)))

    def spell(self, pitch_class: int) -> str:
        """A note's name in this key: chromatic notes are b2, b3, #4, b6, b7, and the leading note is always raised.

        >>> Key(7, "minor").spell(6), Key(7, "minor").spell(10), Key(4, "major").spell(8)
        ('F#', 'Bb', 'G#')
        """
        flattest = -3 if self.mode == "minor" else -5
        home = (self.tonic * 7 - flattest) % 12 + flattest
        away = (pitch_class * 7 - home + 5) % 12 - 5
        fifths = home + away
        fifths += 12 if fifths < -7 else -12 if fifths > 12 else 0
        sharps, letter = divmod(fifths + 1, 7)
        return _LINE_OF_FIFTHS[letter] + ("#" * sharps if sharps > 0 else "b" * -sharps)

    @classmethod
    def from_signature(cls, text: str) -> Key | None:
        """ "Eb" or "F#m" → Key; None where there is no signature."""
        found = re.fullmatch(r"([A-G])([#b]*)(m?)", text)
        if found is None:
            return None
        letter, signs, minor = found.groups()
        tonic = (_LINE_OF_FIFTHS.index(letter) - 1) * 7 + signs.count("#") - signs.count("b")
        return cls(tonic % 12, "minor" if minor else "major")


KEYS = tuple(Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12))
"""All keys, in the order of `key_scores`."""


def find_key(music: Score | Part | np.ndarray) -> tuple[Key, float]:
    """The key that the notes are in, and how sure that is, 0..1. Without notes: C major, 0.0.

    Correlation of duration-weighted pitch classes with the profiles of Albrecht & Shanahan (2013), and a vote of the
    last note for its own key.
    """
    scores = key_scores(_pitched(music))
    if not scores.any():
        return Key(0, "major"), 0.0
    likely = np.exp(_SHARPNESS * (scores - scores.max()))
    return KEYS[int(scores.argmax())], float(likely.max() / likely.sum())


def key_scores(notes: np.ndarray) -> np.ndarray:
    """How well notes fit the 24 keys, C major to B major, then C minor to B minor: shape (24,), zeros without notes."""
    if not len(notes):
        return np.zeros(24)
    # A long note counts more than a short one, but not in proportion: a held note is heard once.
    heard = np.sqrt(np.maximum(notes["duration"], 1).astype(np.float64))
    weight = np.bincount(notes["pitch"] % 12, heard, minlength=12)
    if np.count_nonzero(weight) == 1:
        weight += weight.sum() * 1e-3
    scores = profile_scores(weight)
    last = notes[notes["onset"] == notes["onset"].max()]
    scores[[int(last["pitch"].min()) % 12, int(last["pitch"].min()) % 12 + 12]] += _ENDING
    return np.asarray(scores)


def profile_scores(weight: np.ndarray) -> np.ndarray:
    """Weights of the twelve pitch classes (…, 12) → their correlation with the 24 keys' profiles (…, 24), in the order of `key_scores`."""
    weight = weight - weight.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(weight, axis=-1, keepdims=True)
    return np.asarray(weight @ _CENTRED.T / np.maximum(length * np.linalg.norm(_CENTRED, axis=1), 1e-9))


def _pitched(music: Score | Part | np.ndarray) -> np.ndarray:
    if isinstance(music, np.ndarray):
        return music
    if isinstance(music, Part):
        return music.notes[:0] if music.is_drum else music.notes
    parts = [part.notes for part in music.parts if not part.is_drum and part.role != "drums"]
    return np.concatenate([NO_NOTES, *parts])
