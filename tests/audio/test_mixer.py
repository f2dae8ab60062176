"""The mix: balanced, loud as asked, safe, and made of its stems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.audio.balance import DUCK_DB
from composer.audio.loudness import loudness, true_peak_dbtp
from composer.audio.mixer import MixSettings, mix
from composer.audio.profiles import PROFILE
from composer.audio.synth import Stems, render
from composer.errors import AudioError
from composer.score import Part, Score


def noise(gain: float, seconds: float = 3.0, seed: int = 0, parts: int = 1) -> Stems:
    """Stems of white noise that swells and fades."""
    frames = int(seconds * 44_100)
    rng = np.random.default_rng(seed)
    swell = np.sin(np.linspace(0, 3 * np.pi, frames))[:, None] ** 2
    audio = (gain * rng.standard_normal((parts, frames, 2)) * swell).astype(np.float32)
    names = tuple(f"part {at}" for at in range(parts))
    return Stems(names, names, audio, 44_100)


def test_loudness_and_true_peak_meet_their_targets(stems: Stems) -> None:
    import pyloudnorm

    done = mix(stems)
    oracle = pyloudnorm.Meter(44_100, filter_class="DeMan").integrated_loudness(done.audio)
    assert oracle == pytest.approx(-14.0, abs=0.5)
    assert done.lufs == pytest.approx(oracle, abs=0.02)
    assert true_peak_dbtp(done.audio) <= -1.0
    assert done.audio.dtype == np.float32
    assert done.audio.shape == (stems.frames, 2)


@pytest.mark.parametrize("target", [-23.0, -14.0, -9.0])
@pytest.mark.parametrize("gain", [1e-3, 0.05, 1.0, 30.0])
def test_any_level_ends_at_the_target(target: float, gain: float) -> None:
    done = mix(noise(gain, parts=3), MixSettings(target_lufs=target))
    assert loudness(done.audio, 44_100) == pytest.approx(target, abs=0.5)
    assert true_peak_dbtp(done.audio) <= -1.0


@pytest.mark.parametrize("role", ["drums", "bass", "piano", "strings"])
def test_single_instruments_meet_the_target_too(role: str, band: Score, small_font: Path) -> None:
    done = mix(render(band.with_parts([band.part(role)]), small_font))
    assert done.lufs == pytest.approx(-14.0, abs=0.5)
    assert true_peak_dbtp(done.audio) <= -1.0


def test_parts_stand_where_the_profile_says(stems: Stems) -> None:
    even = replace(stems, velocities=())
    done = mix(even, MixSettings(target_lufs=None, reverb_db=dict.fromkeys(stems.names, -np.inf)))
    lead = loudness(done.stem("melody"), 44_100)
    for role in stems.names[1:]:
        wanted = PROFILE[role].balance_lu
        stands = loudness(done.stem(role), 44_100) - lead
        assert wanted - DUCK_DB - 0.7 < stands < wanted + 0.7, role
    for level in done.table:
        assert level.after_lufs == pytest.approx(loudness(done.stem(level.part), 44_100), abs=0.7), level.part


def test_a_style_moves_the_balance(stems: Stems) -> None:
    plain, rock = (mix(stems, MixSettings(target_lufs=None, style=style)).table for style in (None, "rock"))
    moved = {one.part: other.after_lufs - one.after_lufs for one, other in zip(plain, rock, strict=True)}
    assert moved["guitar"] > 1.5
    assert moved["melody"] == 0


def test_the_balance_survives_a_louder_synth(stems: Stems) -> None:
    louder = replace(stems, audio=stems.audio * np.float32(3))
    once, again = mix(stems), mix(louder)
    assert np.abs(once.audio - again.audio).max() < 5e-3


def test_velocities_keep_their_meaning(band: Score, small_font: Path) -> None:
    def strings_at(velocity: int) -> float:
        notes = band.part("strings").notes.copy()
        notes["velocity"] = velocity
        parts = [replace(part, notes=notes) if part.role == "strings" else part for part in band.parts]
        return mix(render(band.with_parts(parts), small_font), MixSettings(target_lufs=None)).table[-1].after_lufs

    assert strings_at(40) < strings_at(70) - 2 < strings_at(110) - 4


def test_stems_sum_to_the_mix(stems: Stems) -> None:
    done = mix(stems, MixSettings(target_lufs=-9.0, gain_db={"drums": 6.0}))
    assert done.master.reduction_db > 0.5
    limited = sum(done.stem(name, limited=True) for name in stems.names)
    assert np.abs(limited - done.audio).max() < 1e-5
    free = mix(stems, MixSettings(target_lufs=-30.0))  # so quiet that the limiter sleeps
    assert free.master.reduction_db == 0
    assert np.abs(sum(free.stem(name) for name in stems.names) - free.audio).max() < 1e-6


def test_silence_stays_silence(small_font: Path) -> None:
    done = mix(render(Score((Part("nobody"), Part("no one", is_drum=True))), small_font))
    assert not done.audio.any()
    assert done.lufs == done.true_peak_dbtp == -np.inf
    assert "-inf" in done.report()
    assert not done.stem("nobody").any()
    assert mix(render(Score(), small_font)).audio.shape[1] == 2


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.39, 0.41])
def test_short_clips_are_safe(seconds: float) -> None:
    done = mix(noise(0.1, seconds))
    assert np.isfinite(done.audio).all()
    assert np.abs(done.audio).max() <= 10 ** (-1 / 20)
    assert done.audio.any()


def test_a_lone_click_is_not_made_as_loud_as_a_song(small_font: Path) -> None:
    clicks = Part("clicks", [(0, 60, 37, 100), (9_600, 60, 37, 100)], is_drum=True)
    done = mix(render(Score((clicks,)), small_font))
    assert true_peak_dbtp(done.audio) <= -1.0
    assert done.master.reduction_db <= 20.2


def test_mute_solo_gain_and_pan_win(stems: Stems) -> None:
    levels = {level.part: level for level in mix(stems, MixSettings(mute=("Strings",))).table}
    assert levels["strings"].after_lufs == -np.inf
    assert levels["strings"].before_lufs > -60
    alone = mix(stems, MixSettings(solo=("bass",)))
    assert [level.part for level in alone.table if level.after_lufs > -np.inf] == ["bass"]
    free = MixSettings(target_lufs=None)
    plain = {level.part: level for level in mix(stems, free).table}
    moved = mix(stems, replace(free, gain_db={"drums": -3.0}, pan={"melody": -1.0}, balance_lu={"bass": -10.0}))
    told = {level.part: level for level in moved.table}
    assert told["drums"].after_lufs - plain["drums"].after_lufs == pytest.approx(-3.0, abs=0.01)
    assert told["bass"].after_lufs - plain["bass"].after_lufs == pytest.approx(-7.0, abs=0.01)
    melody = moved.stem("melody")
    assert np.abs(melody[:, 1]).max() < 1e-6 < np.abs(melody[:, 0]).max()
    assert told["guitar"].gain_db == plain["guitar"].gain_db
    own = mix(stems, MixSettings(target_lufs=None, balance="synth"))
    rms = [np.sqrt((own.stem(name) ** 2).mean() / (stems.audio[at] ** 2).mean()) for at, name in enumerate(stems.names)]
    assert rms == pytest.approx([1.0] * 6, abs=0.35)  # but for compressor, pan and room


def test_a_name_beats_a_role(stems: Stems) -> None:
    two = replace(stems, names=("lead", *stems.names[1:]))
    settings = MixSettings(target_lufs=None, gain_db={"melody": -3.0, "lead": -6.0})
    assert mix(two, settings).table[0].gain_db == pytest.approx(
        mix(two, MixSettings(target_lufs=None)).table[0].gain_db - 6.0
    )


def test_wrong_settings_are_named(stems: Stems) -> None:
    with pytest.raises(AudioError, match="no part 'tuba'; it has: melody"):
        mix(stems, MixSettings(gain_db={"tuba": 1.0}))
    with pytest.raises(AudioError, match="no stem called 'tuba'"):
        mix(stems).stem("tuba")
    for wrong, word in (
        ({"pan": {"bass": 2.0}}, "pan of bass"),
        ({"target_lufs": 3.0}, "loudness target"),
        ({"ceiling_dbtp": 1.0}, "ceiling"),
        ({"balance": "magic"}, "no balance called 'magic'"),
        ({"gain_db": {"bass": np.nan}}, "gain of bass"),
    ):
        with pytest.raises(AudioError, match=word):
            MixSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(poison: float) -> None:
    broken = noise(0.1)
    broken.audio[0, 1_000, 0] = poison
    with pytest.raises(AudioError, match="not finite numbers"):
        mix(broken)


def test_the_report_has_a_line_for_every_part(stems: Stems) -> None:
    report = mix(stems).report()
    assert len(report.splitlines()) == 8
    assert "LUFS" in report
