"""Workers as actors of a Ray cluster: actors hold the model, the driver holds the plan, pieces go straight to the store. Owner of ray.

The driver only hands out units and hears of them, a few hundred bytes a piece; everything heavy stays with the actors.
An actor that is lost, with its machine or alone, is replaced, and its units are given out again.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from composer.batch.piece_maker import PieceMaker, Setting
from composer.batch.shards import Unit
from composer.batch.worker_pool import OnEvent
from composer.errors import ComposerError, InputError, OutputError

LOSSES = 4
"""Actors lost over one unit until it is given up: then something in it kills them."""
LOCAL = "local"


class RayPool:
    """Some actors at one corpus."""

    def __init__(self, setting: Setting, address: str, workers: int = 0) -> None:
        """address: a cluster's ("ray://…", "auto"), or "local" for one of this machine's own. workers: 0 takes all its CPUs."""
        try:
            import ray
        except ImportError:
            raise InputError("--ray needs Ray: pip install 'melody-to-band[ray]'") from None
        self.ray, self.setting, self.address, self.size = ray, setting, address, workers

    def run(self, units: Sequence[Unit], tell: OnEvent) -> None:
        """Have all units made. Raises InputError where the cluster cannot be reached, OutputError where the store refuses."""
        ray = self.ray
        mine = not ray.is_initialized()
        if mine:
            self._connect()
        try:
            self._work(deque(units), tell)
        finally:
            if mine:
                ray.shutdown()

    def _connect(self) -> None:
        local = self.address == LOCAL
        try:
            self.ray.init(
                address=None if local else self.address,
                num_cpus=self.size or None if local else None,
                include_dashboard=False if local else None,
                log_to_driver=False,
                configure_logging=True,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(
                f"--ray {self.address}: no cluster can be reached there ({str(error).splitlines()[0]})"
            ) from None

    def _work(self, queue: deque[Unit], tell: OnEvent) -> None:
        ray = self.ray
        size = min(self.size or int(ray.cluster_resources().get("CPU", 1)), len(queue))
        actor = ray.remote(num_cpus=1, max_restarts=0)(Actor)
        pool = [actor.remote(self.setting) for _ in range(size)]
        losses: Counter[str] = Counter()
        running: dict[Any, tuple[Any, list[Unit]]] = {}
        while queue or running:
            while pool and queue:
                share = max(1, min(-(-len(queue) // size), 2 * self.setting.lanes // max(1, len(queue[0].indexes))))
                if losses[queue[0].name]:
                    share = 1
                given = [queue.popleft() for _ in range(min(share, len(queue)))]
                worker = pool.pop()
                running[worker.do.remote(given)] = (worker, given)
            done, _ = ray.wait(list(running), num_returns=1, timeout=5.0)
            for answer in done:
                worker, given = running.pop(answer)
                try:
                    told = ray.get(answer)
                except ray.exceptions.RayActorError:
                    tell("lost", f"an actor was lost; its {len(given)} shards are made again")
                    for unit in given:
                        losses[unit.name] += 1
                        if losses[unit.name] >= LOSSES:
                            raise ComposerError(
                                f"shard {unit.name} has killed {LOSSES} actors; make it here, which finds the piece: leave out --ray"
                            ) from None
                        queue.appendleft(unit)
                    pool.append(actor.remote(self.setting))
                    continue
                if isinstance(told, str):
                    raise OutputError(told)
                for piece in told:
                    tell("piece", piece)
                for unit in given:
                    tell("unit", unit.name)
                pool.append(worker)


class Actor:
    """What runs on the cluster: a bench."""

    def __init__(self, setting: Setting) -> None:
        self.piece_maker = PieceMaker(setting)

    def do(self, units: list[Unit]) -> list[dict[str, Any]] | str:
        """Make units and write their shards; what is to be told of each piece, or what the store said."""
        pieces: list[dict[str, Any]] = []

        def tell(what: str, value: Any) -> None:
            if what == "piece":
                pieces.append(value)

        try:
            for _ in self.piece_maker.do(units, tell):
                pass
        except OutputError as error:
            return str(error)
        return pieces
