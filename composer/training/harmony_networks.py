"""The two kinds of chord network in torch, for training: the same weight names and the same sums as composer.harmony."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from composer.harmony.melody_features import PITCHED, WIDTH
from composer.harmony.melody_model import QUALITIES, STATES

if TYPE_CHECKING:
    import torch
    from torch import nn


def convolution(width: int, dilations: tuple[int, ...], dropout: float) -> nn.Module:
    """The network of `melody_model`: features (songs, beats, WIDTH), mask (songs, beats, 1) → logits (…, STATES)."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self, dilation: int) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(width)
            self.conv = nn.Conv1d(width, 2 * width, 3, padding=dilation, dilation=dilation)

        def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            mixed = self.conv((self.norm(hidden) * mask).transpose(1, 2)).transpose(1, 2)
            value, gate = mixed.chunk(2, -1)
            return hidden + functional.dropout(value * torch.sigmoid(gate), dropout, self.training)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inp = nn.Linear(WIDTH, width)
            self.blocks = nn.ModuleList(Block(dilation) for dilation in dilations)
            self.norm = nn.LayerNorm(width)
            self.out = nn.Linear(width, STATES)

        def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hidden = functional.relu(self.inp(functional.dropout(features, dropout, self.training)))
            for block in self.blocks:
                hidden = block(hidden, mask)
            logits: torch.Tensor = self.out(functional.dropout(self.norm(hidden), dropout, self.training))
            return logits

    return Network()


def circular(width: int, dilations: tuple[int, ...], dropout: float) -> nn.Module:
    """The network of `composer.harmony.circular`, `width` numbers a pitch class; called as `convolution`'s.

    Its matrices multiply in bfloat16, which is twice as fast on a processor and leaves the accuracy as it is. Dropout
    takes a number of one beat from all twelve pitch classes at once: so the network stays circular, and luck is cheaper.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    turns = (torch.arange(12)[None] - torch.arange(12)[:, None]) % 12

    def circulant(kernel: torch.Tensor) -> torch.Tensor:
        """(…, 12, into, out of) → (…, 12 · into, 12 · out of)."""
        into, out_of = kernel.shape[-2:]
        return kernel[..., turns, :, :].transpose(-3, -2).reshape(*kernel.shape[:-3], 12 * into, 12 * out_of)

    class Circular(nn.Module):
        def __init__(self, into: int, out_of: int, size: float, bias: bool) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(12, into, out_of) * size / math.sqrt(12 * into))
            if bias:
                self.bias = nn.Parameter(torch.zeros(12, out_of))

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return values @ circulant(self.weight)

    class Block(nn.Module):
        def __init__(self, dilation: int) -> None:
            super().__init__()
            self.dilation = dilation
            self.scale = nn.Parameter(torch.ones(width))
            self.shift = nn.Parameter(torch.zeros(12, width))
            self.kernel = nn.Parameter(torch.randn(3, 12, width, 2 * width) / math.sqrt(36 * width))
            self.bias = nn.Parameter(torch.zeros(12, 2 * width))

        def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            songs, beats, _ = hidden.shape
            normal = functional.layer_norm(hidden, hidden.shape[-1:]).view(songs, beats, 12, width)
            normal = ((normal * self.scale + self.shift) * mask[..., None]).reshape(songs, beats, -1)
            padded = functional.pad(normal, (0, 0, self.dilation, self.dilation))
            taps = [padded[:, at * self.dilation : at * self.dilation + beats] for at in range(3)]
            with torch.autocast("cpu", torch.bfloat16):
                mixed = torch.cat(taps, -1) @ circulant(self.kernel).flatten(0, 1)
            value, gate = (mixed.float().view(songs, beats, 12, 2 * width) + self.bias).chunk(2, -1)
            gated = value * torch.sigmoid(gate)
            if self.training:
                kept = torch.rand(songs, beats, 1, width) >= dropout
                gated = gated * (kept.float() / (1 - dropout))
            return hidden + gated.reshape(songs, beats, -1)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inp = Circular(PITCHED, width, 1.5, bias=False)
            self.key = nn.Parameter(torch.randn(12, width) * 0.3)
            self.plain = nn.Linear(WIDTH - 12 * PITCHED, 12 * width)
            self.blocks = nn.ModuleList(Block(dilation) for dilation in dilations)
            self.scale = nn.Parameter(torch.ones(width))
            self.out = Circular(width, len(QUALITIES), 0.7, bias=True)

        def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            songs, beats, _ = features.shape
            seen = functional.dropout(features, dropout, self.training)
            pitched = seen[..., : 12 * PITCHED].reshape(songs, beats, PITCHED, 12).transpose(2, 3).flatten(2)
            hidden = functional.relu(self.inp(pitched) + self.key.flatten() + self.plain(seen[..., 12 * PITCHED :]))
            for block in self.blocks:
                hidden = block(hidden, mask)
            normal = functional.layer_norm(hidden, hidden.shape[-1:]).view(songs, beats, 12, width) * self.scale
            normal = functional.dropout(normal, dropout, self.training).flatten(2)
            logits: torch.Tensor = self.out(normal).view(songs, beats, 12, len(QUALITIES)) + self.out.bias
            return logits.transpose(2, 3).flatten(2)

    return Network()
