"""Sounds on disk are the same sounds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from composer.audio import spill
from composer.audio.mixer import mix
from composer.audio.synth import Stems, render
from composer.score import Score


def in_a_file(array: np.ndarray) -> bool:
    """Whether the array's end is no memory of numpy's own."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base is not None


def test_values_outlive_their_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "IN_MEMORY", 0)
    array = spill.silence((3, 2, 5_000))
    assert in_a_file(array)
    assert not array.any()
    array += np.arange(5_000, dtype=np.float32)
    part = array.transpose(0, 2, 1)[1]
    spill.rest(part)
    assert np.array_equal(part[:, 1], np.arange(5_000))
    spill.rest(np.zeros(3))


def test_what_is_put_is_there_in_memory_and_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.random.default_rng(0).standard_normal((2, 3_000)).astype(np.float32)
    for limit in (0, 1 << 30):
        monkeypatch.setattr(spill, "IN_MEMORY", limit)
        array = spill.silence((3, 2, 5_000))
        place = array[1, :, 1_000:4_000]
        work = spill.scratch(place)
        work[:] = sound
        spill.put(place, work)
        assert np.array_equal(array[1, :, 1_000:4_000], sound)
        assert (array != 0).sum() == sound.size
        assert np.shares_memory(work, array) == (limit > 0)


def test_where_the_disk_has_no_room_memory_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spill, "IN_MEMORY", 0)
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not in_a_file(spill.silence((2, 100)))
    monkeypatch.undo()
    assert not in_a_file(spill.silence((2, 100)))


def test_a_mix_from_disk_is_the_same_and_leaves_no_file(
    stems: Stems, band: Score, small_font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "IN_MEMORY", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    again = render(band, small_font, tail_s=0.5)
    assert in_a_file(again.audio)
    assert np.array_equal(again.audio, stems.audio)
    once, twice = mix(stems), mix(again)
    assert np.array_equal(once.audio, twice.audio)
    assert np.array_equal(once.stem("bass"), twice.stem("bass"))
    assert list(tmp_path.iterdir()) == []
