"""How chords follow each other in songs: counts over key-relative chords, learned once, kept as a small table.

States are those of `hearing` counted from the tonic of the major scale (the relative major in minor keys). One table a
metric place: on weak beats, in the middle of a bar, on its first beat. `train_progressions` in composer.training makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.errors import CheckpointError
from composer.live.hearing import STATES

WEIGHTS = "progressions.safetensors"
PLACES = 3


def relative(state: int | np.ndarray, key: int) -> np.ndarray:
    """States counted from a tonic: the root moves, the quality stays."""
    state = np.asarray(state)
    return np.asarray(state // 12 * 12 + (state % 12 - key) % 12)


@dataclass(frozen=True)
class Progressions:
    """Log probabilities, relative to the key."""

    follow: np.ndarray
    """(PLACES, STATES, STATES): from row to column, when entering a beat of that place."""
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
            return cls(tensors["follow"].astype(np.float32), tensors["usual"].astype(np.float32))
        except (OSError, KeyError, SafetensorError) as error:
            raise CheckpointError(
                f"{place}: the table of progressions cannot be read ({error}); reinstall composer"
            ) from None

    @classmethod
    def count(cls, songs: list[tuple[np.ndarray, np.ndarray, int]], smooth: float = 0.3) -> Progressions:
        """From songs as (states per beat, place of each beat 0..2, key): states of -1 are skipped."""
        follow = np.full((PLACES, STATES, STATES), 0.0)
        usual = np.full(STATES, smooth)
        for states, places, key in songs:
            known = (states[1:] >= 0) & (states[:-1] >= 0)
            rel = relative(states, key)
            np.add.at(follow, (places[1:][known], rel[:-1][known], rel[1:][known]), 1.0)
            np.add.at(usual, rel[states >= 0], 1.0)
        usual /= usual.sum()
        # Rare chords behave as chords do in general: stay, or go where chords usually are.
        stay = np.stack([np.trace(table) / max(table.sum(), 1) for table in follow])
        general = np.eye(STATES)[None] * stay[:, None, None] + (1 - stay[:, None, None]) * usual[None, None]
        follow = (follow + 8.0 * general) / (follow.sum(axis=2, keepdims=True) + 8.0)
        return cls(np.log(follow + 1e-9).astype(np.float32), np.log(usual + 1e-9).astype(np.float32))

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        save_file({"follow": self.follow.astype(np.float16), "usual": self.usual.astype(np.float16)}, folder / WEIGHTS)

    def after(self, state: int, key: int, place: int) -> np.ndarray:
        """Log probabilities of the next beat's chord, (STATES,), in absolute pitch."""
        key = max(key, 0)
        row = self.follow[place, int(relative(state, key))]
        return self._absolute(row, key)

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
