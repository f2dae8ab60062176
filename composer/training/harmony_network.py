"""The chord network in torch, for training: the same weight names and the same sums as composer.harmony.circular."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from composer.harmony.melody_features import PITCHED, WIDTH
from composer.harmony.melody_model import QUALITIES

WHOLE_EVERY = 3
"""Every so manieth block also sees the mean over the whole song."""
_TURNS = (torch.arange(12)[None] - torch.arange(12)[:, None]) % 12


class Network(nn.Module):
    """Features (songs, beats, WIDTH), mask (songs, beats, 1) → logits (songs, beats, STATES).

    Its matrices multiply in bfloat16, which is twice as fast on a processor and leaves the accuracy as it is. Dropout
    takes a number of one beat from all twelve pitch classes at once: so the network stays circular, and luck is cheaper.
    """

    def __init__(self, width: int, dilations: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.inp = _Circular(PITCHED, width, 1.5)
        self.key = nn.Parameter(torch.randn(12, width) * 0.3)
        self.plain = nn.Linear(WIDTH - 12 * PITCHED, 12 * width)
        self.blocks = nn.ModuleList(
            _Block(width, dilation, dropout, whole=index % WHOLE_EVERY == WHOLE_EVERY - 1)
            for index, dilation in enumerate(dilations)
        )
        self.scale = nn.Parameter(torch.ones(width))
        self.out = _Circular(width, len(QUALITIES), 0.7)
        self.out.bias = nn.Parameter(torch.zeros(12, len(QUALITIES)))

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        songs, beats, _ = features.shape
        seen = functional.dropout(features, self.dropout, self.training)
        pitched = seen[..., : 12 * PITCHED].reshape(songs, beats, PITCHED, 12).transpose(2, 3).flatten(2)
        hidden = functional.relu(self.inp(pitched) + self.key.flatten() + self.plain(seen[..., 12 * PITCHED :]))
        for block in self.blocks:
            hidden = block(hidden, mask)
        normal = functional.layer_norm(hidden, hidden.shape[-1:]).view(songs, beats, 12, -1) * self.scale
        normal = functional.dropout(normal, self.dropout, self.training).flatten(2)
        logits: Tensor = self.out(normal).view(songs, beats, 12, len(QUALITIES)) + self.out.bias
        return logits.transpose(2, 3).flatten(2)

    def kernels(self) -> list[nn.Parameter]:
        """The convolutions over beats, nine tenths of all numbers."""
        return [parameter for name, parameter in self.named_parameters() if name.endswith(".kernel")]


class _Circular(nn.Module):
    """A circular layer: (…, 12 · into) → (…, 12 · out of)."""

    def __init__(self, into: int, out_of: int, size: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(12, into, out_of) * size / math.sqrt(12 * into))

    def forward(self, values: Tensor) -> Tensor:
        return values @ _circulant(self.weight)


class _Block(nn.Module):
    """A residual block: layer norm, convolution over three beats, gate."""

    def __init__(self, width: int, dilation: int, dropout: float, whole: bool) -> None:
        super().__init__()
        self.width, self.dilation, self.dropout = width, dilation, dropout
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(12, width))
        self.kernel = nn.Parameter(torch.randn(3, 12, width, 2 * width) / math.sqrt(36 * width))
        self.bias = nn.Parameter(torch.zeros(12, 2 * width))
        self.whole = nn.Parameter(torch.randn(12, width, 2 * width) * 0.3 / math.sqrt(12 * width)) if whole else None

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        songs, beats, _ = hidden.shape
        normal = functional.layer_norm(hidden, hidden.shape[-1:]).view(songs, beats, 12, self.width)
        normal = ((normal * self.scale + self.shift) * mask[..., None]).flatten(2)
        padded = functional.pad(normal.bfloat16(), (0, 0, self.dilation, self.dilation))
        taps = [padded[:, tap * self.dilation : tap * self.dilation + beats] for tap in range(3)]
        mixed = (torch.cat(taps, -1) @ _gated(self.kernel.bfloat16()).flatten(0, 1)).float()
        added = torch.cat([half.flatten() for half in self.bias.chunk(2, -1)])
        if self.whole is not None:
            mean = normal.sum(1) / mask.sum(1).clamp(min=1)
            added = added + (mean @ _gated(self.whole))[:, None]
        gated = functional.glu(mixed + added, -1)
        if self.training and self.dropout:
            kept = (torch.rand(songs, beats, 1, self.width) >= self.dropout).float() / (1 - self.dropout)
            gated = (gated.view(songs, beats, 12, -1) * kept).flatten(2)
        return hidden + gated


def _circulant(kernel: Tensor) -> Tensor:
    """(…, 12, into, out of) → (…, 12 · into, 12 · out of)."""
    into, out_of = kernel.shape[-2:]
    return kernel[..., _TURNS, :, :].transpose(-3, -2).reshape(*kernel.shape[:-3], 12 * into, 12 * out_of)


def _gated(kernel: Tensor) -> Tensor:
    """The same with all values before all gates, side by side in memory, which makes the gate several times faster."""
    return torch.cat([_circulant(half) for half in kernel.chunk(2, -1)], -1)
