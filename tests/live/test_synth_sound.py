"""The jam's own sound goes over the desk: every part in its place, safe, and late by less than a block."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from composer.audio import soundfonts
from composer.audio.fluid import Synth
from composer.audio.loudness import loudness, true_peak_dbtp
from composer.audio.player import addresses
from composer.live import midi
from composer.live.port_names import PortName
from composer.live.session import Route, seats, wire
from composer.live.settings import JamSettings
from composer.live.synth_port import PERIOD, SAMPLE_RATE, SynthPort
from composer.live.synth_sound import JamSound, Seat

BAND = {0: Seat("melody", 73), 1: Seat("bass", 33), 2: Seat("guitar", 25), 3: Seat("piano", 0), 9: Seat("drums", 0)}


@pytest.fixture
def sound() -> Iterator[JamSound]:
    with JamSound(soundfonts.bundled_font(), BAND, SAMPLE_RATE, "pop") as made:
        yield made


def pull(sound: JamSound, seconds: float, period: int = PERIOD) -> np.ndarray:
    out = np.zeros((2, int(seconds * SAMPLE_RATE) // period * period), np.float32)
    for at in range(0, out.shape[1], period):
        sound.fill(period, out[:, at : at + period])
    return out


def test_a_note_is_late_by_the_desk_only_and_that_is_less_than_a_block(sound: JamSound) -> None:
    assert 0 < sound.latency <= PERIOD
    with Synth(soundfonts.bundled_font(), 1, SAMPLE_RATE) as bare:
        bare.drums(0)
        bare.program(0, 128, 0)
        bare.note_on(0, 37, 120)
        dry = np.zeros((1, 2, 4_096), np.float32)
        bare.process(4_096, addresses(dry, range(1)))
    sound.hear(midi.note_on(9, 37, 120))
    heard = pull(sound, 0.2)
    starts = [int(np.abs(one[0]).argmax()) for one in (dry[0], heard)]
    assert abs(starts[1] - starts[0] - sound.latency) < 48


@pytest.mark.parametrize("period", [256, 441])
def test_any_period_gives_the_same_sound(period: int) -> None:
    def play(size: int) -> np.ndarray:
        with JamSound(soundfonts.bundled_font(), BAND, SAMPLE_RATE) as one:
            one.hear(midi.note_on(3, 60, 90))
            return pull(one, 0.5, size)[:, :20_000]

    assert play(period) == pytest.approx(play(64), abs=1e-5)


def test_the_band_is_loud_enough_and_never_too_loud(sound: JamSound) -> None:
    heard = []
    for beat in range(8):
        sound.hear(midi.note_on(9, 36 if beat % 2 == 0 else 38, 90))
        sound.hear(midi.note_on(9, 42, 80))
        sound.hear(midi.note_on(0, 72 + beat % 3, 90))
        sound.hear(midi.note_on(1, 36, 90))
        for channel in (2, 3):
            for pitch in (60, 64, 67):
                sound.hear(midi.note_on(channel, pitch, 75))
        heard.append(pull(sound, 0.5))
        for channel in (0, 1, 2, 3):
            for pitch in (36, 60, 64, 67, 72, 73, 74):
                sound.hear(midi.note_off(channel, pitch))
    audio = np.concatenate(heard, axis=1).T
    assert -20 < loudness(audio, SAMPLE_RATE) < -11
    assert true_peak_dbtp(audio) < -0.9
    assert np.isfinite(audio).all()


def test_programs_change_and_strangers_are_not_heard(sound: JamSound) -> None:
    sound.hear(midi.note_on(7, 60, 120))
    assert not pull(sound, 0.1).any()
    for program in (24, 56, 127):
        sound.hear(midi.program(2, program))
        sound.hear(midi.note_on(2, 60, 100))
        assert 0.001 < np.abs(pull(sound, 0.3)).max() < 0.9
        sound.hear(midi.note_off(2, 60))
    for data in (b"\xf8", midi.control(2, 7, 90), bytes((midi.BEND | 2, 0, 96)), midi.program(9, 25)):
        sound.hear(data)


def test_seats_are_who_plays_on_a_ports_channels() -> None:
    settings = JamSettings(parts=("drums", "bass", "piano"), player_program=73)
    routes = (Route.parse("bass=synth:jack"), Route.parse("synth"))
    found = seats(settings, wire(settings, routes), "synth")
    assert {seat.role for seat in found.values()} == {"drums", "bass", "piano", "melody"}
    assert found[9].role == "drums"
    assert next(seat for seat in found.values() if seat.role == "melody").program == 73
    assert {seat.role for seat in seats(settings, wire(settings, routes), "synth:jack").values()} == {"bass"}


def test_a_port_into_a_file_writes_what_is_heard(tmp_path: Path) -> None:
    from composer.audio.wav import read_wav

    path = tmp_path / "jam.wav"
    said: list[object] = []
    port = SynthPort(PortName.parse(f"synth:file:{path}"), said.append, str(soundfonts.bundled_font()), BAND)
    port.send(midi.note_on(3, 60, 100))
    time.sleep(0.7)
    port.close()
    audio, rate = read_wav(path)
    assert rate == SAMPLE_RATE
    assert 0.4 < len(audio) / rate < 20
    assert 0.001 < np.abs(audio).max() < 0.9
    assert not multiprocessing.active_children() or not port.process.is_alive()
