"""The network one event at a time, in numpy: what the arranger and the jam run. No torch, no compiler, starts in milliseconds.

At this size a step is a handful of matrix-vector products whose weights stay in the processor's cache; plain BLAS on
one thread beats a framework's dispatch (docs/decisions/0002-numpy-decoder.md has the table). `tests/model/test_decoder.py`
holds it to `network.py`, logit by logit.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from composer.model.canvas import PITCH_FEATURES, Canvas
from composer.model.checkpoint import Checkpoint
from composer.model.controls import ACTIVITY, CONTROLS
from composer.model.copying import (
    COPY_DURATIONS,
    COPY_PITCHES,
    COPY_POSITIONS,
    COPY_VELOCITIES,
    Touch,
    durations,
    velocities,
)
from composer.model.sequence import BAR, END, NO_PART, NOTE, Brief, bar_conditions
from composer.vocab import MAX_POSITIONS, PARTS, PITCHES

_INTERVALS = 51
_PITCH = np.arange(PITCHES)

Weights = dict[str, np.ndarray]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function by way of tanh, which never overflows."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5)


def _silu(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * _sigmoid(x))


def _transposed(weights: Weights, name: str) -> np.ndarray:
    """A Linear's matrix as (in, out), contiguous: row-major products read it front to back."""
    return np.ascontiguousarray(weights[f"{name}.weight"].T)


class Memory(Protocol):
    """What a trunk is at run time: it takes event vectors in and gives hidden vectors out."""

    def reset(self) -> None: ...

    def step(self, x: np.ndarray) -> np.ndarray:
        """(embedding,) → (width,)"""
        ...


class LSTMMemory:
    """Stacked LSTM cells; one fused product a layer."""

    def __init__(self, weights: Weights, layers: int) -> None:
        self.cells = []
        for layer in range(layers):
            joined = np.concatenate([weights[f"trunk.lstm.weight_{side}_l{layer}"] for side in ("ih", "hh")], axis=1)
            bias = weights[f"trunk.lstm.bias_ih_l{layer}"] + weights[f"trunk.lstm.bias_hh_l{layer}"]
            self.cells.append((np.ascontiguousarray(joined.T), bias))
        self.width = len(self.cells[0][1]) // 4
        self.reset()

    def reset(self) -> None:
        self.hidden = [np.zeros(self.width, np.float32) for _ in self.cells]
        self.carry = [np.zeros(self.width, np.float32) for _ in self.cells]

    def step(self, x: np.ndarray) -> np.ndarray:
        w = self.width
        for layer, (matrix, bias) in enumerate(self.cells):
            gates = np.concatenate([x, self.hidden[layer]]) @ matrix
            gates += bias
            keep = _sigmoid(gates[: 2 * w])
            carry = keep[w:] * self.carry[layer] + keep[:w] * np.tanh(gates[2 * w : 3 * w])
            x = _sigmoid(gates[3 * w :]) * np.tanh(carry)
            self.carry[layer], self.hidden[layer] = carry, x
        return x


