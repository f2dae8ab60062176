"""A moving average of the weights: smoother than the weights of any one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The moving average of a network's parameters, with a shorter memory in the first steps so that the start does not bias it."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.network, self.keep, self.count = network, keep, 0
        self.weights = {name: p.detach().clone() for name, p in network.named_parameters()}

    @torch.no_grad()
    def update(self) -> None:
        """Count the network's weights of now in."""
        self.count += 1
        keep = min(self.keep, self.count / (self.count + 9))
        torch._foreach_lerp_(list(self.weights.values()), list(self.network.parameters()), 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network is the average inside this block."""
        with torch.no_grad():
            own = {name: p.detach().clone() for name, p in self.network.named_parameters()}
            self._put(self.weights)
            try:
                yield
            finally:
                self._put(own)

    def _put(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self.network.named_parameters():
            parameter.data.copy_(weights[name])
