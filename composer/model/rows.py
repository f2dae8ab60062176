"""The network at work on many songs at once, one row a song: events go in, choices come out.

What is worked out here is worked out for all rows that wait for the same thing: products as matrix times matrix, and the
masks, the pointers and the dice as tables of rows. Every operation works on rows alone, so that a song comes out the same
whatever it shares the rows with (model/products.py). Who decodes one song has one row, or two where its style is turned
up or down (model/guidance.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from composer.model.canvas import PITCH_FEATURES, POSITION_FEATURES
from composer.model.checkpoint import Checkpoint
from composer.model.copying import COPY_DURATIONS, COPY_PITCHES, COPY_POSITIONS, COPY_VELOCITIES
from composer.model.dice import Sampling, draw
from composer.model.grammar import FORBIDDEN, LIMBS
from composer.model.products import Product, alone, in_company
from composer.model.trunk import AttentionMemory, LSTMMemory, Memory, layer_norm, silu
from composer.vocab import DURATIONS, MAX_POSITIONS, PITCHES, VELOCITY_CLASSES

POSITION, PITCH, DURATION, VELOCITY = CHOICES = range(4)
"""What is chosen of a note, in this order."""
NEVER = PITCHES
"""Stands for the pitch of a part's last note where it has played none."""
NO_ROOT = 12
_INTERVALS = 51
_EVENT = ("who", "position", "pitch", "degree", "duration", "velocity", "part", "track")
"""Embeddings of an event, in the order in which `tell` takes their rows."""
_LIKES = PITCHES + 12 + _INTERVALS
"""Where, in what the pitch head says, its likings for the features of pitches begin."""


