"""Fills for the grooves of the synthetic band that have none: a drummer's hands leave the cymbals as a phrase ends.

Two thirds of mma's grooves never fill. These few patterns are written here, in beats before the bar line, and played at the
groove's own loudness; a crash marks the bar they lead to.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from composer.gm import KICKS
from composer.score import NOTE_DTYPE, Part, as_notes, struck_once
from composer.timing import Bar

KICK, SNARE, HIGH_TOM, MID_TOM, LOW_TOM, CRASH = 36, 38, 48, 45, 41, 49
FEWEST_HITS = 3
"""A bar with fewer is no place for a fill: the drummer rests or only marks time."""

Hit = tuple[float, int, float]
"""Beats before the bar line (negative), drum, loudness against the groove's usual."""

SIMPLE: tuple[tuple[Hit, ...], ...] = (
    ((-1, SNARE, 0.8), (-0.75, SNARE, 0.85), (-0.5, SNARE, 0.95), (-0.25, SNARE, 1.1)),
    ((-1, SNARE, 0.9), (-0.5, SNARE, 1.0), (-0.25, LOW_TOM, 1.1)),
    ((-2, SNARE, 0.9), (-1.5, SNARE, 0.9), (-1.25, SNARE, 0.8), (-1, HIGH_TOM, 1.0), (-0.5, LOW_TOM, 1.1)),
    (*((-2 + step / 4, (SNARE, HIGH_TOM, MID_TOM, LOW_TOM)[step // 2], 0.85 + step / 30) for step in range(8)),),
    ((-1.5, SNARE, 1.0), (-1, HIGH_TOM, 1.0), (-0.5, MID_TOM, 1.0), (-0.25, LOW_TOM, 1.0)),
)
COMPOUND: tuple[tuple[Hit, ...], ...] = (
    ((-1, SNARE, 0.9), (-2 / 3, SNARE, 0.95), (-1 / 3, SNARE, 1.1)),
    ((-1, SNARE, 0.9), (-2 / 3, MID_TOM, 1.0), (-1 / 3, LOW_TOM, 1.1)),
    ((-2, SNARE, 0.9), (-5 / 3, SNARE, 0.8), (-4 / 3, HIGH_TOM, 0.9), (-1, HIGH_TOM, 1.0), (-2 / 3, MID_TOM, 1.0), (-1 / 3, LOW_TOM, 1.1)),
)  # fmt: skip


def with_fills(drums: Part, bars: Sequence[Bar], at: Sequence[int], rng: random.Random) -> Part:
    """The drum part with a fill at the end of each bar in `at` (indices into `bars`) in which it plays, and a crash after it."""
    notes = drums.notes
    added: list[tuple[int, int, int, int]] = []
    for index in at:
        bar = bars[index]
        inside = (notes["onset"] >= bar.start) & (notes["onset"] < bar.end)
        if inside.sum() < FEWEST_HITS:
            continue
        compound = bar.denominator == 8 and bar.numerator % 3 == 0
        usual = float(np.median(notes["velocity"][inside]))
        fitting = [hits for hits in (COMPOUND if compound else SIMPLE) if -hits[0][0] * bar.beat_length < bar.length]
        if not fitting:
            continue
        hits = rng.choice(fitting)
        first = bar.end + hits[0][0] * bar.beat_length
        # Both hands are in the fill: only the kick goes on beneath it.
        away = (notes["onset"] >= first - bar.beat_length / 16) & (notes["onset"] < bar.end - bar.beat_length / 16)
        notes = notes[~away | np.isin(notes["pitch"], KICKS)]
        for beats, drum, louder in hits:
            velocity = int(np.clip(usual * louder + rng.gauss(0, 4), 20, 127))
            added.append((round(bar.end + beats * bar.beat_length), round(bar.beat_length / 8), drum, velocity))
        if index + 1 < len(bars):
            loud = int(np.clip(usual * 1.15 + rng.gauss(0, 4), 20, 127))
            added += [
                (bar.end, round(bar.beat_length / 2), CRASH, loud),
                (bar.end, round(bar.beat_length / 8), KICK, loud),
            ]
    if not added:
        return drums
    together = np.concatenate([notes, np.array(added, NOTE_DTYPE)])
    # A drum struck twice at once is struck once, as loud as the louder.
    louder_first = together[np.argsort(-together["velocity"], kind="stable")]
    return replace(drums, notes=as_notes(struck_once(louder_first)))
