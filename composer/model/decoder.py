"""The network at work on one song: what the arranger and the jam run. No torch, no compiler, starts in milliseconds.

What depends on the song, the bar or the turn only is worked out when it begins, for all its places at once; a note then asks
`Rows` for one field after another. Large products are done in eight bits (model/quantized.py), all else in numpy
(docs/decisions/0002-numpy-decoder.md has the table).
`tests/model/test_decoder.py` holds it to `network.py`, logit by logit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.model.canvas import PITCH_FEATURES, Canvas
from composer.model.checkpoint import Checkpoint
from composer.model.context import Mark as ContextMark
from composer.model.control_bias import ControlBias
from composer.model.controls import ACTIVITY, CONTROLS
from composer.model.copying import Touch, durations, velocities
from composer.model.guidance import without_style
from composer.model.harmonic_bias import HarmonicBias
from composer.model.rows import DURATION, NEVER, NO_ROOT, PITCH, POSITION, VELOCITY, Rows
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import BAR, END, END_POSITION, NO_PART, NOTE, Brief, bar_conditions, visible_parts
from composer.model.trunk import silu
from composer.vocab import DRUM_PART, PARTS

Event = tuple[int, ...]
"""The fields of EVENT_DTYPE, in their order: kind, part, slot, bar, position, pitch, duration, velocity."""


@dataclass(frozen=True)
class Mark:
    """Where a part is in its turn."""

    context: dict[int, ContextMark]
    """Row → what it remembers."""
    touch: Any
    in_chord: float
    bars: Any


class Decoder:
    """A network at work on one song: tell it events, let it choose the next note's fields in turn.

    `begin` a song; `tell` it what is given; for every `turn` of a part ask for `position`, `pitch`, `duration` and `velocity`
    and `play` the note, until the position is END_POSITION; then `end` the turn.
    """

    def __init__(self, checkpoint: Checkpoint, rows: Rows | None = None, row: int = 0, plain: int = 1) -> None:
        """Alone, or in some rows of many: `row`, and `plain` where it is guided."""
        self.rows = rows or Rows(checkpoint, 2)
        self.row, self.plain = row, plain
        self.config, self.w = checkpoint.config, self.rows.w
        self.ngram_filter = checkpoint.ngram_filter
        self.nothing_said = sum(self.w[f"controls.{i}.weight"][0] for i in range(len(CONTROLS)))

    def ask(self, choice: int) -> int:
        """Have the network choose a field of the next note (POSITION, PITCH, DURATION or VELOCITY): its class."""
        self.catch_up()
        return self.rows.choose(choice, (self.row,))[0]

    def catch_up(self) -> None:
        """All that was told goes into memory."""
        for row in self._bar_in:
            self.rows.context.catch_up(row)

    def begin(self, canvas: Canvas, brief: Brief, strength: float = 1.0) -> None:
        """Start on a song: everything that depends only on it is worked out here, once.

        strength: how much of what the style changes is played. 1 is as trained; else the network also hears the song without
        its style, in a row of its own.
        """
        w, song, rows = self.w, canvas.song, self.rows
        self.canvas, self.brief = canvas, brief
        self.touch, self.harmonic_bias = Touch(), HarmonicBias(song, brief.example_bars, brief.lookahead >= 0)
        self.control_bias = ControlBias(song, brief.controls, brief.example_bars, brief.asked)
        briefs = {self.row: brief}
        if strength != 1:
            briefs[self.plain] = without_style(brief)
        conditions = bar_conditions(song, brief)
        bars = sum(w[f"bars.{i}.weight"][conditions[:, i]] for i in range(conditions.shape[1]))
        self._bar_in: dict[int, np.ndarray] = {}
        """What every bar is to each row: (B, embedding)."""
        for row, heard in briefs.items():
            rows.begin(row)
            style = np.tanh(self.style_sum(heard))
            scale = 1 + style @ w["style_scale.weight"].T + w["style_scale.bias"]
            shift = style @ w["style_shift.weight"].T + w["style_shift.bias"]
            rows.scale[row], rows.shift[row] = scale * w["norm.weight"], scale * w["norm.bias"] + shift
            self._bar_in[row] = bars + style @ w["style_in.weight"].T + w["style_in.bias"]
        if strength != 1:
            rows.guided[self.row] = (self.plain, strength)
        self._chord_in = canvas.chords @ w["chord.weight"].T + w["chord.bias"]
        self._chord_at = canvas.chords @ w["at_chord.weight"].T
        self._control_in = sum(
            w[f"controls.{i}.weight"][brief.controls[..., i]] for i in range(1, brief.controls.shape[-1])
        )
        self.bar = -1

    def style_sum(self, brief: Brief) -> np.ndarray:
        """Name + groove (of a mixture: their mean by share) + tempo + what is heard in the reference: (style,)."""
        w = self.w
        total: np.ndarray = w["tempo.weight"][brief.tempo].copy()
        for style, groove, share in brief.styles or ((0, 0, 1.0),):
            total += share * (w["style.weight"][style] + w["groove.weight"][groove])
        if brief.reference is not None and len(brief.reference):
            heard = silu(brief.reference @ w["ear.bar.weight"].T + w["ear.bar.bias"])
            heard = silu(heard @ w["ear.mix.weight"].T + w["ear.mix.bias"])
            total += heard.mean(axis=0) @ w["ear.out.weight"].T
        return total

    def tell(self, events: Sequence[Event], next_part: int) -> None:
        """Events that are not a turn's own notes. After the last it is `next_part`'s turn, NO_PART where it is nobody's."""
        song = self.canvas.song
        told = np.array(events)
        kind, part, slot, bar, position, pitch, duration, velocity = told.T
        beat = song.beat_at(bar, np.minimum(position, song.bar_length[bar] - 1))
        root = song.roots[beat]
        pitched = (kind != BAR) & (kind != END) & (part != DRUM_PART) & (root >= 0)
        degree = np.where(pitched, (pitch - root) % 12, 12)
        last = len(events) - 1
        following, track = np.full(len(told), NO_PART), np.zeros(len(told), np.int64)
        following[last] = next_part
        said = self._chord_in[beat]
        said[:last] += self.nothing_said
        said[last] += self._asked_in(int(slot[last]), next_part)
        if next_part != NO_PART:
            track[last] = self.canvas.copying.ended[slot[last], next_part]
        index = np.stack(
            [kind * (PARTS + 1) + part, position, pitch, degree, duration, velocity, following, track], axis=1
        )
        for row, bar_in in self._bar_in.items():
            # Whoever knows no style was not there for the example.
            there = bar >= (0 if row == self.row else self.brief.example_bars)
            if there.any():
                self.rows.context.tell(row, index[there], (said + bar_in[slot])[there])

    def _asked_in(self, bar: int, part: int) -> np.ndarray:
        """What is asked of a part in a bar, as the trunk reads it."""
        if part == NO_PART:
            return np.asarray(self.nothing_said)
        # Whether a part plays is settled as the music goes, everything else before it begins.
        activity = self.brief.controls[bar, part, ACTIVITY]
        return np.asarray(self.w["controls.0.weight"][activity] + self._control_in[bar, part])

    def turn(self, bar: int, part: int, sampling: SamplingSettings, rng: np.random.Generator) -> None:
        """A part's turn in a bar begins: what its candidates hold is read once."""
        rows, row, canvas = self.rows, self.row, self.canvas
        rows.sample(row, sampling, rng)
        self.harmonic_bias.turn(sampling, part, bar)
        self.control_bias.turn(part, bar)
        if bar != self.bar:
            self._open(bar)
        self.part = part
        self._before: Mark | None = None
        self._start()
        asked = self._asked_in(bar, part)
        self._turn_in = {each: bar_in[bar] + asked for each, bar_in in self._bar_in.items()}
        self._who = NOTE * (PARTS + 1) + part
        one = np.array([bar])
        visible = visible_parts(self.brief, one, np.array([part]))
        rows.part[row] = part
        features = canvas.position_features(one, np.array([part]), visible)[0, : len(self._beat)]
        rows.position_features[row] = np.ascontiguousarray(features.T, np.float32)
        self._pitch_features = self._of_pitches[part]
        self._root = [-1] * len(self._beat) if part == DRUM_PART else self._roots

    def _start(self) -> None:
        """The part begins to write its bar, for the first time or once more."""
        rows, row, bias = self.rows, self.row, self.control_bias
        self.follower = self.canvas.copying.follow(self.bar, self.part)
        rows.bias[POSITION][row] = 0
        rows.bias[DURATION][row] = bias.durations if bias.active else 0

    def off(self) -> float:
        """How far what the part has written in this turn is from what was asked of it: 0 where it is as asked."""
        return self.control_bias.off()

    def again(self) -> None:
        """The part writes its bar once more, as though it had not, and leaning further towards what was asked."""
        assert self._before is not None, "nothing has been chosen in this turn"
        self.control_bias.again()
        self.rewind(self._before)
        self.control_bias.retry()
        self._start()

    def mark(self) -> Mark:
        """Where the part is that is writing, for `rewind`: within its turn, after a choice."""
        context, part = self.rows.context, self.part
        return Mark(
            {row: context.mark(row) for row in self._bar_in},
            self.touch.save(part),
            self.harmonic_bias.save(part),
            self.control_bias.save(part),
        )

    def rewind(self, mark: Mark) -> None:
        """Back to where the part was."""
        for row, where in mark.context.items():
            self.rows.context.rewind(row, where)
        self.touch.restore(self.part, mark.touch)
        self.harmonic_bias.restore(self.part, mark.in_chord)
        self.control_bias.restore(self.part, mark.bars)

    def _open(self, bar: int) -> None:
        """What all parts share of a bar."""
        canvas, w = self.canvas, self.w
        self.bar = bar
        place = np.arange(canvas.song.bar_length[bar])
        at = np.full(len(place), bar)
        beat = canvas.song.beat_at(at, place)
        self._here = w["at_position.weight"][: len(place)] + self._chord_at[beat]
        self._here += canvas.melody_features(at, place) @ w["at_melody.weight"].T
        self._here = self._here.reshape(len(place), 3, -1)
        # Pitches are compared with other bars' only, so that all parts' can be done together.
        parts = np.flatnonzero(self.brief.asked[bar])
        count = len(parts), len(place)
        features = canvas.pitch_features(
            np.full(count, bar).ravel(), np.repeat(parts, count[1]), np.tile(place, count[0])
        )
        of_pitches = features.transpose(0, 2, 1).reshape(*count, PITCH_FEATURES, -1)
        self._of_pitches = dict(zip(parts.tolist(), of_pitches, strict=True))
        self._beat: list[int] = beat.tolist()
        self._roots: list[int] = canvas.song.roots[beat].tolist()

    def position(self, low: int, high: int, may_end: bool) -> int:
        """Choose the next note's position in low … high, or END_POSITION. Where there is neither, it is the end."""
        rows, row = self.rows, self.row
        rows.bounds[row] = low, high, may_end
        rows.pointed[row] = self.follower.positions()
        if self.control_bias.active:
            rows.bias[POSITION][row] = self.control_bias.positions()
        chosen = self.ask(POSITION)
        if self._before is None and self.control_bias.asked:
            self._before = self.mark()  # now that all that was told has been read
        return chosen

    def pitch(self, position: int, low: int, high: int, limbs: int) -> int:
        """Choose the note's pitch in low … high, as far as a drummer's limbs reach (grammar.LIMBS)."""
        rows, row = self.rows, self.row
        self._position, root, before = position, self._root[position], self.touch.pitch[self.part]
        rows.bounds[row] = low, high, limbs
        rows.here[:, row] = self._here[position]
        rows.pitch_features[row] = self._pitch_features[position].astype(np.float32)
        rows.root[row] = NO_ROOT if root < 0 else root
        rows.before[row] = NEVER if before < 0 else before
        rows.pointed[row] = self.follower.pitches(position)
        changes = bool(self.canvas.change[self.bar, position])
        rows.bias[PITCH][row] = self.harmonic_bias.weights(self._beat[position], changes)
        if self.control_bias.active:
            rows.bias[PITCH][row] += self.control_bias.pitches(self._beat[position])
        return self.ask(PITCH)

    def duration(self, pitch: int) -> int:
        """Choose the note's duration class; a drum has none, and the network was never taught one: 0."""
        rows, row, root = self.rows, self.row, self._root[self._position]
        self._pitch, self._degree = pitch, 12 if root < 0 else (pitch - root) % 12
        note = self.w["at_pitch.weight"][pitch] + self.w["at_degree.weight"][self._degree]
        rows.note[:, row] = note.reshape(2, -1)
        self._agreed = self.follower.touches(self._position, pitch)
        if self.part == DRUM_PART:
            return 0
        rows.pointed[row] = durations(self._agreed, self.touch, self.part)
        return self.ask(DURATION)

    def velocity(self, duration: int) -> int:
        """Choose the note's velocity class."""
        rows, row = self.rows, self.row
        rows.duration[row] = duration
        rows.pointed[row] = velocities(self._agreed, self.touch, self.part, self._pitch)
        return self.ask(VELOCITY)

    def play(self, duration: int, velocity: int) -> None:
        """The note whose fields were chosen last is written, with this duration and velocity."""
        position, pitch, part = self._position, self._pitch, self.part
        self.hear(part, self.bar, position, pitch, duration, velocity)
        self.follower.advance(self._agreed)
        index = (self._who, position, pitch, self._degree, duration, velocity, part, self.follower.track)
        chord = self._chord_in[self._beat[position]]
        for row, turn_in in self._turn_in.items():
            self.rows.context.write(row, index, chord + turn_in)

    def end(self, bar: int, part: int, next_part: int) -> None:
        """A part has said all in a bar, and it is `next_part`'s turn."""
        track = 0 if next_part == NO_PART else int(self.canvas.copying.ended[bar, next_part])
        index = (END * (PARTS + 1) + part, END_POSITION, 0, 12, 0, 0, next_part, track)
        said = self._chord_in[self.canvas.song.first_beat[bar + 1] - 1] + self._asked_in(bar, next_part)
        for row, bar_in in self._bar_in.items():
            self.rows.context.write(row, index, said + bar_in[bar])

    def hear(self, part: int, bar: int, position: int, pitch: int, duration: int, velocity: int) -> None:
        """A note has been played by a part, whoever wrote it: what the part plays next may be like it."""
        self.touch.hear(part, pitch, duration, velocity)
        self.harmonic_bias.hear(part, bar, position, pitch)
        self.control_bias.hear(part, bar, position, pitch, duration)

    def save(self) -> Any:
        """What it remembers of a song."""
        return self.rows.context.save(self.row), [dict(tilts) for tilts in self.control_bias.carried]

    def restore(self, saved: Any) -> None:
        """Back to what was saved."""
        memory, carried = saved
        self.rows.context.restore(self.row, memory)
        self.control_bias.carried = [dict(tilts) for tilts in carried]
