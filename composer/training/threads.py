"""How many CPU threads torch works with."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """Work with so many threads; 0 leaves it to torch. More threads than free cores are far slower than one."""
    if count:
        torch.set_num_threads(count)
