"""How much each figure of a bar that is off tilts what is played next; `control_bias` does the playing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from composer.model.control_targets import Range


@dataclass(frozen=True)
class Feedback:
    """How much a figure that is off tilts what is played."""

    gain: float
    """Log-weight for a bar that was off by one: by a factor of e, by an octave, or by the whole share."""
    most: float
    unit: float = 0.0
    """Of what is off; 0 for figures that are compared by their logarithms."""
    draws: bool = False
    """Whether what tilts draws to where the figure is to lie, from either side."""

    def off(self, value: float, where: Range) -> float:
        """How far a figure is below where it is to lie; negative above."""
        wanted = min(max(value, where[0]), where[1])
        return (wanted - value) / self.unit if self.unit else math.log(wanted / value)

    def bounded(self, tilt: float) -> float:
        """The tilt, or the most there is."""
        return min(max(tilt, -self.most), self.most)


SHARE, _STROKES, _TOGETHER = Feedback(24, 12, 1), Feedback(6, 6, 2), Feedback(20, 10)
_NUMBER = Feedback(4, 12, draws=True)
_BY_FIGURE = {
    "notes": _NUMBER,
    "onsets": _NUMBER,
    "onsets a beat": _NUMBER,
    "together": _TOGETHER,
    "instruments": _TOGETHER,
    "pitch": Feedback(8, 12, 12, draws=True),
    "length": Feedback(6, 4),
    "kicks": _STROKES,
    "snares": _STROKES,
    "toms": _STROKES,
}
"""Figure → its feedback; all others are shares."""


def feedback_of(figure: str) -> Feedback:
    """The feedback of one of played_bar.FIGURES."""
    return _BY_FIGURE.get(figure, SHARE)


def is_share(figure: str) -> bool:
    """Whether a figure is a share of a bar's notes."""
    return figure not in _BY_FIGURE
