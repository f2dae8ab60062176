"""Data streams: one per row of the batch, each of which can be saved and resumed at exactly the window where it stopped.

With workers, lessons are made in processes of their own while the network learns from the last ones; what they make is the same.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from composer.errors import InputError
from composer.model.config import ModelConfig
from composer.model.sequence import Brief, TrainingExample
from composer.training.briefs import ConditioningDropout
from composer.training.dataset import Stream
from composer.training.packing import Pack
from composer.vocab import GridSong


class Row(NamedTuple):
    """One lane's window: the lesson, its song and brief, and whether the song begins here."""

    example: TrainingExample
    song: GridSong
    brief: Brief
    fresh: bool


@dataclass(frozen=True)
class Place:
    """A stream's position: the random state when its song was drawn, and how many windows of that song it has yielded."""

    dice: dict[str, Any]
    windows: int


@dataclass(frozen=True)
class Source:
    """What lanes draw from."""

    pack: Pack
    weights: np.ndarray
    """Chance of each song, (songs,)."""
    config: ModelConfig
    window: int
    seed: int
    hiding: ConditioningDropout = ConditioningDropout()
    context_noise: float = 0.0

    def stream(self, rng: np.random.Generator) -> Iterator[Row]:
        """Windows without end."""
        return (
            Row(*row)
            for row in Stream(self.pack, self.weights, self.config, rng, self.window, self.hiding, self.context_noise)
        )

    def begin(self, number: int) -> Place:
        """The beginning of lane `number`, which no other lane shares."""
        return Place(dict(np.random.default_rng([self.seed, number]).bit_generator.state), 0)


class Lane:
    """One stream from a place on; `place` always says where it is now."""

    def __init__(self, source: Source, place: Place) -> None:
        self.rng = np.random.default_rng()
        self.rng.bit_generator.state = place.dice
        self.windows = source.stream(self.rng)
        self.place = Place(place.dice, 0)
        for _ in range(place.windows):
            self.next()

    def next(self) -> Row:
        before = self.rng.bit_generator.state
        row = next(self.windows)
        # Random numbers are used only when a song is drawn, never inside one.
        self.place = Place(dict(before), 1) if row.fresh else Place(self.place.dice, self.place.windows + 1)
        return row


class Lanes:
    """All lanes of one process of training, made here (no workers) or by workers that each keep a share of them."""

    def __init__(self, source: Source, places: Sequence[Place], workers: int = 0) -> None:
        self.places = list(places)
        self.own = [] if workers else [Lane(source, place) for place in places]
        self.workers: list[tuple[multiprocessing.Process, Connection]] = []
        context = multiprocessing.get_context("spawn")
        for share in np.array_split(np.arange(len(places)), min(workers, len(places))) if workers else ():
            here, there = context.Pipe(duplex=False)
            job = context.Process(target=_serve, args=(source, [places[i] for i in share], there), daemon=True)
            job.start()
            there.close()
            self.workers.append((job, here))  # type: ignore[arg-type]

    def next(self) -> list[Row]:
        """The next window of every lane, in order; `places` then says where they are. Raises InputError if a worker died."""
        if not self.workers:
            rows = [lane.next() for lane in self.own]
            self.places = [lane.place for lane in self.own]
            return rows
        try:
            told = [connection.recv() for _, connection in self.workers]
        except EOFError:
            raise InputError("a data-loader worker died, perhaps for lack of memory; use fewer --workers") from None
        self.places = [place for _, places in told for place in places]
        return [row for rows, _ in told for row in rows]

    def close(self) -> None:
        """End the workers."""
        for job, connection in self.workers:
            connection.close()
            job.terminate()
            job.join()
        self.workers = []


def _serve(source: Source, places: Sequence[Place], connection: Connection) -> None:
    """A worker: windows of its lanes, step by step, one step ahead of whoever reads them."""
    lanes = [Lane(source, place) for place in places]
    try:
        while True:
            # Of the song only what a batch is made of travels.
            rows = [lane.next() for lane in lanes]
            rows = [row._replace(song=replace(row.song, notes=row.song.notes[:0])) for row in rows]
            connection.send((rows, [lane.place for lane in lanes]))
    except (BrokenPipeError, KeyboardInterrupt):
        return
