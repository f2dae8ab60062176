"""The pieces of a plan: which there are, in what order, and what each is called. All of it follows from plan and seeds alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from composer.batch.plan import BatchPlan, Wish, canonical
from composer.batch.seeds import Seed
from composer.errors import InputError


@dataclass(frozen=True)
class Piece:
    """One piece to make."""

    index: int
    """Its place in the plan, from 0."""
    id: str
    seed: Seed | None
    """None where a band plays by itself."""
    task: str
    style: str
    parts: tuple[str, ...]
    """() for those that the style plays."""
    wish: Wish
    take: int

    def dice(self, attempt: int) -> int:
        """The seed of the dice of one attempt at it, 0..2**31 - 1."""
        return dice(f"{self.id}:{attempt}")


def dice(text: str) -> int:
    """A seed for the dice out of a text, 0..2**31 - 1."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Pieces:
    """All pieces of a plan, by index; each is worked out when it is asked for.

    Takes change slowest and wishes fastest, so that a cut after any number of pieces has had every seed about equally
    often, and neighbours share a seed.
    """

    plan: BatchPlan
    seeds: Sequence[Seed]

    def __post_init__(self) -> None:
        if not self.seeds and self._with_seed:
            raise InputError(f"no seeds for the tasks {', '.join(self._with_seed)}")

    @property
    def _with_seed(self) -> list[str]:
        return [task for task in self.plan.tasks if task != "scratch"]

    def once(self) -> int:
        """Pieces of one take of everything."""
        plan = self.plan
        places = len(self._with_seed) * len(self.seeds) + ("scratch" in plan.tasks)
        return places * len(plan.styles) * len(plan.parts) * len(plan.controls)

    def __len__(self) -> int:
        return self.plan.pieces or self.once() * self.plan.takes

    def __getitem__(self, index: int) -> Piece:
        if not 0 <= index < len(self):
            raise IndexError(index)
        plan = self.plan
        take, rest = divmod(index, self.once())
        rest, wish = divmod(rest, len(plan.controls))
        rest, parts = divmod(rest, len(plan.parts))
        place, style = divmod(rest, len(plan.styles))
        alone = "scratch" in plan.tasks
        if alone and place == 0:
            task, seed = "scratch", None
        else:
            which, task_number = divmod(place - alone, len(self._with_seed))
            task, seed = self._with_seed[task_number], self.seeds[which]
        facts: dict[str, Any] = {
            "dice": plan.seed,
            "seed": seed.key if seed else "",
            "task": task,
            "style": plan.styles[style],
            "parts": plan.parts[parts],
            "wish": {entry.name: getattr(plan.controls[wish], entry.name) for entry in fields(Wish)},
            "take": take,
        }
        if task == "continue":
            facts["bars"] = plan.continue_bars
        elif task == "infill":
            facts["bars"] = plan.infill_bars
        elif seed is None or not seed.path:
            facts["bars"] = plan.own_bars
        name = hashlib.sha256(canonical(facts)).hexdigest()[:16]
        return Piece(index, name, seed, task, plan.styles[style], plan.parts[parts], plan.controls[wish], take)

    def __iter__(self) -> Iterator[Piece]:
        return (self[index] for index in range(len(self)))

    def shard_size(self) -> int:
        """Pieces in a shard: as the plan says, else by how many there are, whatever the number of workers."""
        return self.plan.output.shard or min(64, max(4, len(self) // 16))

    def shards(self) -> int:
        """How many shards there are."""
        return -(-len(self) // self.shard_size())

    def of_shard(self, number: int) -> range:
        """Indexes of a shard's pieces."""
        size = self.shard_size()
        return range(number * size, min((number + 1) * size, len(self)))