class Rows:
    """The network over some rows, and what each of them waits to tell and to ask."""

    def __init__(self, checkpoint: Checkpoint, rows: int, company: bool = False) -> None:
        """company: bits must not depend on how many rows ask at once."""
        config, w = checkpoint.config, checkpoint.weights
        self.config, self.w, self.head = config, w, config.head
        product = in_company if company else alone
        self.memory: Memory = (
            LSTMMemory(w, config.layers, rows, product) if config.trunk == "lstm" else AttentionMemory(w, config, rows)
        )
        nothing = np.zeros((1, config.head), np.float32)  # a class that weighs nothing, for pitches above no root
        pitch_matrix = np.concatenate([w["to_pitch.weight"], nothing])
        self._pitch_bias = np.append(w["to_pitch.bias"], np.float32(0))
        self._to: dict[str, Product] = {
            name: product(np.ascontiguousarray(matrix.T))
            for name, matrix in (
                ("fields", w["fields.weight"]),
                ("position", w["to_position.weight"]),
                ("pitch", pitch_matrix),
                ("duration", w["to_duration.weight"]),
                ("velocity", w["to_velocity.weight"]),
            )
        }
        tables = [w[f"{name}.weight"] for name in _EVENT]
        self._table = np.concatenate(tables)
        self._offset = np.concatenate([[0], np.cumsum([len(table) for table in tables])[:-1]])
        self._by_part = w["head_part.weight"] + w["fields.bias"]
        self._by_root, self._by_interval = _pitch_columns(len(self._pitch_bias) - 1)
        self._asking = (self._positions, self._pitches, self._durations, self._velocities)
        # What is to be told: events as the rows of their embeddings, and what is added to these.
        self.told: list[deque[tuple[Sequence[int], np.ndarray]]] = [deque() for _ in range(rows)]
        # What a song, a turn and a note say of themselves before they ask.
        self.scale = np.ones((rows, config.width), np.float32)
        self.shift = np.zeros((rows, config.width), np.float32)
        self.part = np.zeros(rows, np.int64)
        self.position_features = np.zeros((rows, POSITION_FEATURES, MAX_POSITIONS), np.float32)
        self.pitch_features = np.zeros((rows, PITCH_FEATURES, PITCHES), np.uint8)
        self.here = np.zeros((rows, 3 * config.head), np.float32)
        self.note = np.zeros((rows, 2 * config.head), np.float32)
        self.duration = np.zeros(rows, np.int64)
        self.root = np.zeros(rows, np.int64)
        self.before = np.full(rows, NEVER)
        self.low, self.high = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        self.limbs = np.zeros(rows, np.int64)
        self.may_end = np.zeros(rows, bool)
        self.pointed = np.full((rows, max(COPY_POSITIONS, COPY_PITCHES, COPY_DURATIONS, COPY_VELOCITIES)), -1)
        self.sampling = [Sampling()] * rows
        self.rng = [np.random.default_rng(0)] * rows
        self.guided: dict[int, tuple[int, float]] = {}
        """Of a row whose style is turned up or down: the row that was told none, and the strength."""
        # What the network has made of it.
        self._top = np.zeros((rows, config.width), np.float32)
        self._fields = np.zeros((rows, 4 * config.head), np.float32)

    def begin(self, row: int) -> None:
        """A new song: a row forgets the one before."""
        self.memory.forget(row)
        self.told[row].clear()
        self.guided.pop(row, None)

    def advance(self, rows: Sequence[int]) -> None:
        """The next event of each of these rows goes into memory."""
        events = [self.told[row].popleft() for row in rows]
        at = np.array(rows)
        self._top[at] = self.memory.step(at, self._vectors(events))

    def catch_up(self, row: int) -> None:
        """All that a row has to tell goes into memory."""
        told = self.told[row]
        if len(told) == 1:
            self.advance((row,))
        elif told:
            self._top[row] = self.memory.read(row, self._vectors(list(told)))
            told.clear()

    def _vectors(self, events: Sequence[tuple[Sequence[int], np.ndarray]]) -> np.ndarray:
        index = np.array([event[0] for event in events])
        index += self._offset
        x = self._table[index].sum(axis=1)
        x += [event[1] for event in events]
        return np.asarray(np.tanh(x, out=x))

    def choose(self, choice: int, rows: Sequence[int]) -> list[int]:
        """What these rows, each with all told, take next of a note: one class each."""
        at = np.array(rows)
        logits = self.logits(choice, at)
        sampling, rng = self.sampling, self.rng
        return draw(logits, [sampling[row] for row in rows], [rng[row] for row in rows])

    def logits(self, choice: int, at: np.ndarray) -> np.ndarray:
        """Of each class (n, classes): pointed at, guided, and FORBIDDEN where the rules forbid."""
        leaders = [(i, *self.guided[row]) for i, row in enumerate(at.tolist()) if row in self.guided]
        if not leaders:
            logits = self._asking[choice](at, at)
        else:
            count = len(at)
            asked = np.concatenate([at, at[[i for i, _, _ in leaders]]])
            both = self._asking[choice](np.concatenate([at, [plain for _, plain, _ in leaders]]), asked)
            logits = both[:count]
            for plain, (i, _, strength) in zip(both[count:], leaders, strict=True):
                # Logits are log-probabilities up to a constant, which no draw can see.
                logits[i] = plain + np.float32(strength) * (logits[i] - plain)
        if choice == POSITION:
            may_end, low, high = self.may_end[at], self.low[at, None], self.high[at, None]
            may_end |= (low > high)[:, 0]
            logits[:, :MAX_POSITIONS][(_COLUMN[:MAX_POSITIONS] < low) | (_COLUMN[:MAX_POSITIONS] > high)] = FORBIDDEN
            logits[~may_end, MAX_POSITIONS] = FORBIDDEN
        elif choice == PITCH:
            logits[(self.low[at, None] > _COLUMN) | (self.high[at, None] < _COLUMN) | LIMBS[self.limbs[at]]] = FORBIDDEN
        return logits

    # Below, `at` are the rows whose memories are asked, `asked` those in which songs say what about: the same, but where guided.

    def _positions(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        w = self.w
        z = layer_norm(self._top[at], w["norm.weight"], w["norm.bias"])
        z *= self.scale[at]
        z += self.shift[at]
        fields = self._to["fields"](z)
        fields += self._by_part[self.part[asked]]
        self._fields[at] = fields
        out = self._to["position"](silu(fields[:, : self.head]))
        out += w["to_position.bias"]
        likes = out[:, None, MAX_POSITIONS + 1 : -COPY_POSITIONS]
        out[:, :MAX_POSITIONS] += np.matmul(likes, self.position_features[asked])[:, 0]
        return self._point(asked, out, COPY_POSITIONS)[:, : MAX_POSITIONS + 1]

    def _pitches(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        h = self.head
        out = self._to["pitch"](silu(self._fields[at, h : 2 * h] + self.here[asked, :h]))
        out += self._pitch_bias
        flat, first = out.reshape(-1), (np.arange(len(at)) * out.shape[1])[:, None]
        more = flat[self._by_root[self.root[asked]] + first]
        more += flat[self._by_interval[self.before[asked]] + first]
        likes = out[:, None, _LIKES : _LIKES + PITCH_FEATURES]
        more += np.matmul(likes, self.pitch_features[asked].astype(np.float32))[:, 0]
        out[:, :PITCHES] += more
        return self._point(asked, out[:, :-1], COPY_PITCHES)[:, :PITCHES]

    def _durations(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        h = self.head
        long = self._fields[at, 2 * h : 3 * h] + self.here[asked, h : 2 * h]
        long += self.note[asked, :h]
        out = self._to["duration"](silu(long))
        out += self.w["to_duration.bias"]
        return self._point(asked, out, COPY_DURATIONS)[:, : len(DURATIONS)]

    def _velocities(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        h, w = self.head, self.w
        loud = self._fields[at, 3 * h :] + self.here[asked, 2 * h :]
        loud += self.note[asked, h:]
        loud += w["at_duration.weight"][self.duration[asked]]
        out = self._to["velocity"](silu(loud))
        out += w["to_velocity.bias"]
        return self._point(asked, out, COPY_VELOCITIES)[:, :VELOCITY_CLASSES]

    def _point(self, asked: np.ndarray, out: np.ndarray, count: int) -> np.ndarray:
        """Each pointer's weight, the last columns of `out`, goes to the class it points at; that of none to the last column."""
        weights = out[:, -count:].copy()
        pointed = self.pointed[asked, :count]
        row = np.arange(len(asked))
        for pointer in range(count):
            out[row, pointed[:, pointer]] += weights[:, pointer]
        return out


_COLUMN = np.arange(PITCHES)


def _pitch_columns(nothing: int) -> tuple[np.ndarray, np.ndarray]:
    """For each root (the last: none) and each pitch before (the last: none), which column of the pitch head each pitch adds:
    (13, Q) and (Q + 1, Q)."""
    pitch = np.arange(PITCHES)
    by_root = np.concatenate([PITCHES + (pitch - np.arange(12)[:, None]) % 12, np.full((1, PITCHES), nothing)])
    by_interval = PITCHES + 12 + np.clip(pitch - pitch[:, None], -24, 24) + 24
    none = np.full((1, PITCHES), PITCHES + 12 + _INTERVALS - 1)
    return by_root, np.concatenate([by_interval, none])
