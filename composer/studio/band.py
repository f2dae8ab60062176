"""The one generator: loaded once, watched while it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from composer.arrange import Arranger
from composer.gm import ROLES
from composer.model.checkpoint import Checkpoint, load_checkpoint
from composer.options import ArrangeOptions
from composer.planning import Plan
from composer.vocab import from_grid

Watch = Callable[[Plan, int, np.ndarray], None]
"""(plan, number of the bar in it, the bar's new notes as GRID_NOTE_DTYPE)."""


class WatchedArranger(Arranger):
    """An Arranger that shows every bar as it is written."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.watch: Watch | None = None

    def bars(self, plan: Plan, options: ArrangeOptions, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """As Arranger has them; its dice are not touched by the watching."""
        for number, notes in enumerate(super().bars(plan, options, rng)):
            if self.watch is not None:
                self.watch(plan, number, notes)
            yield notes


Rows = list[tuple[int, int, int, int]]


def in_ticks(plan: Plan, grid: np.ndarray, ticks_per_quarter: int) -> dict[str, Rows]:
    """Grid notes, part by part, as rows of onset, duration, pitch, velocity in about the ticks they will have.

    How long the last ones ring and how hard each is struck is settled when all is written.
    """
    end, dice = plan.bars[-1].end, np.random.default_rng(0)
    return {
        ROLES[part]: rows_of(from_grid(grid[grid["part"] == part], plan.bars, ticks_per_quarter, end, dice))
        for part in np.unique(grid["part"]).tolist()
    }


def rows_of(notes: np.ndarray) -> Rows:
    """Notes as plain rows for JSON."""
    rows: Rows = notes.tolist()
    return rows


class Band:
    """The arranger, made when it is first asked for; any thread may ask."""

    def __init__(self, checkpoint: Path | None = None) -> None:
        self._path, self._lock = checkpoint, threading.Lock()
        self._arranger: WatchedArranger | None = None
        self._loading: threading.Thread | None = None

    @property
    def arranger(self) -> WatchedArranger:
        """Raises CheckpointError."""
        with self._lock:
            if self._arranger is None:
                self._arranger = WatchedArranger(load_checkpoint(self._path))
            return self._arranger

    def warm_up(self) -> None:
        """Load it beside everything else, so that the first wish need not wait."""
        self._loading = threading.Thread(target=self._load, name="loading", daemon=True)
        self._loading.start()

    def close(self) -> None:
        """Let the loading end: ONNX Runtime's own threads do not survive an interpreter that goes away under them."""
        if self._loading is not None:
            self._loading.join()

    def _load(self) -> None:
        from composer.errors import ComposerError

        try:
            _ = self.arranger
        except ComposerError:
            return  # told to whoever asks for a band
