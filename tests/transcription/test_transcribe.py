"""From sound to seed and on: sung, played, spoilt, and through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import composer
from composer import formats
from composer.audio.synth import render
from composer.audio.wav import write_sound
from composer.cli import main
from composer.errors import InputError
from composer.score import Part, Score
from composer.timing import Meter, TempoMap
from composer.transcription import hummer
from composer.transcription.contour import hear
from composer.transcription.denoise import reduce_noise
from composer.transcription.notes import _alone, find_notes
from composer.transcription.pitch import PitchTracker
from composer.transcription.transcribe import TranscribeOptions

from . import singing


def save(folder: Path, audio: np.ndarray, name: str = "hum.wav", rate: int = 16_000) -> Path:
    return write_sound(folder / name, audio, rate, 16)


@pytest.fixture(scope="module")
def hum(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, hummer.Hummed]:
    sung = singing.sung(hummer.Voice(detune_cents=-35), rate=44_100)
    return save(tmp_path_factory.mktemp("sung"), sung.audio, rate=44_100), sung


def test_a_hum_becomes_a_seed(hum: tuple[Path, hummer.Hummed]) -> None:
    path, truth = hum
    heard = composer.transcribe(path)
    part = heard.score.parts[0]
    begin_s = heard.report["starts_s"]
    onsets_s = heard.score.tempo.seconds(part.notes["onset"]) + begin_s
    ends_s = heard.score.tempo.seconds(part.notes["onset"] + part.notes["duration"]) + begin_s
    assert singing.f1(truth, onsets_s, ends_s, part.notes["pitch"]) >= 0.9
    assert heard.report["tempo"]["bpm"] == pytest.approx(100, rel=0.04)
    assert heard.report["tuning"]["cents"] == pytest.approx(-35, abs=12)
    assert part.role == "melody"
    assert composer.load(path) == heard.score


@pytest.mark.parametrize("program", [0, 71])
def test_instruments(program: int) -> None:
    score = singing.tune()
    score = score.with_parts([Part("Lead", score.parts[0].clip(0, 7 * 480).notes, program)])
    audio = render(score, sample_rate=16_000).audio[0].mean(axis=1)
    audio = reduce_noise((0.4 * audio / np.abs(audio).max()).astype(np.float32))
    notes = find_notes(audio, hear(audio, PitchTracker()))
    assert notes.pitches.tolist() == score.parts[0].notes["pitch"].tolist()
    written_s = score.tempo.seconds(score.parts[0].notes["onset"])
    assert np.abs(notes.onsets_s - written_s).max() < 0.05


def test_noise_under_the_tune(hum: tuple[Path, hummer.Hummed]) -> None:
    truth = singing.sung(seed=4)
    noise = np.random.default_rng(0).standard_normal(len(truth.audio))
    audio = (truth.audio + noise * np.std(truth.audio) * 10 ** (-10 / 20)).astype(np.float32)
    notes = find_notes(audio, hear(audio, PitchTracker()))
    assert singing.f1(truth, notes.onsets_s, notes.ends_s, notes.pitches) >= 0.85


def test_blocks_do_not_show() -> None:
    """The tracker hears a long recording block by block as if it were whole."""
    audio = np.tile(singing.sung().audio, 4)
    pitch, voicing = PitchTracker().track(audio)
    tail, _ = PitchTracker().track(audio[16 * 16_000 :])
    assert len(pitch) == len(voicing) == pytest.approx(len(audio) / 256, abs=1)
    skip = 16 * 16_000 // 256
    assert np.abs(pitch[skip + 20 : skip + 300] - tail[20:300])[voicing[skip + 20 : skip + 300] > 0.9].max() < 0.1


def test_range_is_kept_to(hum: tuple[Path, hummer.Hummed]) -> None:
    heard = composer.transcribe(hum[0], TranscribeOptions(tempo_bpm=100.0, meter=(3, 4), lowest=48, highest=72))
    assert heard.score.meter.changes == ((0, 3, 4),)
    assert heard.score.tempo.bpm_at(0) == pytest.approx(100, abs=0.01)
    with pytest.raises(InputError, match=r"35\.\.96"):
        TranscribeOptions(lowest=70, highest=60)
    with pytest.raises(InputError, match="denoise"):
        TranscribeOptions(denoise="perhaps")


def test_what_is_outside_the_range_is_left_out(hum: tuple[Path, hummer.Hummed]) -> None:
    """Nothing is invented in its place: the octave below what is too high, the harmonic of what is too low."""
    whole = composer.transcribe(hum[0]).score.parts[0].notes["pitch"].tolist()
    for low, high in ((48, 64), (64, 84)):
        heard = composer.transcribe(hum[0], TranscribeOptions(lowest=low, highest=high))
        inside = [pitch for pitch in whole if low <= pitch <= high]
        assert heard.score.parts[0].notes["pitch"].tolist() == inside
        assert heard.report["outside"] == len(whole) - len(inside)
        assert any(line.startswith("left out") for line in heard.lines())
    with pytest.raises(InputError, match="outside the range"):
        composer.transcribe(hum[0], TranscribeOptions(lowest=80))


def test_nothing_is_heard_under_the_lowest(tmp_path: Path) -> None:
    score = singing.tune((30, 32, 34, 35, 37, 39, 37, 35, 37, 39))
    path = save(tmp_path, singing.sung(score=score).audio)
    assert composer.transcribe(path).score.parts[0].notes["pitch"].min() >= 35


def test_only_sounds_on_their_own_count_as_dropped() -> None:
    """An attack that is no note is part of the note after; a blip in a rest is dropped."""
    at = np.arange(8_000) / 16_000
    fade = np.minimum(1, np.minimum(at, at[::-1]) / 0.01)
    low, high = (sum(np.sin(2 * np.pi * hz * k * at) / k for k in (1, 2, 3)) * fade for hz in (262, 330))
    rest = np.zeros(6_400)
    clean = np.concatenate([rest, low, rest, high, rest, low, rest]).astype(np.float32) * 0.2
    assert find_notes(clean, hear(clean, PitchTracker())).dropped == 0
    spans = np.array([[0, 2, 50], [2, 40, 62], [60, 62, 70], [62, 63, 58], [80, 120, 64]])
    assert _alone(spans, spans[:, 1] - spans[:, 0] > 10) == 1
    assert _alone(spans[:0], np.zeros(0, bool)) == 0


def test_denoising_is_asked_for_and_told(hum: tuple[Path, hummer.Hummed]) -> None:
    heard = composer.transcribe(hum[0], TranscribeOptions(denoise="on"))
    assert heard.report["noise"]["taken_out"]
    assert len(heard.score.parts[0]) >= 10


def test_command(hum: tuple[Path, hummer.Hummed], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, truth = hum
    assert main(["transcribe", str(path), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "tempo" in said
    assert "cents flat" in said
    seed = formats.load(here / "out" / "hum-seed.mid")
    assert abs(len(seed.parts[0]) - len(truth.pitches)) <= 1
    assert main(["transcribe", str(path), "--quiet"]) == 1
    assert "--force" in capsys.readouterr().err
    assert (
        main(["transcribe", str(path), "--quiet", "--force", "--meter", "3/4", "--lowest", "C3", "--highest", "C6"])
        == 0
    )
    assert main(["transcribe", str(path), "--out", "x.txt"]) == 1
    assert main(["inspect", str(path)]) == 0
    assert "recording, as transcribed" in capsys.readouterr().out


def test_arranging_a_hum(hum: tuple[Path, hummer.Hummed], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["arrange", str(hum[0]), "--parts", "bass", "--no-audio", "--quiet", "--meter", "4/4"]
    assert main(words) == 0
    assert "hum-seed.mid" in capsys.readouterr().out
    story = json.loads((here / "out" / "hum.json").read_text("utf-8"))
    assert story["transcription"]["notes"] >= 10
    seed, band = (formats.load(here / "out" / name) for name in ("hum-seed.mid", "hum.mid"))
    assert np.array_equal(seed.parts[0].notes, band.part("melody").notes)
    assert main(words) == 1


def test_metre_is_for_recordings(seed_file: Path, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["arrange", str(seed_file), "--meter", "3/4", "--quiet"]) == 1
    assert "for recordings" in capsys.readouterr().err


def test_without_the_extra_one_line(
    hum: tuple[Path, hummer.Hummed], monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "swift_f0", None)
    assert main(["transcribe", str(hum[0]), "--quiet"]) == 1
    assert 'pip install "melody-to-band[audio]"' in capsys.readouterr().err


def two_voices() -> np.ndarray:
    high, low = singing.tune().parts[0], singing.tune((52, 55, 60, 57, 59, 55, 57, 60, 55, 55, 52, 48)).parts[0]
    score = Score((Part("a", high.notes, 73), Part("b", low.notes, 71)), TempoMap.constant(100), Meter())
    return np.asarray(render(score, sample_rate=16_000).audio.sum(axis=0).mean(axis=1)) * 0.2


def spoken() -> np.ndarray:
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal(1000)) * 0.35
    steps = np.clip(walk - np.convolve(walk, np.ones(80) / 80, "same"), -6, 6)
    pitch_hz = 130 * 2 ** (np.interp(np.arange(160_000), np.arange(1000) * 160, steps) / 12)
    loudness = np.clip(np.interp(np.arange(160_000), np.arange(0, 160_000, 1600), rng.uniform(0, 1, 100)) - 0.25, 0, 1)
    return np.asarray(
        0.1 * loudness * sum(np.sin(k * np.cumsum(2 * np.pi * pitch_hz / 16_000)) / k for k in range(1, 12))
    )


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        (lambda: np.zeros(32_000), "no sound detected"),
        (lambda: 0.1 * np.random.default_rng(0).standard_normal(48_000), "only noise"),
        (lambda: singing.sung(score=singing.tune((100, 102, 104, 105, 107, 105))).audio, "above C7; only B1 to C7"),
        (two_voices, "several voices"),
        (spoken, "as in speech"),
        (lambda: 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000), "at least 3"),
        (lambda: np.zeros(10), "no sound detected"),
    ],
    ids=["silence", "noise", "too high", "two voices", "speech", "one note", "ten samples"],
)
def test_what_is_no_melody_is_one_line(audio: object, said: str, tmp_path: Path) -> None:
    path = save(tmp_path, audio().astype(np.float32), "take.wav")  # type: ignore[operator]
    with pytest.raises(InputError, match=said) as caught:
        composer.transcribe(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
