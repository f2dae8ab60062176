"""The key of every bar, and which notes need an accidental in it."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from composer.formats.midi_meta import KEYS
from composer.formats.musicxml_names import signature
from composer.score import Score
from composer.timing import Bar


def keys_by_bar(score: Score, bars: Sequence[Bar]) -> list[tuple[int, int]]:
    """(sharps, 1 for minor) of every bar. A key that begins inside a bar is shown at the bar line nearest to it."""
    starts = [bar.start for bar in bars]
    changes = {0: KEYS.get(score.key, (0, 0))}
    for event in score.events:
        if event.kind == "key_signature" and event.tick < bars[-1].end:
            at = bisect.bisect_right(starts, event.tick) - 1
            at += event.tick - bars[at].start > bars[at].length / 2
            changes.setdefault(at, KEYS.get(str(event.data[0]), (0, 0)))
    now = changes[0]
    return [now := changes.get(index, now) for index in range(len(bars))]


class Accidentals:
    """What has been said of each line and space in one bar of one staff: the key's signature, then the accidentals."""

    def __init__(self, fifths: int) -> None:
        self.fifths = fifths
        self.said: dict[tuple[str, int], int] = {}

    def needed(self, step: str, octave: int, alter: int) -> bool:
        """Whether this note needs an accidental; from here on it is said."""
        usual = self.said.get((step, octave), signature(step, self.fifths))
        self.said[step, octave] = alter
        return alter != usual
