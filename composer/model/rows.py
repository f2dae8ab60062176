"""The network's heads at work on many songs at once, one row a song: what each writes next, chosen for all that wait.

What is worked out here is worked out for all rows that wait for the same thing: products as matrix times matrix, and the
masks, the pointers and the dice as tables of rows. Every operation works on rows alone, so that a song comes out the same
whatever it shares the rows with (model/batch_invariant.py). Who decodes one song has one row, or two where its style is turned
up or down (model/guidance.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.model.batch_invariant import Product, batched_product, single_product
from composer.model.canvas import PITCH_FEATURES
from composer.model.checkpoint import Checkpoint
from composer.model.context import ContextQueue
from composer.model.copying import COPY_DURATIONS, COPY_PITCHES, COPY_POSITIONS, COPY_VELOCITIES
from composer.model.grammar import FORBIDDEN, LIMBS
from composer.model.quantized import quantized_product
from composer.model.sampling_settings import SamplingSettings, sample_classes
from composer.model.trunk import silu, standardised
from composer.vocab import DURATIONS, MAX_POSITIONS, PARTS, PITCHES, VELOCITY_CLASSES

POSITION, PITCH, DURATION, VELOCITY = CHOICES = range(4)
"""What is chosen of a note, in this order."""
NEVER = PITCHES
"""Stands for the pitch of a part's last note where it has played none."""
NO_ROOT = 12
_INTERVALS = 51
_LIKES = PITCHES + 12 + _INTERVALS
"""Where, in what the pitch head says, its likings for the features of pitches begin."""
_NOTHING = _LIKES + PITCH_FEATURES
"""A column of nought put in there, for pitches above no root."""
_NEXT_TO_NOTHING = 1e-9
"""A temperature at which only equals of the likeliest are left."""