class AttentionMemory:
    """Transformer blocks over a cache of keys and values; the oldest events fall out after `context`."""

    def __init__(self, weights: Weights, layers: int, heads: int, context: int) -> None:
        self.w, self.layers, self.heads, self.context = weights, layers, heads, context
        self.matrices = {
            name.removesuffix(".weight"): _transposed(weights, name.removesuffix(".weight"))
            for name, array in weights.items()
            if name.startswith("trunk.") and array.ndim == 2
        }
        self.width = len(weights["trunk.enter.bias"])
        half = self.width // heads // 2
        self.speed = 10000.0 ** (-np.arange(half, dtype=np.float32) / half)
        self.reset()

    def reset(self) -> None:
        shape = (self.layers, self.heads, self.context, self.width // self.heads)
        self.keys, self.values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.told = 0

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return np.asarray(x @ self.matrices[name] + self.w[f"{name}.bias"])

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        return layer_norm(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def _turn(self, x: np.ndarray) -> np.ndarray:
        angle = self.told * self.speed
        cos, sin = np.cos(angle), np.sin(angle)
        first, second = x[:, : len(angle)], x[:, len(angle) :]
        return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=1).astype(np.float32)

    def step(self, x: np.ndarray) -> np.ndarray:
        x = self._linear("trunk.enter", x)
        slot, seen = self.told % self.context, min(self.told + 1, self.context)
        for layer in range(self.layers):
            block = f"trunk.blocks.{layer}"
            q, k, v = self._linear(f"{block}.qkv", self._norm(f"{block}.norm_attention", x)).reshape(3, self.heads, -1)
            self.keys[layer, :, slot], self.values[layer, :, slot] = self._turn(k), v
            scores = np.matmul(self.keys[layer, :, :seen], self._turn(q)[:, :, None])[:, :, 0] / np.sqrt(q.shape[-1])
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            mixed = np.matmul((scores / scores.sum(axis=1, keepdims=True))[:, None], self.values[layer, :, :seen])
            x = x + self._linear(f"{block}.out", mixed.reshape(-1))
            gate, value = np.split(self._linear(f"{block}.up", self._norm(f"{block}.norm_mlp", x)), 2)
            x = x + self._linear(f"{block}.down", _silu(gate) * value)
        self.told += 1
        return x


def layer_norm(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Layer normalisation over the last axis (Ba et al. 2016), epsilon as in torch."""
    centred = x - x.mean()
    return np.asarray(centred / np.sqrt(centred.dot(centred) / len(x) + 1e-5) * scale + shift)


class Decoder:
    """A network at work on one song: tell it events, ask it for the next note's fields in turn."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config, self.w = checkpoint.config, checkpoint.weights
        names = ("fields", "at_melody", "to_position", "to_pitch", "to_duration", "to_velocity")
        self.nothing_said = sum(self.w[f"controls.{i}.weight"][0] for i in range(len(CONTROLS)))
        self.matrices = {name: _transposed(self.w, name) for name in names}
        config = self.config
        self.memory: Memory = (
            LSTMMemory(self.w, config.layers)
            if config.trunk == "lstm"
            else AttentionMemory(self.w, config.layers, config.heads, config.context)
        )

    def begin(self, canvas: Canvas, brief: Brief) -> None:
        """Start on a song: everything that depends only on it is worked out here, once."""
        w, song = self.w, canvas.song
        self.canvas, self.brief = canvas, brief
        self.touch = Touch()
        self.memory.reset()
        style = np.tanh(self.style_sum(brief))
        self.scale = 1 + style @ w["style_scale.weight"].T + w["style_scale.bias"]
        self.shift = style @ w["style_shift.weight"].T + w["style_shift.bias"]
        self.chord_in = canvas.chords @ w["chord.weight"].T + w["chord.bias"]
        self.chord_at = canvas.chords @ w["at_chord.weight"].T
        conditions = bar_conditions(song, brief)
        tables = [w[f"bars.{i}.weight"] for i in range(conditions.shape[1])]
        self.bar_in = (
            sum(table[conditions[:, i]] for i, table in enumerate(tables))
            + style @ w["style_in.weight"].T
            + w["style_in.bias"]
        )
        self.control_in = sum(
            w[f"controls.{i}.weight"][brief.controls[..., i]] for i in range(1, brief.controls.shape[-1])
        )
        self.roots = song.roots
        self.z = np.zeros(len(self.scale), np.float32)

    def style_sum(self, brief: Brief) -> np.ndarray:
        """Name + groove (of a mixture: their mean by share) + tempo + what is heard in the reference: (style,)."""
        w = self.w
        total: np.ndarray = w["tempo.weight"][brief.tempo].copy()
        for style, groove, share in brief.styles or ((0, 0, 1.0),):
            total += share * (w["style.weight"][style] + w["groove.weight"][groove])
        if brief.reference is not None and len(brief.reference):
            heard = _silu(brief.reference @ w["ear.bar.weight"].T + w["ear.bar.bias"])
            heard = _silu(heard @ w["ear.mix.weight"].T + w["ear.mix.bias"])
            total += heard.mean(axis=0) @ w["ear.out.weight"].T
        return total

    def tell(self, event: tuple[int, ...], next_part: int) -> None:
        """One event (the fields of EVENT_DTYPE) goes into memory.

        `next_part` is the part whose turn is next, NO_PART if the next event is given.
        """
        kind, part, slot, bar, position, pitch, duration, velocity = event
        if kind == NOTE:
            self.follower.advance(self.follower.touches(position, pitch))
        w, canvas, brief = self.w, self.canvas, self.brief
        beat = int(canvas.beat_at(bar, min(position, int(canvas.song.bar_length[bar]) - 1)))  # type: ignore[arg-type]
        root = int(self.roots[beat])
        degree = (pitch - root) % 12 if kind not in (BAR, END) and part != 1 and root >= 0 else 12
        x = w["who.weight"][kind * (PARTS + 1) + part] + w["position.weight"][position]
        x = x + w["pitch.weight"][pitch] + w["degree.weight"][degree]
        x += w["duration.weight"][duration] + w["velocity.weight"][velocity]
        x += self.chord_in[beat] + self.bar_in[slot]
        x += w["part.weight"][next_part]
        track = 0
        if next_part == NO_PART:
            x += self.nothing_said
        else:
            # Whether a part plays is settled as the music goes, everything else before it begins.
            activity = brief.controls[slot, next_part, ACTIVITY]
            x += w["controls.0.weight"][activity] + self.control_in[slot, next_part]
            track = self.follower.track if kind == NOTE else canvas.copying.ended[slot, next_part]
        x += w["track.weight"][track]
        hidden = self.memory.step(np.tanh(x))
        self.z = layer_norm(hidden, w["norm.weight"], w["norm.bias"]) * self.scale + self.shift

    def turn(self, bar: int, part: int, visible: np.ndarray) -> None:
        """A part's turn in a bar begins: what its candidates' positions hold is read once."""
        at = np.array([bar])
        self.bar, self.part = bar, part
        self.follower = self.canvas.copying.follow(bar, part)
        self.position_features = self.canvas.position_features(at, np.array([part]), visible[None])[0].astype(
            np.float32
        )

    def positions(self) -> np.ndarray:
        """Logits of the next note's position and, last, of END: (P + 1,)."""
        h = self.config.head
        base = self.z @ self.matrices["fields"] + self.w["fields.bias"] + self.w["head_part.weight"][self.part]
        self.base = base
        out = _silu(base[:h]) @ self.matrices["to_position"] + self.w["to_position.bias"]
        logits, likes, copies = np.split(out, (MAX_POSITIONS + 1, -COPY_POSITIONS))
        logits[:MAX_POSITIONS] += self.position_features @ likes
        return _point(logits, copies, self.follower.positions())

    def pitches(self, position: int) -> np.ndarray:
        """Logits of the note's pitch (Q,) at a position."""
        h, w, canvas = self.config.head, self.w, self.canvas
        bar, part, at = np.array([self.bar]), np.array([self.part]), np.array([position])
        beat = int(canvas.beat_at(bar, at)[0])
        here = w["at_position.weight"][position] + self.chord_at[beat]
        here += canvas.melody_features(bar, at)[0] @ self.matrices["at_melody"]
        self.here = here
        self.root = -1 if self.part == 1 else int(self.roots[beat])
        out = _silu(self.base[h : 2 * h] + here[:h]) @ self.matrices["to_pitch"] + w["to_pitch.bias"]
        logits = out[:PITCHES].copy()
        if self.root >= 0:
            logits += out[PITCHES : PITCHES + 12][(_PITCH - self.root) % 12]
        previous = self.touch.pitch[self.part]
        by_interval = out[PITCHES + 12 : PITCHES + 12 + _INTERVALS]
        logits += by_interval[np.clip(_PITCH - previous, -24, 24) + 24] if previous >= 0 else by_interval[-1]
        logits += (
            canvas.pitch_features(bar, part, at)[0].astype(np.float32)
            @ out[-PITCH_FEATURES - COPY_PITCHES : -COPY_PITCHES]
        )
        self.position = position
        return _point(logits, out[-COPY_PITCHES:], self.follower.pitches(position))

    def durations(self, pitch: int) -> np.ndarray:
        """Logits of the note's duration class."""
        h, w = self.config.head, self.w
        degree = (pitch - self.root) % 12 if self.root >= 0 else 12
        self.note = w["at_pitch.weight"][pitch] + w["at_degree.weight"][degree]
        long = self.base[2 * h : 3 * h] + self.here[h : 2 * h] + self.note[:h]
        self.pitch = pitch
        out = _silu(long) @ self.matrices["to_duration"] + w["to_duration.bias"]
        self.agreed = self.follower.touches(self.position, pitch)
        pointed = durations(self.agreed, self.touch, self.part)
        return _point(out[:-COPY_DURATIONS], out[-COPY_DURATIONS:], pointed)

    def velocities(self, duration: int) -> np.ndarray:
        """Logits of the note's velocity class."""
        h, w = self.config.head, self.w
        loud = self.base[3 * h :] + self.here[2 * h :] + self.note[h:] + w["at_duration.weight"][duration]
        out = _silu(loud) @ self.matrices["to_velocity"] + w["to_velocity.bias"]
        pointed = velocities(self.agreed, self.touch, self.part, self.pitch)
        return _point(out[:-COPY_VELOCITIES], out[-COPY_VELOCITIES:], pointed)

    def hear(self, part: int, pitch: int, duration: int, velocity: int) -> None:
        """A note has been played by a part, whoever wrote it: what the part plays next may be like it."""
        self.touch.hear(part, pitch, duration, velocity)


def _point(logits: np.ndarray, weights: np.ndarray, pointed: list[int]) -> np.ndarray:
    """Each pointer's weight goes to the class it points at, if any."""
    for weight, target in zip(weights.tolist(), pointed, strict=True):
        if target >= 0:
            logits[target] += weight
    return logits
