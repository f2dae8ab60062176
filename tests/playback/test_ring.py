"""The ring hands on what was written, whole and in order; what is not there is a gap, and counted."""

from __future__ import annotations

import numpy as np
import pytest

from composer.playback.ring import Ring


@pytest.mark.parametrize("period", [64, 256, 441])
def test_what_is_written_is_read(period: int) -> None:
    maker = Ring(2, 1_000)
    reader = Ring(2, 1_000, maker.memory)
    sound = np.random.default_rng(0).standard_normal((2, 10_000)).astype(np.float32)
    heard, made = [], 0
    while not reader.over:
        while made < 10_000 and maker.frames - maker.waiting >= 250:
            maker.write(sound[:, made : made + 250])
            made += 250
        if made == 10_000:
            maker.end()
        out = np.zeros((2, period), np.float32)
        reader.fill(period, out)
        heard.append(out)
    assert np.array_equal(np.concatenate(heard, axis=1)[:, :10_000], sound)
    assert reader.told("gaps") == 0


def test_what_is_not_there_is_silence_and_counted() -> None:
    ring = Ring(4, 512)
    ring.write(np.ones((4, 100), np.float32))
    out = np.zeros((2, 256), np.float32)
    ring.fill(256, out)
    assert out[:, :100].all()
    assert not out[:, 100:].any()
    assert (ring.told("gaps"), ring.told("asked"), ring.waiting) == (1, 1, 0)
    ring.end()
    assert ring.over
    ring.fill(256, out)
    assert ring.told("gaps") == 1, "the end is none"