class Rows:
    """The network over the rows of a batch, with each row's inputs to its next choice."""

    def __init__(self, checkpoint: Checkpoint, rows: int, company: bool = False) -> None:
        """company: many songs, with batch-invariant results; else one song, with eight-bit weights (model/quantized.py)."""
        config, weights = checkpoint.config, checkpoint.weights
        w = {name: weights[name] for name in weights if not name.startswith("trunk.")}
        self.config, self.w, self.head = config, w, config.head
        self.context = ContextQueue(checkpoint, rows, company)
        w["to_pitch.weight"] = np.insert(w["to_pitch.weight"], _NOTHING, 0, axis=0)
        w["to_pitch.bias"] = np.insert(w["to_pitch.bias"], _NOTHING, 0)
        large, small = (batched_product, batched_product) if company else (quantized_product, single_product)
        self._to: dict[str, Product] = {
            name: product(np.ascontiguousarray(w.pop(f"{name}.weight").T))
            for name, product in (
                ("fields", large),
                ("to_position", small),
                ("to_pitch", small),
                ("to_duration", small),
                ("to_velocity", small),
            )
        }
        self._by_part = w["head_part.weight"] + w["fields.bias"]
        self._by_root, self._by_interval = _pitch_columns()
        self._asking = (self._positions, self._pitches, self._durations, self._velocities)
        # What a song, a turn and a note say of themselves.
        self.scale = np.ones((rows, config.width), np.float32)
        self.shift = np.zeros((rows, config.width), np.float32)
        self.part = np.zeros(rows, np.int64)
        nothing = np.zeros((0, 0), np.float32)
        self.position_features = [nothing] * rows
        """(POSITION_FEATURES, positions of the bar) each."""
        self.pitch_features = [nothing] * rows
        """(PITCH_FEATURES, Q) each."""
        self.here = np.zeros((3, rows, config.head), np.float32)
        self.note = np.zeros((2, rows, config.head), np.float32)
        self.duration = np.zeros(rows, np.int64)
        self.root = np.zeros(rows, np.int64)
        classes = {POSITION: MAX_POSITIONS + 1, PITCH: PITCHES, DURATION: len(DURATIONS)}
        self.bias = {choice: np.zeros((rows, count), np.float32) for choice, count in classes.items()}
        """What classes weigh beside what the network believes, as log-weights."""
        self.before = np.full(rows, NEVER)
        self.bounds = [(0, 0, 0)] * rows
        """The lowest and the highest class; of positions also whether the turn may end, of pitches a row of LIMBS."""
        self.pointed: list[list[int]] = [[]] * rows
        self._temperature = np.ones((rows, 1), np.float32)
        self._min_p = np.zeros((len(CHOICES), rows, PARTS), np.float32)
        self._rng: list[np.random.Generator | None] = [None] * rows
        self.guided: dict[int, tuple[int, float]] = {}
        """Of a row whose style is turned up or down: the row that was told none, and the strength."""
        # What the network has made of it.
        self._fields = np.zeros((4, rows, config.head), np.float32)

    def begin(self, row: int) -> None:
        """A new song: a row forgets the one before."""
        self.context.begin(row)
        self.guided.pop(row, None)

    def sample(self, row: int, sampling: SamplingSettings, rng: np.random.Generator) -> None:
        """How a row makes its choices from now on."""
        self._temperature[row] = _NEXT_TO_NOTHING if sampling.is_exact else sampling.temperature
        self._min_p[:, row] = sampling.floors
        self._rng[row] = None if sampling.is_exact else rng

    def choose(self, choice: int, rows: Sequence[int]) -> list[int]:
        """What these rows, each with all told, take next of a note: one class each."""
        at = np.array(rows)
        temperature, min_p = self._temperature.take(at, axis=0), self._min_p[choice, at, self.part[at]][:, None]
        logits = self.logits(choice, at)
        if choice in self.bias:
            logits += self.bias[choice].take(at, axis=0)
        return sample_classes(logits, temperature, min_p, [self._rng[row] for row in rows])

    def logits(self, choice: int, at: np.ndarray) -> np.ndarray:
        """Of each class (n, classes): pointed at, guided, and FORBIDDEN where the rules forbid."""
        leaders = self.guided and [(i, *self.guided[row]) for i, row in enumerate(at.tolist()) if row in self.guided]
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
            for row, each in zip(at.tolist(), logits, strict=True):
                low, high, may_end = self.bounds[row]
                each[:low] = FORBIDDEN
                each[high + 1 : MAX_POSITIONS] = FORBIDDEN
                if not may_end and low <= high:
                    each[MAX_POSITIONS] = FORBIDDEN
        elif choice == PITCH:
            for row, each in zip(at.tolist(), logits, strict=True):
                low, high, limbs = self.bounds[row]
                each[:low] = FORBIDDEN
                each[high + 1 :] = FORBIDDEN
                if limbs:
                    each[LIMBS[limbs]] = FORBIDDEN
        return logits

    # Below, `at` are the rows whose memories are asked, `asked` those in which songs say what about: the same, but where guided.

    def _positions(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        w = self.w
        z = standardised(self.context.top.take(at, axis=0))
        z *= self.scale.take(at, axis=0)
        z += self.shift.take(at, axis=0)
        fields = self._to["fields"](z)
        fields += self._by_part.take(self.part.take(asked), axis=0)
        self._fields[:, at] = fields.reshape(len(at), 4, -1).swapaxes(0, 1)
        out = self._to["to_position"](silu(fields[:, : self.head]))
        out += w["to_position.bias"]
        for row, each in zip(asked.tolist(), out, strict=True):
            features = self.position_features[row]
            each[: features.shape[1]] += each[MAX_POSITIONS + 1 : -COPY_POSITIONS] @ features
        return self._point(asked, out, COPY_POSITIONS)[:, : MAX_POSITIONS + 1]

    def _pitches(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        out = self._to["to_pitch"](silu(self._fields[1].take(at, axis=0) + self.here[0].take(asked, axis=0)))
        out += self.w["to_pitch.bias"]
        flat, first = out.reshape(-1), (np.arange(len(at)) * out.shape[1])[:, None]
        more = flat.take(self._by_root.take(self.root.take(asked), axis=0) + first)
        more += flat.take(self._by_interval.take(self.before.take(asked), axis=0) + first)
        for row, each, sums in zip(asked.tolist(), out, more, strict=True):
            sums += each[_LIKES:_NOTHING] @ self.pitch_features[row]
        out[:, :PITCHES] += more
        return self._point(asked, out, COPY_PITCHES)[:, :PITCHES]

    def _durations(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        long = self._fields[2].take(at, axis=0) + self.here[1].take(asked, axis=0)
        long += self.note[0].take(asked, axis=0)
        out = self._to["to_duration"](silu(long))
        out += self.w["to_duration.bias"]
        return self._point(asked, out, COPY_DURATIONS)[:, : len(DURATIONS)]

    def _velocities(self, at: np.ndarray, asked: np.ndarray) -> np.ndarray:
        loud = self._fields[3].take(at, axis=0) + self.here[2].take(asked, axis=0)
        loud += self.note[1].take(asked, axis=0)
        loud += self.w["at_duration.weight"].take(self.duration.take(asked), axis=0)
        out = self._to["to_velocity"](silu(loud))
        out += self.w["to_velocity.bias"]
        return self._point(asked, out, COPY_VELOCITIES)[:, :VELOCITY_CLASSES]

    def _point(self, asked: np.ndarray, out: np.ndarray, count: int) -> np.ndarray:
        """Each pointer's weight, the last columns of `out`, goes to the class it points at; that of none to the last column."""
        for row, each in zip(asked.tolist(), out, strict=True):
            for pointed, weight in zip(self.pointed[row], each[-count:].tolist(), strict=True):
                if pointed >= 0:
                    each[pointed] += weight
        return out


def _pitch_columns() -> tuple[np.ndarray, np.ndarray]:
    """For each root (the last: none) and each pitch before (the last: none), which column of the pitch head each pitch adds:
    (13, Q) and (Q + 1, Q)."""
    pitch = np.arange(PITCHES)
    by_root = np.concatenate([PITCHES + (pitch - np.arange(12)[:, None]) % 12, np.full((1, PITCHES), _NOTHING)])
    by_interval = PITCHES + 12 + np.clip(pitch - pitch[:, None], -24, 24) + 24
    none = np.full((1, PITCHES), PITCHES + 12 + _INTERVALS - 1)
    return by_root, np.concatenate([by_interval, none])
