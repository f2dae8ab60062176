"""Fills at phrase ends: they fit the bar, free the hands, and leave the rest alone."""

from __future__ import annotations

import random

import numpy as np
import pytest

from composer.corpora.drum_fills import CRASH, with_fills
from composer.score import Part, as_notes
from composer.timing import Meter

TICKS = 480


def drummer(bars):
    hits = []
    for bar in bars:
        for eighth in range(bar.length * 2 // TICKS):
            hits.append((bar.start + eighth * TICKS // 2, 60, 42, 70))
        hits.append((bar.start, 60, 36, 90))
    return Part("Drums", hits, 0, True, "drums")


@pytest.mark.parametrize("signature", [(4, 4), (3, 4), (6, 8), (2, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_a_fill_fits_its_bar(signature, seed):
    bars = Meter(TICKS, ((0, *signature),)).bars(8 * TICKS * 4 * signature[0] // signature[1])
    plain = drummer(bars)
    filled = with_fills(plain, bars, [3], random.Random(seed))

    def outside(part):
        return part.notes[(part.notes["onset"] < bars[3].start) | (part.notes["onset"] > bars[4].start)]

    assert np.array_equal(outside(filled), outside(plain))
    inside = filled.notes[(filled.notes["onset"] >= bars[3].start) & (filled.notes["onset"] < bars[3].end)]
    drums = inside[~np.isin(inside["pitch"], (36, 42))]
    assert len(drums) >= 3
    hats = inside[inside["pitch"] == 42]
    assert not len(hats) or hats["onset"].max() < drums["onset"].min()
    crash = filled.notes[filled.notes["pitch"] == CRASH]
    assert crash["onset"].tolist() == [bars[4].start]
    places = filled.notes["onset"].astype(np.int64) * 128 + filled.notes["pitch"]
    assert len(set(places.tolist())) == len(places)


def test_where_the_drummer_rests_there_is_none():
    bars = Meter(TICKS).bars(8 * 4 * TICKS)
    silent = Part("Drums", as_notes([(0, 60, 36, 90)]), 0, True, "drums")
    assert with_fills(silent, bars, [3], random.Random(1)) is silent
