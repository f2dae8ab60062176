"""The context of each song and the trunk's state after it: one row per song, each with a queue of events to read.

Context need not be read at once, only before a row is asked for its next choice. A batch of many rows reads one event of each
at a time (`advance`), a single row reads whole passages (`catch_up`). The state after a passage is cached by the hash of
all that had been told: many songs begin with the same example, and need not read it again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.model.checkpoint import Checkpoint
from composer.model.trunk import make_runtime

_EVENT = ("who", "position", "pitch", "degree", "duration", "velocity", "part", "track")
"""Embeddings of an event, in the order in which `tell` takes their rows."""
KEPT_BYTES = 16 << 20
"""Most memory for what passages have left behind."""
_SILENCE = b"nothing yet"
_ITS_OWN = b""
"""Stands for all that a row was told where it has written too, or remembers something else: nobody will be told the same."""


@dataclass
class Passage:
    """Events told on end, as the trunk reads them, (T, embedding)."""

    x: np.ndarray
    after: bytes
    """Names all that was told up to its end."""
    read: int = 0


Note = tuple[Sequence[int], np.ndarray]
"""One event, as its rows of the embedding tables and what is added to these."""
Mark = tuple[Any, np.ndarray, list[Passage | Note], bytes]
"""What a row remembers, what the trunk said last, what it has not read yet, and the name of all it was told."""


class ContextQueue:
    """The trunk over some rows."""

    def __init__(self, checkpoint: Checkpoint, rows: int, company: bool = False) -> None:
        """company: see Rows."""
        config, w = checkpoint.config, checkpoint.weights
        self.memory = make_runtime(config, w, rows, company)
        self.top = np.zeros((rows, config.width), np.float32)
        """What the trunk says after the last event of each row."""
        self.told: list[deque[Passage | Note]] = [deque() for _ in range(rows)]
        """What has not gone into memory yet."""
        tables = [w[f"{name}.weight"] for name in _EVENT]
        self._table = np.concatenate(tables)
        self._offset = np.concatenate([[0], np.cumsum([len(table) for table in tables])[:-1]])
        self._heard = [_ITS_OWN] * rows
        """Names all that a row was told."""
        self._kept: OrderedDict[bytes, tuple[Any, np.ndarray]] = OrderedDict()
        self._most_kept = KEPT_BYTES // self.memory.saved_bytes

    def begin(self, row: int) -> None:
        """A new song: a row forgets the one before."""
        self.memory.forget(row)
        self.told[row].clear()
        self._heard[row] = _SILENCE

    def save(self, row: int) -> Any:
        """What a row remembers, all told."""
        self.catch_up(row)
        return self.memory.save(row)

    def restore(self, row: int, saved: Any) -> None:
        """Back to what was saved."""
        self.memory.restore(row, saved)
        self._heard[row] = _ITS_OWN

    def mark(self, row: int) -> Mark:
        """Where a row is, for `rewind`. All passages that it was told have been read; notes of its own may wait."""
        return self.memory.save(row), self.top[row].copy(), list(self.told[row]), self._heard[row]

    def rewind(self, row: int, mark: Mark) -> None:
        """Back to where a row was, as though nothing had been told or written since."""
        saved, self.top[row], told, self._heard[row] = mark
        self.memory.restore(row, saved)
        self.told[row] = deque(told)

    def tell(self, row: int, index: np.ndarray, more: np.ndarray) -> None:
        """A row has events to tell: (T, len(_EVENT)) rows of the embedding tables, and what is added to these, (T, embedding)."""
        x = self._vectors(index, more)
        heard = self._heard[row]
        if heard != _ITS_OWN:
            heard = self._heard[row] = hashlib.blake2b(heard + x.tobytes(), digest_size=16).digest()
            if heard in self._kept and not self.told[row]:
                self._kept.move_to_end(heard)
                saved, self.top[row] = self._kept[heard]
                self.memory.restore(row, saved)
                return
        self.told[row].append(Passage(x, heard))

    def write(self, row: int, index: Sequence[int], more: np.ndarray) -> None:
        """A row has written a note, which it tells as it tells what is given."""
        self._heard[row] = _ITS_OWN
        self.told[row].append((index, more))

    def advance(self, rows: Sequence[int]) -> None:
        """The next event of each of these rows goes into memory."""
        at = np.array(rows)
        x = np.empty((len(rows), self._table.shape[1]), np.float32)
        written: list[int] = []
        for i, row in enumerate(rows):
            next_ = self.told[row][0]
            if isinstance(next_, Passage):
                x[i] = next_.x[next_.read]
            else:
                written.append(i)
        if written:
            notes: list[Any] = [self.told[rows[i]].popleft() for i in written]
            x[written] = self._vectors(np.array([note[0] for note in notes]), np.array([note[1] for note in notes]))
        self.top[at] = self.memory.step(at, x)
        for i in set(range(len(rows))).difference(written):
            passage: Any = self.told[rows[i]][0]
            passage.read += 1
            if passage.read == len(passage.x):
                self._keep(rows[i], passage.after)
                self.told[rows[i]].popleft()

    def catch_up(self, row: int) -> None:
        """All that a row has to tell goes into memory."""
        told = self.told[row]
        while told:
            next_ = told.popleft()
            if isinstance(next_, Passage):
                # Whole passages, as they were told, and not all there is: or bits would depend on what was kept.
                self.top[row] = self.memory.read(row, next_.x)
                self._keep(row, next_.after)
            else:
                index, more = next_
                self.top[row] = self.memory.read(row, self._vectors(np.array([index]), more))

    def _keep(self, row: int, after: bytes) -> None:
        if after != _ITS_OWN:
            self._kept[after] = self.memory.save(row), self.top[row].copy()
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)

    def _vectors(self, index: np.ndarray, more: np.ndarray) -> np.ndarray:
        x = np.add.reduce(self._table.take(index + self._offset, axis=0), axis=1)
        x += more
        return np.asarray(np.tanh(x, out=x))
