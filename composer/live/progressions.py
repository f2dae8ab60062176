"""How chords follow each other in songs: counts over key-relative chords, learned once, kept as a small table.

States are those of `hearing` counted from the tonic of the major scale (the relative major in minor keys). One table a
metric place: on weak beats, in the middle of a bar, on its first beat. `train_progressions` in composer.training makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.errors import CheckpointError
from composer.live.hearing import STATES, SUFFIXES

WEIGHTS = "progressions.safetensors"
PLACES = 3
LENGTHS = 17
"""Beats a chord has lasted, 0 for its first; the last class is for all longer ones."""
FAMILIES, NOBODY = 25, 24
"""Roots, major or minor; and none."""
_MINOR = np.repeat([suffix.startswith(("m", "dim")) and not suffix.startswith("maj") for suffix in SUFFIXES], 12)


def family(state: int | np.ndarray) -> np.ndarray:
    """A state as root and mode, 0..23."""
    state = np.asarray(state)
    return np.asarray(state % 12 + 12 * _MINOR[state])


def relative(state: int | np.ndarray, key: int) -> np.ndarray:
    """States counted from a tonic: the root moves, the quality stays."""
    state = np.asarray(state)
    return np.asarray(state // 12 * 12 + (state % 12 - key) % 12)


@dataclass(frozen=True)
class Progressions:
    """Log probabilities, relative to the key."""

    stay: np.ndarray
    """(PLACES, LENGTHS): how likely a chord goes on into a beat of that place, after so many beats of it."""
    change: np.ndarray
    """(25, STATES, STATES): where it goes if it changes, from row to column; first the chord before as `family`."""
    usual: np.ndarray
    """(STATES,): how common each chord is."""

    @classmethod
    def load(cls, folder: Path | None = None) -> Progressions:
        """The shipped table. Raises CheckpointError."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        place = (default_progressions() if folder is None else folder) / WEIGHTS
        try:
            tensors = load_file(place)
            return cls(*(tensors[name].astype(np.float32) for name in ("stay", "change", "usual")))
        except (OSError, KeyError, SafetensorError) as error:
            raise CheckpointError(
                f"{place}: the table of progressions cannot be read ({error}); reinstall composer"
            ) from None

    @classmethod
    def count(cls, songs: list[tuple[np.ndarray, np.ndarray, int]], smooth: float = 0.3) -> Progressions:
        """From songs as (states per beat, place of each beat 0..2, key): states of -1 are skipped."""
        stay = np.full((PLACES, LENGTHS, 2), 0.5)
        triples = np.zeros((FAMILIES, STATES, STATES))
        usual = np.full(STATES, smooth)
        for states, places, key in songs:
            known = np.where(states >= 0, relative(states, key), -1).tolist()
            before, lasted = NOBODY, 0
            for beat in range(1, len(known)):
                last, now = known[beat - 1], known[beat]
                if last < 0 or now < 0:
                    before, lasted = NOBODY, 0
                    continue
                stay[places[beat], min(lasted, LENGTHS - 1), int(now == last)] += 1
                lasted += 1
                if now != last:
                    triples[before, last, now] += 1
                    before, lasted = int(family(last)), 0
            np.add.at(usual, relative(states, key)[states >= 0], 1.0)
        usual /= usual.sum()
        # Kneser and Ney's idea without their discount: rare histories lean on shorter ones.
        pairs = triples.sum(axis=0)
        general = (pairs + 12.0 * usual) / (pairs.sum(axis=1, keepdims=True) + 12.0)
        change = (triples + 6.0 * general) / (triples.sum(axis=2, keepdims=True) + 6.0)
        share = stay[:, :, 1] / stay.sum(axis=2)
        return cls(
            share.astype(np.float32), np.log(change + 1e-9).astype(np.float32), np.log(usual + 1e-9).astype(np.float32)
        )

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"stay": self.stay, "change": self.change, "usual": self.usual}
        save_file({name: tensor.astype(np.float16) for name, tensor in tensors.items()}, folder / WEIGHTS)

    def after(self, history: list[int], key: int, place: int) -> np.ndarray:
        """Log probabilities of the next beat's chord, (STATES,), in absolute pitch; `history` are the states of the beats before."""
        key, last = max(key, 0), history[-1]
        lasted = next((back for back, state in enumerate(reversed(history)) if state != last), len(history)) - 1
        before = next((state for state in reversed(history) if state not in (last, -1)), -1)
        older = NOBODY if before < 0 else int(family(relative(before, key)))
        stay = float(self.stay[place, min(lasted, LENGTHS - 1)])
        row = self.change[older, int(relative(last, key))].copy()
        row[int(relative(last, key))] = -20.0
        votes = self._absolute(row - np.logaddexp.reduce(row) + np.log(1 - stay + 1e-6), key)
        votes[last] = np.log(stay + 1e-6)
        return votes

    def common(self, key: int) -> np.ndarray:
        """How common every chord is in that key, log probabilities (STATES,)."""
        return self._absolute(self.usual, key)

    @staticmethod
    def _absolute(row: np.ndarray, key: int) -> np.ndarray:
        return np.asarray(np.roll(row.reshape(-1, 12), key, axis=1).reshape(-1))


def default_progressions() -> Path:
    """The folder of the shipped table: in the source tree, else beside the installed package."""
    package = Path(__file__).resolve().parent.parent
    for place in (package.parent / "checkpoints" / "jam", package / "checkpoints" / "jam"):
        if (place / WEIGHTS).exists():
            return place
    raise CheckpointError(
        "the shipped table of progressions is missing: reinstall composer, or give chords with --chords"
    )
