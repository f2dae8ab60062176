"""The optimisers: AdamW, and Muon for the matrices with AdamW for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from composer.training.recipe import Recipe

BETAS = (0.9, 0.98)
ADVERSARY_RATE = 1e-3


def make_optimizer(network: nn.Module, recipe: Recipe, adversary: nn.Module | None = None) -> torch.optim.Optimizer:
    """An optimiser over the network and, at a rate of its own, its adversary; tables and matrices decay, scales and biases do not."""
    matrices = _matrices(network) if recipe.optimizer == "muon" else []
    taken = {id(p) for p in matrices}
    others = [p for p in network.parameters() if p.requires_grad and id(p) not in taken]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in others if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in others if p.ndim < 2], "weight_decay": 0.0},
    ]
    if adversary is not None:
        groups.append({"params": list(adversary.parameters()), "weight_decay": 0.0, "own_rate": ADVERSARY_RATE})
    if recipe.optimizer == "muon":
        return Muon([{"params": matrices, "weight_decay": recipe.weight_decay, "matrix": True}, *groups])
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=BETAS)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of every group that has none of its own."""
    for group in optimizer.param_groups:
        group["lr"] = group.get("own_rate", rate)


def _matrices(network: nn.Module) -> list[nn.Parameter]:
    """What Muon is for: hidden layers' matrices, neither tables nor the last layers, whose rows are classes."""
    found = []
    for name, module in network.named_modules():
        if isinstance(module, nn.LSTM) or (isinstance(module, nn.Linear) and not name.startswith("to_")):
            found += [p for p in module.parameters(recurse=False) if p.ndim == 2 and p.requires_grad]
    return found


class Muon(torch.optim.Optimizer):
    """Momentum orthogonalised by Newton–Schulz steps (Jordan et al. 2024) for groups marked `matrix`, AdamW for the others.

    Updates are scaled to the size that AdamW's have (Liu et al. 2025), so that one learning rate serves both. The four gates of
    an LSTM lie in one parameter, (4 W, …): they are four matrices.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float = 1e-3, momentum: float = 0.95) -> None:
        super().__init__(
            list(groups),
            {"lr": lr, "weight_decay": 0.0, "matrix": False, "momentum": momentum, "betas": BETAS, "eps": 1e-8},
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                change = (self._orthogonal if group["matrix"] else self._adam)(parameter, state, group)
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(change, alpha=group["lr"])

    @staticmethod
    def _adam(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
        if not state:
            state |= {"step": 0, "mean": torch.zeros_like(parameter), "square": torch.zeros_like(parameter)}
        state["step"] += 1
        (slow, slower), gradient = group["betas"], parameter.grad
        state["mean"].lerp_(gradient, 1 - slow)
        state["square"].mul_(slower).addcmul_(gradient, gradient, value=1 - slower)
        size = (state["square"] / (1 - slower ** state["step"])).sqrt_().add_(group["eps"])
        step: Tensor = state["mean"] / (1 - slow ** state["step"]) / size
        return step

    @staticmethod
    def _orthogonal(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
        if not state:
            state["mean"] = torch.zeros_like(parameter)
        assert parameter.grad is not None
        gates = 4 if len(parameter) % 4 == 0 and len(parameter) > 2 * parameter.shape[1] else 1
        return turned(parameter.grad, state["mean"], group["momentum"], (gates, len(parameter) // gates, -1))


def turned(gradient: Tensor, mean: Tensor, momentum: float, shape: tuple[int, int, int]) -> Tensor:
    """A Muon update: the gradient counted into its mean, looked ahead of, and as matrices (n, rows, columns) made orthogonal."""
    mean.lerp_(gradient, 1 - momentum)
    parts = gradient.lerp(mean, momentum).reshape(shape)
    change: Tensor = 0.2 * max(parts.shape[1:]) ** 0.5 * orthogonal(parts)
    return change.view_as(gradient)


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """The nearest (semi-)orthogonal matrices, roughly: singular values end between about 0.7 and 1.2. (n, rows, columns)."""
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    x = wide.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        product = x @ x.mT
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    found: Tensor = (x if wide is matrices else x.mT).to(matrices.dtype)
    return found
