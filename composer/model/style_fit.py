"""Does it sound like the style? A small linear listener, beside the model and independent of it, says so of every output.

It hears what the style ear hears (style_features, averaged over the bars) and was taught on the training songs which style
each is in. The file stands beside the weights; the card holds its hash, so that whoever signs the card signs it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.errors import CheckpointError
from composer.model.sidecar import read_sidecar, write_sidecar
from composer.model.style_features import WIDTH, style_features
from composer.vocab import GridSong

FILE = "styles.safetensors"
CARD_FIELD = "styles_sha256"


@dataclass(frozen=True)
class StyleListener:
    """A fitted listener: S styles."""

    styles: tuple[str, ...]
    mean: np.ndarray
    """(WIDTH,)"""
    scale: np.ndarray
    """(WIDTH,)"""
    weights: np.ndarray
    """(WIDTH, S)"""
    bias: np.ndarray
    """(S,)"""

    def hear(self, bars: np.ndarray) -> np.ndarray:
        """Bars of style features (n, WIDTH) → one standardised vector (WIDTH,)."""
        return np.asarray((bars.mean(axis=0) - self.mean) / self.scale)

    def probabilities(self, bars: np.ndarray) -> dict[str, float]:
        """How probable each style is, the likeliest first."""
        logits = self.hear(bars) @ self.weights + self.bias
        odds = np.exp(logits - logits.max())
        order = np.argsort(-odds)
        return {self.styles[i]: float(odds[i] / odds.sum()) for i in order}

    def fit(self, song: GridSong, wanted: Mapping[str, float], reference: np.ndarray | None) -> dict[str, Any]:
        """For a report: how probable the wanted styles are, as what it is heard, and how like the reference it plays."""
        bars = style_features(song)
        if not len(bars):
            return {}
        heard = self.probabilities(bars)
        report: dict[str, Any] = {"heard_as": {name: round(share, 3) for name, share in list(heard.items())[:3]}}
        if wanted:
            report["wanted"] = {name: round(heard[name], 3) for name in wanted if name in heard}
        if reference is not None:
            mine, theirs = self.hear(bars), self.hear(reference)
            length = float(np.linalg.norm(mine) * np.linalg.norm(theirs))
            report["like_the_reference"] = round(float(mine @ theirs) / max(length, 1e-9), 3)
        return report


def save_listener(listener: StyleListener, folder: Path) -> str:
    """Write it beside the weights; returns the hash for the card."""
    arrays = {name: getattr(listener, name).astype(np.float16) for name in ("mean", "scale", "weights", "bias")}
    return write_sidecar(folder, FILE, arrays, list(listener.styles))


def load_listener(folder: Path, card: Mapping[str, Any]) -> StyleListener | None:
    """The listener of a checkpoint folder, None where it has none. Raises CheckpointError where it is not the card's."""
    found = read_sidecar(folder, FILE, card.get(CARD_FIELD))
    if found is None:
        return None
    arrays = {name: array.astype(np.float32) for name, array in found[0].items()}
    if arrays["mean"].shape != (WIDTH,):
        raise CheckpointError(
            f"{folder / FILE}: made for {len(arrays['mean'])} features, this version of composer uses {WIDTH}; get the matching checkpoint"
        )
    return StyleListener(tuple(found[1]), **arrays)
