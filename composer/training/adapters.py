"""Low-rank adapters (Hu et al. 2021) that are part of the weights at every moment: what is saved runs in the numpy decoder as it is.

A matrix W is W₀ + B A with few rows in A; W₀ never moves. The network computes its gradient by W as ever, and the chain rule
gives those by A and B: so an LSTM's matrices can be adapted like any other, and no layer knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class _Adapter:
    weight: nn.Parameter
    base: Tensor
    down: nn.Parameter
    """A, (rank, inputs)."""
    up: nn.Parameter
    """B, (outputs, rank), zero at first."""


class Adapters:
    """Adapters on every matrix of the trunk and the heads of a network whose other parameters are held fast."""

    def __init__(self, network: nn.Module, rank: int = 8) -> None:
        self.adapters = []
        for name, module in network.named_modules():
            if name.startswith("ear"):
                continue
            if isinstance(module, nn.LSTM | nn.Linear):
                for weight in module.parameters(recurse=False):
                    if weight.ndim == 2 and min(weight.shape) > rank:
                        down = nn.Parameter(torch.randn(rank, weight.shape[1]).to(weight) / weight.shape[1] ** 0.5)
                        up = nn.Parameter(weight.new_zeros(len(weight), rank))
                        self.adapters.append(_Adapter(weight, weight.detach().clone(), down, up))
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        for adapter in self.adapters:
            adapter.weight.requires_grad_(True)

    def parameters(self) -> list[nn.Parameter]:
        """What is learned: every A and B."""
        return [p for adapter in self.adapters for p in (adapter.down, adapter.up)]

    @torch.no_grad()
    def collect(self) -> None:
        """Turn the gradients by W into those by A and B; to be called between backward and the optimiser's step."""
        for a in self.adapters:
            if a.weight.grad is not None:
                a.up.grad, a.down.grad = a.weight.grad @ a.down.t(), a.up.t() @ a.weight.grad
                a.weight.grad = None

    @torch.no_grad()
    def merge(self) -> None:
        """Put W₀ + B A into the network; to be called after the optimiser's step."""
        for a in self.adapters:
            a.weight.copy_(torch.addmm(a.base, a.up, a.down))
