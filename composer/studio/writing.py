"""What the music worker does: takes of an arrangement, a rework or a restyling, each kept as soon as it is whole."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from composer import formats
from composer.arrange import Arrangement, OnBar
from composer.digest import sha256_of
from composer.options import ArrangeOptions
from composer.planning import Plan
from composer.record import plain, stamped, story
from composer.score import Score
from composer.studio.band import Band, WatchedArranger, in_ticks
from composer.studio.jobs import Job
from composer.studio.names import new_id
from composer.studio.store import Store, Take

MIDI, CHART, RECORD = "band.mid", "band.chords.txt", "band.json"
Make = Callable[[WatchedArranger, Score, ArrangeOptions, OnBar], Arrangement]


@dataclass(frozen=True)
class Order:
    """Some takes of one thing."""

    kind: str
    seed_id: str
    parent: str | None
    score: Score
    options: ArrangeOptions
    """Of the first take; each further one has the next number on its dice."""
    takes: int
    asked: dict[str, Any]
    """The request as it came, kept beside the take."""
    inputs: dict[str, Path]
    """What went in, by what it was for."""
    make: Make
    label: str


def write_takes(job: Job, order: Order, band: Band, store: Store) -> None:
    """Write every take; a take that is whole stays, whatever becomes of the next."""
    arranger = band.arranger
    for number in range(order.takes):
        options = replace(order.options, seed=order.options.seed + number)
        made = _written(job, order, arranger, options, number + 1)
        take = Take(
            id=new_id(), seed_id=order.seed_id, parent=order.parent, kind=order.kind, label=order.label,
            created=time.time(), seed=options.seed, wishes=order.asked,
        )  # fmt: skip
        with store.add_take(take) as folder:
            _save(folder, made, options, order)
        job.arrangements.append(take.id)
        job.tell({"type": "take", "take": number + 1, "takes": order.takes, "arrangement": take.id})


def _written(job: Job, order: Order, arranger: WatchedArranger, options: ArrangeOptions, take: int) -> Arrangement:
    tell = job.step(f"writing take {take} of {order.takes}" if order.takes > 1 else "writing the parts")
    total = len(order.score.bars())

    def watch(plan: Plan, number: int, notes: np.ndarray) -> None:
        job.check()
        rows = in_ticks(plan, notes, order.score.ticks_per_beat)
        job.tell({"type": "bar", "take": take, "bar": plan.bars[number].index, "bars": total, "notes": rows})

    arranger.watch = watch
    try:
        return order.make(arranger, order.score, options, lambda done, of: tell(done / max(1, of)))
    finally:
        arranger.watch = None


def _save(folder: Path, made: Arrangement, options: ArrangeOptions, order: Order) -> None:
    score = stamped(made)
    formats.save(score, folder / MIDI)
    (folder / CHART).write_text(made.lane.chart(score.bars(), bars_per_line=4), "utf-8")
    record = story(made, options, order.inputs, None, {})
    record["files"] = {name: sha256_of(folder / name) for name in (MIDI, CHART)}
    record["told"] = list(made.told)
    (folder / RECORD).write_text(json.dumps(plain(record), indent=2, ensure_ascii=False) + "\n", "utf-8")
