"""Attempts: a bar that is not as asked is written again, and nothing is left of those that were not taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.gm import MELODY, ROLES
from composer.live.bandleader import _Resuming
from composer.model import sampling
from composer.model.checkpoint import Checkpoint
from composer.model.controls import CONTROLS, role_class
from composer.model.decoder import Decoder
from composer.model.sampling import ATTEMPTS, stream
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import Brief, cells
from tests.model.songs import checkpoint_of, toy_network, toy_song

BARS = 6
GUITAR, PIANO = ROLES.index("guitar"), ROLES.index("piano")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return checkpoint_of(toy_network())


def asking(**wishes: int) -> Brief:
    """Guitar and piano around a melody; of the guitar something is asked."""
    controls = np.zeros((BARS, len(ROLES), len(CONTROLS)), np.int64)
    for name, wish in wishes.items():
        controls[:, GUITAR, CONTROLS.index(name)] = wish
    return Brief(cells(BARS, (GUITAR, PIANO)), cells(BARS, (ROLES.index(MELODY),)), 2, controls=controls)


class Counting(Decoder):
    """Counts what it wrote again, and keeps what it remembered after each turn."""

    def begin(self, *args: object) -> None:
        super().begin(*args)  # type: ignore[arg-type]
        self.agains: list[int] = []
        self.after: list[object] = []
        self.offs: list[float] = []

    def turn(self, *args: object) -> None:
        super().turn(*args)  # type: ignore[arg-type]
        self.agains.append(0)

    def again(self) -> None:
        self.agains[-1] += 1
        super().again()

    def end(self, bar: int, part: int, next_part: int) -> None:
        self.after.append(remembered(self, part))
        self.offs.append(self.off())
        super().end(bar, part, next_part)


def remembered(decoder: Decoder, part: int) -> object:
    """All that the decoder knows of what has been written, read or not yet."""
    decoder.catch_up()
    return decoder.rows.context.memory.save(decoder.row), decoder.touch.save(part), decoder.harmonic_bias.save(part)


class Dictated(_Resuming, Counting):
    """Writes what another decoder wrote."""

    notes: np.ndarray

    def turn(self, bar: int, part: int, *more: object) -> None:
        mine = self.notes[(self.notes["bar"] == bar) & (self.notes["part"] == part)]
        self.resume(mine, int(self.canvas.song.bar_length[bar]))
        super().turn(bar, part, *more)


def write(decoder: Decoder, brief: Brief, seed: int = 0) -> np.ndarray:
    song = toy_song(BARS)
    song = replace(song, notes=song.notes[song.notes["part"] == ROLES.index(MELODY)])
    return np.concatenate(list(stream(decoder, song, brief, SamplingSettings(), np.random.default_rng(seed))))


def test_who_is_asked_nothing_writes_once(checkpoint: Checkpoint) -> None:
    decoder = Counting(checkpoint)
    write(decoder, asking())
    assert not any(decoder.agains)


@pytest.mark.parametrize(
    "wishes", [{"density": 2}, {"role": role_class("guitar", "arpeggio"), "register": 4}, {"polyphony": 5}]
)
def test_nothing_is_left_of_attempts_that_were_not_taken(checkpoint: Checkpoint, wishes: dict[str, int]) -> None:
    decoder, told = Counting(checkpoint), Dictated(checkpoint)
    told.notes = write(decoder, asking(**wishes))
    assert 0 < max(decoder.agains) < ATTEMPTS
    np.testing.assert_array_equal(write(told, asking(**wishes)), told.notes)
    for mine, theirs in zip(decoder.after, told.after, strict=True):
        np.testing.assert_equal(mine, theirs)


def test_a_part_asked_for_something_plays(checkpoint: Checkpoint) -> None:
    notes = write(Decoder(checkpoint), asking(density=1))
    assert set(notes["bar"][notes["part"] == GUITAR].tolist()) == set(range(BARS))


def test_more_attempts_come_nearer(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def off(attempts: int) -> float:
        monkeypatch.setattr(sampling, "ATTEMPTS", attempts)
        decoder = Counting(checkpoint)
        write(decoder, asking(role=role_class("guitar", "pad"), polyphony=1))
        return float(np.mean(decoder.offs))

    assert off(6) < off(1)
