"""Where a step of training goes: lessons in numpy, and the network in torch; seconds of one thread's processor time.

    python benchmarks/training_step.py PACK [--size small] [--trunk lstm] [--batch 12] [--steps 6]

Training examples are what `--workers` takes off the step. Thread time is counted, so that other work on the machine says little (it still
shares the caches).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from composer.training import train
from composer.training.labels import config_for
from composer.training.packing import open_pack
from composer.training.recipe import OPTIMIZERS, Recipe
from composer.training.train import Trainer


class Stopwatch:
    """Adds up the time spent inside functions, by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[name] = self.spent.get(name, 0.0) + time.thread_time() - began

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--size", default="small")
    parser.add_argument("--trunk", default="lstm")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adamw")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--steps", type=int, default=6)
    said = parser.parse_args()
    torch.set_num_threads(1)
    pack = open_pack(said.pack)
    with tempfile.TemporaryDirectory() as folder:
        recipe = Recipe(batch=said.batch, optimizer=said.optimizer)
        trainer = Trainer(pack, Path(folder), config_for(pack, said.size, said.trunk), recipe)
        for _ in range(2):
            trainer.learn()
        watch = Stopwatch()
        trainer.lanes.next = watch.around("lessons", trainer.lanes.next)  # type: ignore[method-assign]
        train.collate = watch.around("collate", train.collate)
        trainer.forward = watch.around("forward", trainer.forward)
        torch.Tensor.backward = watch.around("backward", torch.Tensor.backward)  # type: ignore[method-assign]
        trainer.optimizer.step = watch.around("optimiser", trainer.optimizer.step)  # type: ignore[method-assign]
        trainer.average.update = watch.around("moving average", trainer.average.update)  # type: ignore[method-assign]
        notes, began = trainer.notes, time.thread_time()
        for _ in range(said.steps):
            trainer.learn()
        whole = time.thread_time() - began
    print(f"{said.trunk} {said.size}, batch {said.batch} × {recipe.window} events, {said.steps} steps, one thread")
    for name, seconds in (*watch.spent.items(), ("rest", whole - sum(watch.spent.values())), ("whole step", whole)):
        print(f"  {name:15}{seconds / said.steps:8.3f} s{seconds / whole:7.0%}")
    print(f"  {(trainer.notes - notes) / whole:.0f} notes a second")


if __name__ == "__main__":
    main()
