"""Many songs through the network at once: the decoder's products over all of them together, one row a song.

A `Lane` is a Decoder for one song like any other, except that where the network is needed it asks for it and waits; a
`Batch` answers all lanes that wait for the same thing in one go. What is cheap (the canvas, copying, the rules of the grammar)
stays per song; only the products are shared, as matrix times matrix.

A song must come out the same whatever it shares the batch with. Every operation here works on rows alone, and a product's
row must not depend on how many rows there are, nor on which it is. Of a BLAS that cannot be proved, but measured:
`Batch` tries its own matrices when it is made (`row_step`) and pads to one fixed height where sizes disagree.
`tests/batch/test_lockstep.py` holds lanes to `Decoder`, and batches of many to batches of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from composer.model.canvas import CHORD_FEATURES, MELODY_FEATURES, PITCH_FEATURES, Canvas
from composer.model.checkpoint import Checkpoint
from composer.model.copying import (
    COPY_DURATIONS,
    COPY_PITCHES,
    COPY_POSITIONS,
    COPY_VELOCITIES,
    durations,
    velocities,
)
from composer.model.decoder import Decoder, LSTMMemory, Weights
from composer.model.sequence import BAR, END, NO_PART, NOTE, Brief
from composer.vocab import MAX_POSITIONS, PARTS, PITCHES

TELL, POSITIONS, PITCHES_OF, DURATIONS_OF, VELOCITIES_OF = KINDS = range(5)
"""What a lane may wait for, in the order in which a note needs them."""
TILE = 64
"""Most rows of a product."""
STEP = 8
"""Rows come in multiples of this, where that is enough."""
_INTERVALS = 51
_PITCH = np.arange(PITCHES)
_DEGREE = (_PITCH[None, :] - np.arange(12)[:, None]) % 12
"""Pitch above each root, (12, Q)."""
_TABLES = ("who", "position", "pitch", "degree", "duration", "velocity", "part", "track")
"""Embeddings of an event, in the order of `Batch.index`."""

Ask = Callable[[int], np.ndarray]
"""Waits until the network has done what is asked for (one of KINDS); returns the logits, nothing after TELL."""


class Batch:
    """The network over up to `lanes` songs."""

    def __init__(self, checkpoint: Checkpoint, lanes: int) -> None:
        self.base = Decoder(checkpoint)
        memory = self.base.memory
        assert isinstance(memory, LSTMMemory), "only LSTM trunks are decoded in batches"
        self.w: Weights = checkpoint.weights
        self.cells = memory.cells
        self.lanes, self.width, self.head = lanes, memory.width, checkpoint.config.head
        embedding = checkpoint.config.embedding
        tables = [self.w[f"{name}.weight"] for name in _TABLES]
        self.table = np.concatenate(tables)
        self.offset = np.concatenate([[0], np.cumsum([len(table) for table in tables])[:-1]])
        # What lanes fill in before they ask.
        self.index = np.zeros((lanes, len(_TABLES)), np.int64)
        self.extra = np.zeros((lanes, embedding), np.float32)
        self.part = np.zeros(lanes, np.int64)
        self.said = np.zeros(lanes, np.int64)
        """The field drawn last: position, pitch or duration."""
        self.degree = np.zeros(lanes, np.int64)
        self.interval = np.zeros((lanes, PITCHES), np.int64)
        self.at_chord = np.zeros((lanes, len(self.w["at_position.weight"][0])), np.float32)
        self.melody = np.zeros((lanes, MELODY_FEATURES), np.float32)
        self.position_features = np.zeros((lanes, MAX_POSITIONS, self._likes("to_position")), np.float32)
        self.pitch_features = np.zeros((lanes, PITCH_FEATURES, PITCHES), np.float32)
        self.scale = np.ones((lanes, self.width), np.float32)
        self.shift = np.zeros((lanes, self.width), np.float32)
        # What the network remembers.
        self.hidden = [np.zeros((lanes, self.width), np.float32) for _ in self.cells]
        self.carry = [np.zeros((lanes, self.width), np.float32) for _ in self.cells]
        self.z = np.zeros((lanes, self.width), np.float32)
        self.fields = np.zeros((lanes, 4 * self.head), np.float32)
        self.here = np.zeros((lanes, 3 * self.head), np.float32)
        self.note = np.zeros((lanes, 2 * self.head), np.float32)
        matrices = [*(matrix for matrix, _ in self.cells), *self.base.matrices.values()]
        self.steps = {id(matrix): row_step(matrix) for matrix in matrices}
        self._do = (self._tell, self._positions, self._pitches, self._durations, self._velocities)

    def _likes(self, name: str) -> int:
        return len(self.w[f"{name}.bias"]) - (MAX_POSITIONS + 1) - COPY_POSITIONS

    def lane(self, number: int, ask: Ask) -> Lane:
        """A decoder for one song, in row `number`."""
        return Lane(self, number, ask)

    def answer(self, kind: int, lanes: Sequence[int]) -> np.ndarray:
        """Do what these lanes wait for; their logits, one row each (none after TELL)."""
        return self._do[kind](np.asarray(lanes))

    def forget(self, lane: int) -> None:
        """A new song begins in a lane."""
        for state in (*self.hidden, *self.carry, self.z):
            state[lane] = 0

    def _product(self, x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """x @ matrix, TILE rows at a time, with rows of nought added until their number is a multiple of the matrix's step."""
        short = -len(x) % self.steps[id(matrix)]
        if short:
            x = np.concatenate([x, np.zeros((short, x.shape[1]), np.float32)])
        if len(x) <= TILE:
            return np.asarray((x @ matrix)[: len(x) - short])
        tiles = [x[at : at + TILE] @ matrix for at in range(0, len(x), TILE)]
        return np.concatenate(tiles)[: len(x) - short]

    def _tell(self, at: np.ndarray) -> np.ndarray:
        x = self.table[self.index[at] + self.offset].sum(axis=1)
        x += self.extra[at]
        np.tanh(x, out=x)
        w = self.width
        for layer, (matrix, bias) in enumerate(self.cells):
            gates = self._product(np.concatenate([x, self.hidden[layer][at]], axis=1), matrix)
            gates += bias
            new = np.tanh(gates[:, 2 * w : 3 * w])
            keep, out = _sigmoid(gates[:, : 2 * w]), _sigmoid(gates[:, 3 * w :])
            carry = keep[:, w:] * self.carry[layer][at]
            carry += keep[:, :w] * new
            x = out * np.tanh(carry)
            self.carry[layer][at], self.hidden[layer][at] = carry, x
        x = x - x.mean(axis=1, keepdims=True)
        x /= np.sqrt((x * x).sum(axis=1, keepdims=True) / w + 1e-5)
        x *= self.w["norm.weight"]
        x += self.w["norm.bias"]
        self.z[at] = x * self.scale[at] + self.shift[at]
        return np.asarray(x)

    def _positions(self, at: np.ndarray) -> np.ndarray:
        matrices, w = self.base.matrices, self.w
        fields = self._product(self.z[at], matrices["fields"])
        fields += w["fields.bias"] + w["head_part.weight"][self.part[at]]
        self.fields[at] = fields
        out = self._product(_silu(fields[:, : self.head]), matrices["to_position"])
        out += w["to_position.bias"]
        likes = out[:, MAX_POSITIONS + 1 : -COPY_POSITIONS, None]
        out[:, :MAX_POSITIONS] += np.matmul(self.position_features[at], likes)[:, :, 0]
        return out

    def _pitches(self, at: np.ndarray) -> np.ndarray:
        matrices, w, h = self.base.matrices, self.w, self.head
        here = self._product(self.melody[at], matrices["at_melody"])
        here += w["at_position.weight"][self.said[at]]
        here += self.at_chord[at]
        self.here[at] = here
        out = self._product(_silu(self.fields[at, h : 2 * h] + here[:, :h]), matrices["to_pitch"])
        out += w["to_pitch.bias"]
        degree = self.degree[at]
        by_degree = np.concatenate([out[:, PITCHES : PITCHES + 12], np.zeros((len(at), 1), np.float32)], axis=1)
        above = np.where(degree[:, None] >= 0, _DEGREE[degree], 12)
        logits = out[:, :PITCHES] + np.take_along_axis(by_degree, above, axis=1)
        by_interval = out[:, PITCHES + 12 : PITCHES + 12 + _INTERVALS]
        logits += np.take_along_axis(by_interval, self.interval[at], axis=1)
        likes = out[:, None, -PITCH_FEATURES - COPY_PITCHES : -COPY_PITCHES]
        logits += np.matmul(likes, self.pitch_features[at])[:, 0]
        return np.concatenate([logits, out[:, -COPY_PITCHES:]], axis=1)

    def _durations(self, at: np.ndarray) -> np.ndarray:
        w, h = self.w, self.head
        degree = np.where(self.degree[at] >= 0, (self.said[at] - self.degree[at]) % 12, 12)
        note = w["at_pitch.weight"][self.said[at]] + w["at_degree.weight"][degree]
        self.note[at] = note
        long = self.fields[at, 2 * h : 3 * h] + self.here[at, h : 2 * h] + note[:, :h]
        return np.asarray(self._product(_silu(long), self.base.matrices["to_duration"]) + w["to_duration.bias"])

    def _velocities(self, at: np.ndarray) -> np.ndarray:
        w, h = self.w, self.head
        loud = self.fields[at, 3 * h :] + self.here[at, 2 * h :] + self.note[at, h:]
        loud += w["at_duration.weight"][self.said[at]]
        return np.asarray(self._product(_silu(loud), self.base.matrices["to_velocity"]) + w["to_velocity.bias"])


