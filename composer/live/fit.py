"""The last correction before a note sounds: into the chord that is sounding, if that is not the one it was written for."""

from __future__ import annotations

from composer.gm import BAND
from composer.harmony.chord import Chord


def fit(pitch: int, part: str, meant: Chord, heard: Chord, strict: bool = False) -> int:
    """A pitch moved into `heard` when the player went elsewhere than `meant`; drums and fitting notes stay.

    The bass keeps its function: what was the root becomes the root. Others go to the nearest tone, upwards if in doubt.
    `strict`: also a note outside the chord it was written for is moved, as on a strong beat.
    """
    if part == "drums" or heard.root < 0 or pitch % 12 in heard.tones:
        return pitch
    if heard.tones == meant.tones and not strict:
        return pitch
    player = BAND[part]
    wanted = heard.tones
    if part == "bass" and meant.root >= 0 and pitch % 12 in (meant.root, meant.bass):
        wanted = (heard.bass,)
    steps = sorted(range(-6, 7), key=lambda step: (abs(step), -step))
    for step in steps:
        if (pitch + step) % 12 in wanted and player.low <= pitch + step <= player.high:
            return pitch + step
    return pitch
