"""How many CPU threads torch works with."""

from __future__ import annotations

import os

import torch

from composer.errors import InputError


def use_threads(count: int) -> None:
    """Work with so many threads; 0 leaves it to torch. More threads than free cores are far slower than one.

    Raises InputError for more than this machine has cores.
    """
    cores = os.cpu_count() or 1
    if not 0 <= count <= cores:
        raise InputError(
            f"--threads {count}: give 1..{cores}, as many as this machine has cores, or 0 for torch's choice"
        )
    if count:
        torch.set_num_threads(count)
