"""An adversary of the style ear: it tries to tell a piece's chords and key from the style vector, and the ear learns to give nothing away.

Gradient reversal after Ganin et al. 2016. Style is how a band plays; what it plays must come from the chord lane alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from composer.vocab import GridSong

WIDTH = 24
"""Share of beats on each of twelve roots, and on each of twelve degrees as chord tones."""


def chord_profile(song: GridSong) -> np.ndarray:
    """What the adversary must guess, float32, shape (24,): each root's share of the beats, and each degree's above its root."""
    known = song.roots >= 0
    roots = np.bincount(song.roots[known], minlength=12)
    beats = max(int(known.sum()), 1)
    degrees = np.take_along_axis(song.tones[known], (np.arange(12) + song.roots[known][:, None]) % 12, axis=1)
    return np.concatenate([roots / beats, degrees.sum(axis=0) / beats]).astype(np.float32)


class _Reverse(torch.autograd.Function):
    """Nothing on the way there; on the way back the gradient is turned round and scaled."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.scale * gradients[0], None


class Adversary(nn.Module):
    """Style vector → chord profile. It learns to guess; whoever made the vector learns to be unguessable."""

    def __init__(self, style: int, hidden: int = 64) -> None:
        super().__init__()
        self.guess = nn.Sequential(nn.Linear(style, hidden), nn.SiLU(), nn.Linear(hidden, WIDTH))

    def forward(self, style: Tensor, profiles: Tensor, scale: float) -> Tensor:
        """(n, style), (n, 24) → mean nats by which it misses, above the profiles' own entropy."""
        guess = self.guess(_Reverse.apply(style, scale)).float()  # type: ignore[no-untyped-call]
        roots, degrees = profiles[:, :12], profiles[:, 12:].clamp(0, 1)
        share = roots / roots.sum(dim=1, keepdim=True).clamp(min=1e-6)
        missed = F.cross_entropy(guess[:, :12], share, reduction="none") + F.binary_cross_entropy_with_logits(
            guess[:, 12:], degrees, reduction="none"
        ).mean(dim=1)
        return missed.mean()


def profiles_of(songs: Sequence[GridSong]) -> Tensor:
    """`chord_profile` of each, (n, 24)."""
    return torch.from_numpy(np.stack([chord_profile(song) for song in songs]))
