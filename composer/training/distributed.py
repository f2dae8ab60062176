"""Distributed data-parallel training: the collective operations it needs. Started by `torchrun`, on one machine or many.

Every process learns from its own lanes; gradients are summed, so that all take the same step. One process alone is rank 0 of 1.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, distributed, nn


class Distributed:
    """This process among its peers."""

    def __init__(self, device: str = "cpu") -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" and self.size > 1 else device
        if self.size > 1 and not distributed.is_initialized():
            if self.device != "cpu":
                torch.cuda.set_device(self.device)
            distributed.init_process_group("gloo" if self.device == "cpu" else "nccl")

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def mine(self, count: int) -> slice:
        """This process's share of `count` lanes."""
        each = count // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def sum(self, values: Iterable[float]) -> list[float]:
        """Each value, summed over all processes."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(list(values), dtype=torch.float64, device=self.device)
        distributed.all_reduce(tensor)
        summed: list[float] = tensor.tolist()
        return summed

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Let every process have the sum of all processes' gradients."""
        if self.size == 1:
            return
        filled = [p for p in parameters if p.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in filled])
        distributed.all_reduce(flat)
        for parameter, piece in zip(filled, torch.split(flat, [p.numel() for p in filled]), strict=True):
            parameter.grad = piece.view_as(parameter)

    def gather(self, value: Any) -> list[Any]:
        """Everyone's value, in order of rank."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, value)
        return found

    def from_first(self, value: Any) -> Any:
        """Rank 0's value."""
        if self.size == 1:
            return value
        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]

    def close(self) -> None:
        if self.size > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


def to_cpu(state: list[Tensor] | None) -> list[Tensor]:
    """A trunk's state as it can travel; [] for none."""
    return [tensor.detach().cpu() for tensor in state or []]
