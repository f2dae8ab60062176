"""Sound files: what is written is what is read, and nothing is lost by accident."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from composer.audio.wav import read_wav, write_sound, write_wav
from composer.errors import AudioError, OutputError

AUDIO = (0.5 * np.sin(np.arange(4_000) / 20)[:, None] * np.array([1.0, -1.0])).astype(np.float32)


@pytest.mark.parametrize(("bits", "error"), [(16, 2**-15), (24, 2**-23), (32, 0.0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_round_trip(tmp_path: Path, bits: int, error: float, order: str) -> None:
    path = write_wav(tmp_path / "a.wav", np.asarray(AUDIO, order=order), 48_000, bits)  # type: ignore[call-overload]
    audio, sample_rate = read_wav(path)
    assert sample_rate == 48_000
    assert np.abs(audio - AUDIO).max() <= error
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_one_channel_and_silence_of_no_length(tmp_path: Path) -> None:
    assert read_wav(write_wav(tmp_path / "mono.wav", AUDIO[:, 0], 44_100))[0].shape == (4_000, 1)
    assert read_wav(write_wav(tmp_path / "none.wav", AUDIO[:0], 44_100))[0].shape == (0, 2)


def test_nothing_is_written_over_by_accident(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", AUDIO, 44_100)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="--force"):
        write_wav(path, AUDIO * 0, 44_100)
    assert path.read_bytes() == before
    write_wav(path, AUDIO * 0, 44_100, force=True)
    assert not read_wav(path)[0].any()


def test_samples_that_are_no_sound_are_refused(tmp_path: Path) -> None:
    for wrong, word in ((AUDIO * np.nan, "finite"), (np.zeros((2, 2, 2)), "shape")):
        with pytest.raises(AudioError, match=word):
            write_wav(tmp_path / "a.wav", wrong, 44_100)
    with pytest.raises(AudioError, match="16, 24 or 32"):
        write_wav(tmp_path / "a.wav", AUDIO, 44_100, bits=8)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_wav(tmp_path / "no" / "a.wav", AUDIO, 44_100)
    (tmp_path / "text.wav").write_text("no sound")
    for name, said in (("text.wav", "cannot be read"), ("none.wav", "no such file")):
        with pytest.raises(AudioError, match=said):
            read_wav(tmp_path / name)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize(("kind", "error"), [("flac", 2**-23), ("ogg", 0.03), ("mp3", 0.05)])
def test_other_formats(tmp_path: Path, kind: str, error: float, sample_rate: int) -> None:
    sine = (0.5 * np.sin(np.arange(sample_rate) / 20)[:, None] * np.array([1.0, 0.5])).astype(np.float32)
    audio, rate = read_wav(write_sound(tmp_path / f"a.{kind}", sine, sample_rate))
    assert rate == sample_rate
    middle = slice(sample_rate // 4, sample_rate // 2)
    offset = (
        min(range(4_000), key=lambda at: abs(audio[middle.start + at :][:9_000, 0] - sine[middle, 0][:9_000]).mean())
        if kind == "mp3"
        else 0
    )
    assert np.abs(audio[middle.start + offset :][:9_000] - sine[middle][:9_000]).max() <= error


def test_what_a_format_cannot_hold_is_named(tmp_path: Path) -> None:
    for name, bits, rate, word in (
        ("a.aiff", 24, 44_100, "no format called 'aiff'; choose one of: wav, flac, ogg, mp3"),
        ("a.flac", 32, 44_100, "FLAC samples have 16 or 24 bits"),
        ("a.mp3", 24, 96_000, "MP3 knows .* 48000 Hz"),
    ):
        with pytest.raises(AudioError, match=word):
            write_sound(tmp_path / name, AUDIO, rate, bits)
    with pytest.raises(AudioError, match=r"ends in \.wav"):
        write_wav(tmp_path / "a.flac", AUDIO, 44_100)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.wav", "ü" * 120 + ".wav"])
def test_a_sound_file_has_the_rights_that_new_files_get(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").touch()
    # Whoever sets the umask, if only to read it, opens up what other threads create meanwhile.
    monkeypatch.setattr("os.umask", lambda _mask: pytest.fail("the umask was touched"))
    path = write_wav(tmp_path / name, AUDIO, 44_100)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_ctrl_c_while_writing_is_ctrl_c(kind: str, tmp_path: Path) -> None:
    """It came in a callback of libsndfile's, was printed and forgotten."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (44_100 * 600, 1)).astype(np.float32)

    def write_on() -> None:
        for _ in range(100):
            write_sound(tmp_path / f"long.{kind}", noise, 44_100, force=True)

    threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt):
        write_on()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
