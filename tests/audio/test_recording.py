"""Recordings of every kind become one channel at the rate that is listened at."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from composer.audio.recording import read_recording
from composer.errors import AudioError


def tone(rate: int, seconds: float = 1.0, hz: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_any_rate(rate: int, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"tone.{kind}"
    soundfile.write(path, np.stack([tone(rate), tone(rate)], axis=1), rate)
    heard = read_recording(path, 16_000)
    assert heard.duration_s == pytest.approx(1.0, abs=1e-3)
    assert (heard.channels, heard.source_rate) == (2, rate)
    middle = slice(1000, -1000)
    want = tone(16_000)[: len(heard.audio)]
    assert np.abs(heard.audio[middle] - want[middle]).max() < 3e-3


def test_blocks_meet_without_a_seam(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, tone(44_100, 25.3), 44_100)
    told: list[float] = []
    heard = read_recording(path, 16_000, told.append)
    want = tone(16_000, 25.3)
    assert len(heard.audio) == pytest.approx(len(want), abs=1)
    assert np.abs(heard.audio[1000:-1000] - want[1000 : len(heard.audio) - 1000]).max() < 3e-3
    assert told[-1] == 1.0


def test_eight_bits_and_compressed(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "old.wav", tone(22_050), 22_050, subtype="PCM_U8")
    soundfile.write(tmp_path / "small.ogg", tone(44_100), 44_100)
    soundfile.write(tmp_path / "small.mp3", tone(44_100), 44_100)
    soundfile.write(tmp_path / "mac.aiff", tone(44_100), 44_100)
    for name in ("old.wav", "small.ogg", "small.mp3", "mac.aiff"):
        heard = read_recording(tmp_path / name, 16_000)
        assert np.std(heard.audio) == pytest.approx(0.4 / np.sqrt(2), rel=0.1)


def test_samples_that_are_no_numbers_are_silence(tmp_path: Path) -> None:
    audio = tone(16_000)
    audio[100:110] = np.nan
    soundfile.write(tmp_path / "nan.wav", audio, 16_000, subtype="FLOAT")
    heard = read_recording(tmp_path / "nan.wav", 16_000)
    assert np.isfinite(heard.audio).all()
    assert heard.problems == ("10 samples are not numbers and were treated as silence",)


@pytest.mark.parametrize("sides", [(1.0, -1.0), (0.8, -1.0), (-1.0, 0.9)])
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_side_that_is_turned_about_does_not_cancel_the_other(
    sides: tuple[float, float], kind: str, tmp_path: Path
) -> None:
    sound = np.stack([side * tone(44_100, 12.0) for side in sides], axis=1)
    soundfile.write(tmp_path / f"anti.{kind}", sound, 44_100)
    heard = read_recording(tmp_path / f"anti.{kind}", 16_000)
    want = sides[int(np.argmax(np.abs(sides)))] * tone(16_000, 12.0)
    assert np.abs(heard.audio[1000:-1000] - want[1000 : len(heard.audio) - 1000]).max() < 3e-3


@pytest.mark.parametrize("kind", ["mp3", "ogg"])
def test_two_channels_are_read_from_the_beginning(kind: str, tmp_path: Path) -> None:
    """They are read twice: once to see whether they cancel."""
    path = tmp_path / f"two.{kind}"
    soundfile.write(path, np.stack([tone(44_100, 12.0)] * 2, axis=1), 44_100)
    heard = read_recording(path, 16_000)
    assert heard.duration_s == pytest.approx(12.0, abs=0.1)
    assert np.std(heard.audio) == pytest.approx(0.4 / np.sqrt(2), rel=0.1)


def test_unlike_channels_are_still_their_mean(tmp_path: Path) -> None:
    sound = np.stack([tone(16_000), 0 * tone(16_000), tone(16_000, hz=660)], axis=1)
    soundfile.write(tmp_path / "three.wav", sound, 16_000)
    assert np.abs(read_recording(tmp_path / "three.wav", 16_000).audio - sound.mean(axis=1)).max() < 1e-3


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_offset_is_taken_off(rate: int, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "dc.wav", tone(rate, 12.0) + np.float32(0.3), rate)
    heard = read_recording(tmp_path / "dc.wav", 16_000)
    want = tone(16_000, 12.0)[: len(heard.audio)]
    assert np.abs(heard.audio - want).max() < 0.05
    assert np.abs((heard.audio - want)[1000:-1000]).max() < 3e-3


def test_full_scale_is_noticed(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", np.clip(4 * tone(16_000), -1, 1), 16_000, subtype="FLOAT")
    assert read_recording(tmp_path / "loud.wav", 16_000).clipped > 0.1


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.wav", b"", "0 bytes"),
        ("text.wav", b"this is no sound", "cannot be read as sound"),
        ("tune.mp3", b"MThd\0\0\0\6\0\1\0\1\1\xe0" + bytes(2000), "is a MIDI file, not a recording"),
        ("zeros.mp3", bytes(4000), "cannot be read as sound; is it a recording"),
        ("phone.m4a", b"....ftypM4A ", "ffmpeg -i phone.m4a phone.wav"),
    ],
)
def test_what_is_no_sound_is_one_line(
    name: str, data: bytes, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AudioError, match=said):
        read_recording(tmp_path / name, 16_000)
    assert capfd.readouterr().err == ""  # nor anything from the library that decodes
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_no_samples_no_file_and_a_folder(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16_000)
    (tmp_path / "folder.wav").mkdir()
    for name, said in (("none.wav", "0 samples"), ("missing.wav", "no such file"), ("folder.wav", "is a folder")):
        with pytest.raises(AudioError, match=said):
            read_recording(tmp_path / name, 16_000)


def test_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "hours.flac", np.zeros(8_000 * 1900, np.int16), 8_000)
    with pytest.raises(AudioError, match="32 minutes"):
        read_recording(tmp_path / "hours.flac", 16_000)
