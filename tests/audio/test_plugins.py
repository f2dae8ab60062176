"""pedalboard's effects as inserts: the same in blocks of any size, in time with the band, and one line where it goes wrong."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from composer.audio import schedule
from composer.audio.desk import Desk
from composer.audio.fluid import BLOCK
from composer.audio.mixer import MixSettings, mix
from composer.audio.player import Ensemble
from composer.audio.plugins import Plugin, effects
from composer.audio.synth import Stems
from composer.errors import AudioError
from composer.score import Score

RATE = 48_000


@pytest.fixture(autouse=True)
def pedalboard() -> Iterator[None]:
    pytest.importorskip("pedalboard", reason="pedalboard is not installed: pip install pedalboard to test inserts")
    return


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal((2, RATE))).astype(np.float32)


def through(effect: str, sound: np.ndarray, block: int) -> np.ndarray:
    run = Plugin.parse(effect).start(RATE)
    out = sound[:, : sound.shape[1] // block * block].copy()
    for at in range(0, out.shape[1], block):
        run.process(out[:, at : at + block])
    return out[:, : RATE // 2]


@pytest.mark.parametrize(
    "effect", ["Phaser:rate_hz=0.4", "delay:delay_seconds=0.01", "LadderFilter:mode=HPF24", "MP3Compressor", "Resample"]
)
def test_blocks_of_any_size_sound_the_same(effect: str, noise: np.ndarray) -> None:
    assert np.array_equal(through(effect, noise, 64), through(effect, noise, 4_096))


@pytest.mark.parametrize("effect", ["Invert", "Resample:target_sample_rate=48000"])
def test_what_an_effect_holds_back_is_its_latency(effect: str, noise: np.ndarray) -> None:
    run = Plugin.parse(effect).start(RATE)
    out = noise.copy()
    run.process(out)
    assert run.latency % BLOCK == 0
    inside = slice(4_000, -4_000)
    late = out[:, run.latency :][:, inside]
    agreement = np.corrcoef(late[0], noise[0, : noise.shape[1] - run.latency][inside])[0, 1]
    assert abs(agreement) > 0.9


def test_live_and_offline_agree_with_a_late_effect(stems: Stems, band: Score, small_font: Path) -> None:
    inserts = {"guitar": (Plugin.parse("Resample"), Plugin.parse("Chorus")), "piano": (Plugin.parse("Phaser"),)}
    done = mix(stems, MixSettings(inserts=inserts))
    desk = Desk(done.plan, stems.sample_rate)
    last = int(np.ceil(band.duration_s * stems.sample_rate / BLOCK)) * BLOCK
    clock = schedule.Clock(band.tempo, stems.sample_rate, last)
    with Ensemble(small_font, band.parts, clock, 256) as ensemble:
        live = np.concatenate([desk.process(ensemble.play(256)) for _ in range(last // 256)], axis=1)
    live = live[:, desk.latency :]
    offline = done.audio.T[:, : live.shape[1]]
    assert 10 * np.log10(((live - offline) ** 2).mean() / (offline**2).mean()) < -60


def test_every_effect_on_the_list_works_or_says_why_not(noise: np.ndarray) -> None:
    refused = {}
    for name in effects():
        try:
            out = noise[:, :4_096].copy()
            Plugin.parse(name).start(RATE).process(out)
            assert np.isfinite(out).all(), name
        except AudioError as error:
            refused[name] = str(error)
    assert set(refused) == {"Convolution", "PitchShift"}
    assert "impulse_response_filename" in refused["Convolution"]
    assert "late" in refused["PitchShift"]


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        ("Fazer", "no effect called 'Fazer'; there are: Bitcrush, "),
        ("VST3Plugin", "no effect called 'VST3Plugin'"),
        ("Phaser:speed=2", "insert Phaser: it takes rate_hz: float = 1.0, depth"),
        ("Phaser:rate_hz=fast", "insert Phaser: it takes rate_hz"),
        ("Delay:delay_seconds=99", "insert Delay: Delay .in seconds. must be between 0.0s and 30s; it takes"),
        ("vst3:/nowhere/Echo.vst3", "/nowhere/Echo.vst3: no such plug-in"),
        ("vst3:", "write an effect's name or vst3:PATH"),
        ("a b", "write an effect's name or vst3:PATH"),
    ],
)
def test_mistakes_are_one_line(effect: str, said: str) -> None:
    with pytest.raises(AudioError, match=said) as error:
        Plugin.parse(effect).start(RATE)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def halver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VST3 plug-in of our own, built here."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("no C++ compiler on this Linux: install g++ to test VST3 hosting")
    bundle = tmp_path_factory.mktemp("vst3") / "Halver.vst3"
    binary = bundle / "Contents" / f"{platform.machine()}-linux" / "Halver.so"
    binary.parent.mkdir(parents=True)
    source = Path(__file__).parent.parent / "data" / "halver.cpp"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(binary), str(source)], check=True)
    return bundle


def test_a_vst3_plugin_plays_in_a_strip(halver: Path, noise: np.ndarray, stems: Stems) -> None:
    assert through(f"vst3:{halver}", noise, 64) == pytest.approx(0.5 * noise[:, : RATE // 2], abs=1e-6)
    assert through(f"vst3:{halver}:level=0.5", noise, 4_096) == pytest.approx(0.25 * noise[:, : RATE // 2], abs=1e-6)
    plugin = Plugin.parse(f"vst3:{halver}:level=0.5")
    assert plugin.name == "Halver"
    done = mix(stems, MixSettings(inserts={"guitar": (plugin,)}))
    plain = mix(stems)
    guitar = stems.names.index("guitar")
    assert done.table[guitar].before_lufs == pytest.approx(plain.table[guitar].before_lufs - 12.04, abs=0.01)
    assert done.lufs == pytest.approx(plain.lufs, abs=0.1)
    with pytest.raises(AudioError, match="no parameter 'drive'; there are: level"):
        Plugin.parse(f"vst3:{halver}:drive=1").start(RATE)
    with pytest.raises(AudioError, match=r"Halver.vst3: level=loud: "):
        Plugin.parse(f"vst3:{halver}:level=loud").start(RATE)


def test_a_file_that_is_no_plugin_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "text.vst3"
    path.write_text("no plug-in")
    with pytest.raises(AudioError, match="cannot be loaded as a VST3 plug-in for this machine"):
        Plugin.parse(f"vst3:{path}").start(RATE)


def test_without_pedalboard_the_word_is_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    with pytest.raises(AudioError, match=r'pip install "melody-to-band\[plugins\]"'):
        Plugin.parse("Phaser").start(RATE)


def test_paths_and_parameters_are_told_apart() -> None:
    assert Plugin.parse("vst3:C:\\Plugs\\My Echo.vst3:mix=0.3:dry wet=on") == Plugin(
        "", "C:\\Plugs\\My Echo.vst3", (("mix", "0.3"), ("dry wet", "on"))
    )
    assert Plugin.parse("vst3:/a/b=c.vst3").path == "/a/b=c.vst3"
    assert Plugin.parse("Phaser").name == "Phaser"