class Lane(Decoder):
    """One song's decoder in a batch. Tells and asks as `Decoder` does; the products are the batch's."""

    def __init__(self, batch: Batch, number: int, ask: Ask) -> None:
        # Weights are the batch's: nothing of Decoder.__init__ is wanted again.
        base = batch.base
        self.config, self.w, self.nothing_said, self.matrices = base.config, base.w, base.nothing_said, base.matrices
        self.batch, self.number, self.ask = batch, number, ask
        self.memory = _Row(batch, number)

    def begin(self, canvas: Canvas, brief: Brief) -> None:
        super().begin(canvas, brief)
        batch, song = self.batch, canvas.song
        batch.scale[self.number], batch.shift[self.number] = self.scale, self.shift
        self.pitch_features = batch.pitch_features[self.number]
        self._first, self._beat = canvas.first_beat.tolist(), song.beat_length.tolist()
        self._length, self._roots = song.bar_length.tolist(), song.roots.tolist()
        self._reference = canvas.reference.tolist()
        self._activity_in = self.w["controls.0.weight"]
        chords = canvas.chords.astype(np.float32)
        basses = (song.basses[:, None] == np.arange(12)[None]).astype(np.float32)
        of_class = np.stack([chords[:, 26:38], basses, chords[:, 51:63]], axis=1)
        self._chord_rows = of_class[:, :, _PITCH % 12]
        """Chord tone, bass, next chord's tone, of every beat and pitch: (C, 3, Q)."""
        assert canvas.chords.shape[1] == CHORD_FEATURES

    def _beat_at(self, bar: int, position: int) -> int:
        return int(min(self._first[bar] + position // self._beat[bar], self._first[bar + 1] - 1))

    def tell(self, event: tuple[int, ...], next_part: int) -> None:
        kind, part, slot, bar, position, pitch, duration, velocity = event
        if kind == NOTE:
            self.follower.advance(self.follower.touches(position, pitch))
        beat = self._beat_at(bar, min(position, self._length[bar] - 1))
        root = self._roots[beat]
        degree = (pitch - root) % 12 if kind not in (BAR, END) and part != 1 and root >= 0 else 12
        extra = self.batch.extra[self.number]
        np.add(self.chord_in[beat], self.bar_in[slot], out=extra)
        track = 0
        if next_part == NO_PART:
            extra += self.nothing_said
        else:
            extra += self._activity_in[self.brief.controls[slot, next_part, 0]]
            extra += self.control_in[slot, next_part]
            track = self.follower.track if kind == NOTE else int(self.canvas.copying.ended[slot, next_part])
        who = kind * (PARTS + 1) + part
        self.batch.index[self.number] = (who, position, pitch, degree, duration, velocity, next_part, track)
        self.ask(TELL)

    def turn(self, bar: int, part: int, visible: np.ndarray) -> None:
        super().turn(bar, part, visible)
        self.batch.part[self.number] = part
        self.batch.position_features[self.number] = self.position_features
        canvas, rows = self.canvas, self.pitch_features
        at, reference = np.array([bar]), self._reference[bar]
        rows[5:] = 0
        if bar:
            rows[9] = canvas.struck_anywhere[bar - 1, part]
        if canvas.know_habits:
            played, _, before = canvas.habits(at, np.array([part]))
            rows[10] = before[0] > 0
            rows[11] = rows[10] * (3 * before[0] >= played[0])
        self._next_known = bar + 1 < canvas.song.bar_count and bool(canvas.foreseen[bar + 1, part])
        if self._next_known:
            rows[13] = canvas.struck_anywhere[bar + 1, part]
        # Tables of the bars that candidates are compared with, by position.
        self._last = canvas.struck[bar - 1, part] if bar else None
        self._last_degree = canvas.struck_degree[bar - 1, part] if bar else None
        self._at_reference = canvas.struck[reference, part] if reference >= 0 else None
        self._reference_degree = canvas.struck_degree[reference, part] if reference >= 0 else None
        self._following = canvas.struck[bar + 1, part] if self._next_known else None
        self._sung, self._sung_at = canvas.melody_pitch[bar], canvas.melody_onset[bar]

    def positions(self) -> np.ndarray:
        out = self.ask(POSITIONS)
        logits = out[: MAX_POSITIONS + 1]
        return _point(logits, out[-COPY_POSITIONS:], self.follower.positions())

    def pitches(self, position: int) -> np.ndarray:
        batch, number, bar, rows = self.batch, self.number, self.bar, self.pitch_features
        beat = self._beat_at(bar, position)
        root = self._roots[beat]
        rows[:3] = self._chord_rows[beat]
        sung = int(self._sung[position])
        melody = batch.melody[number]
        melody[:] = 0
        melody[sung % 12 if sung > 0 else 12] = 1
        melody[13] = self._sung_at[position]
        melody[14] = sung / 64 - 1
        melody[15] = self._sung[position - position % self._beat[bar]] == sung
        rows[3:5] = 0
        if sung > 0:
            rows[3, sung % 12 :: 12] = 1
            rows[4, max(sung - 1, 0) : sung + 2 : 2] = 1
        above = _DEGREE[root % 12]
        if self._last is not None and self._last_degree is not None:
            rows[5] = self._last[position]
            rows[7] = self._last_degree[position][above]
        if self._at_reference is not None and self._reference_degree is not None:
            rows[6] = self._at_reference[position]
            rows[8] = self._reference_degree[position][above]
        if self._following is not None:
            rows[12] = self._following[position]
        self.root = -1 if self.part == 1 else root
        previous = self.touch.pitch[self.part]
        batch.said[number], batch.degree[number] = position, self.root
        batch.at_chord[number] = self.chord_at[beat]
        batch.interval[number] = _INTERVAL[previous] if previous >= 0 else _INTERVALS - 1
        self.position = position
        out = self.ask(PITCHES_OF)
        return _point(out[:PITCHES], out[PITCHES:], self.follower.pitches(position))

    def durations(self, pitch: int) -> np.ndarray:
        self.batch.said[self.number], self.pitch = pitch, pitch
        out = self.ask(DURATIONS_OF)
        self.agreed = self.follower.touches(self.position, pitch)
        return _point(out[:-COPY_DURATIONS], out[-COPY_DURATIONS:], durations(self.agreed, self.touch, self.part))

    def velocities(self, duration: int) -> np.ndarray:
        self.batch.said[self.number] = duration
        out = self.ask(VELOCITIES_OF)
        pointed = velocities(self.agreed, self.touch, self.part, self.pitch)
        return _point(out[:-COPY_VELOCITIES], out[-COPY_VELOCITIES:], pointed)


class _Row:
    """A lane's memory, which is a row of the batch's."""

    def __init__(self, batch: Batch, number: int) -> None:
        self.batch, self.number = batch, number

    def reset(self) -> None:
        self.batch.forget(self.number)

    def step(self, x: np.ndarray) -> np.ndarray:
        raise AssertionError("a lane's steps are the batch's")


_INTERVAL = np.clip(_PITCH[None, :] - _PITCH[:, None], -24, 24) + 24
"""Class of the interval from each pitch to each, (Q, Q)."""


def row_step(matrix: np.ndarray) -> int:
    """Multiples of which number of rows give every row the same product as TILE of them, bit for bit, on this machine.

    STEP, else TILE. Tried with rows in another order and in every number that occurs.
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((TILE, len(matrix)), np.float32)
    whole = x @ matrix
    for count in range(STEP, TILE + 1, STEP):
        chosen = rng.permutation(TILE)[:count]
        if not np.array_equal(x[chosen] @ matrix, whole[chosen]):
            return TILE
    return STEP


def _sigmoid(x: np.ndarray) -> np.ndarray:
    x = x * np.float32(0.5)
    np.tanh(x, out=x)
    x *= np.float32(0.5)
    x += np.float32(0.5)
    return x


def _silu(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * _sigmoid(x))


def _point(logits: np.ndarray, weights: np.ndarray, pointed: Sequence[int]) -> np.ndarray:
    """Each pointer's weight goes to the class it points at, if any."""
    for weight, target in zip(weights.tolist(), pointed, strict=True):
        if target >= 0:
            logits[target] += weight
    return logits
