"""Style strength: two decoders at once, one told the style and one not, and their difference turned up or down.

Classifier-free guidance (Ho & Salimans 2022) on logits: strength 0 plays as if no style were named, 1 as trained, above 1
exaggerates what the style changes. Costs a second pass, so strength 1 never comes here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.model.canvas import Canvas
from composer.model.checkpoint import Checkpoint
from composer.model.decoder import Decoder
from composer.model.sequence import Brief

STRONGEST = 2.0


def without_style(brief: Brief) -> Brief:
    """The brief as one who was told no style, groove or reference, and given no example."""
    return replace(brief, styles=(), reference=None, example=None)


class GuidedDecoder(Decoder):
    """A Decoder whose logits are the unstyled ones plus `strength` times what the style adds to them."""

    def __init__(self, checkpoint: Checkpoint, strength: float) -> None:
        super().__init__(checkpoint)
        self.strength = strength
        self.plain = Decoder(checkpoint)

    def begin(self, canvas: Canvas, brief: Brief) -> None:
        super().begin(canvas, brief)
        self.plain.begin(canvas, without_style(brief))

    def tell(self, event: tuple[int, ...], next_part: int) -> None:
        # The band settles as it goes whether a part plays: both must hear of it.
        self.plain.brief.controls[...] = self.brief.controls
        super().tell(event, next_part)
        if event[3] >= self.brief.example_bars:  # its bar: whoever knows no style was not there for the example
            self.plain.tell(event, next_part)

    def turn(self, bar: int, part: int, visible: np.ndarray) -> None:
        super().turn(bar, part, visible)
        self.plain.turn(bar, part, visible)

    def positions(self) -> np.ndarray:
        return self._mix(super().positions(), self.plain.positions())

    def pitches(self, position: int) -> np.ndarray:
        return self._mix(super().pitches(position), self.plain.pitches(position))

    def durations(self, pitch: int) -> np.ndarray:
        return self._mix(super().durations(pitch), self.plain.durations(pitch))

    def velocities(self, duration: int) -> np.ndarray:
        return self._mix(super().velocities(duration), self.plain.velocities(duration))

    def hear(self, part: int, pitch: int, duration: int, velocity: int) -> None:
        super().hear(part, pitch, duration, velocity)
        self.plain.hear(part, pitch, duration, velocity)

    def _mix(self, styled: np.ndarray, plain: np.ndarray) -> np.ndarray:
        # Logits are log-probabilities up to a constant, which no draw can see.
        return np.asarray(plain + self.strength * (styled - plain))
