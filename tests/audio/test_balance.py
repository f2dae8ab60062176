"""The balance: masking, the rule, the network, the calibration of soundfonts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.audio import calibration, masking, neural_balance, spectra
from composer.audio.balance import DUCK_DB, LEAD_HEARD, LEAD_LUFS, Measured, by_loudness, lufs
from composer.audio.loudness import loudness
from composer.audio.mixer import MixSettings, measure, mix
from composer.audio.profiles import balance_lu
from composer.audio.synth import Stems
from composer.errors import AudioError
from composer.score import Score

RATE = 44_100


def part(role: str, hz: float, level: float = 1.0, steps: int = 40) -> Measured:
    """A part with all of its power in one band, and a little beside."""
    energies = np.full((steps, spectra.BANDS), 1e-6, np.float32)
    energies[:, int(np.abs(spectra.CENTRES_HZ - hz).argmin())] = 1e-2
    return Measured(role, role, energies * np.float32(level))


def test_spectra_sum_to_the_standards_loudness(stems: Stems) -> None:
    frames = stems.frames // 4_410 * 4_410
    for sound in stems.audio:
        planar = np.ascontiguousarray(sound[:frames].T)
        energies = spectra.energies(planar, RATE).sum(axis=0) / 4_410
        assert lufs(energies.sum(axis=1)) == pytest.approx(loudness(planar.T, RATE), abs=0.1)


def test_a_part_is_masked_by_what_is_near_and_louder() -> None:
    flute, near, far, loud = (
        part("melody", 1_000).energies,
        part("", 1_260).energies,
        part("", 100).energies,
        part("", 1_000, 30).energies,
    )
    silence = 0 * flute
    assert masking.audibility(flute, silence) == pytest.approx(1, abs=0.01)
    assert masking.audibility(flute, loud) < masking.audibility(flute, near) < masking.audibility(flute, far)
    assert masking.audibility(silence, loud) == 1.0
    met, band = masking.overlap(flute, loud, slice(10, 25))
    assert spectra.CENTRES_HZ[band] == pytest.approx(1_000, rel=0.01)
    assert met == pytest.approx(1 / 30, rel=0.1)


def settled(parts: list[Measured]) -> tuple[list[float], list[str], float]:
    """Loudness behind the faders, what was equalised, how much of the lead is heard."""
    wanted = [balance_lu(one.role) for one in parts]
    found = by_loudness(parts, RATE, wanted, [0.0] * len(parts))
    powers = [
        one.energies
        * (spectra.band_gains(setting.eq.sections(RATE), RATE) * 10 ** (setting.gain_db / 10)).astype(np.float32)
        for one, setting in zip(parts, found, strict=True)
    ]
    others = np.sum(powers[1:], axis=0)
    dipped = [one.role for one, setting in zip(parts, found, strict=True) if setting.eq.mid_db < 0]
    return [lufs(power.sum(axis=1)) for power in powers], dipped, masking.audibility(powers[0], others)


def test_the_bass_makes_room_for_the_kick() -> None:
    loud, dipped, _ = settled([part("melody", 2_000), part("bass", 63, 5), part("drums", 63)])
    assert dipped == ["bass"]
    assert loud == pytest.approx([LEAD_LUFS, LEAD_LUFS - 3, LEAD_LUFS - 2], abs=0.1)
    assert settled([part("melody", 2_000), part("bass", 63), part("drums", 4_000)])[1] == []


def test_guitar_and_piano_step_aside_for_each_other() -> None:
    guitar, piano = part("guitar", 500), part("piano", 500)
    guitar.energies[:, 17:20] += 5e-3
    piano.energies[:, 12:14] += 5e-3
    _, dipped, _ = settled([part("melody", 3_000), guitar, piano])
    assert dipped == ["guitar", "piano"]


def test_everything_makes_room_for_the_melody() -> None:
    covered = [part("melody", 1_000), *(part(role, 1_000) for role in ("guitar", "piano", "strings", "bass", "drums"))]
    loud, dipped, heard = settled(covered)
    assert {"guitar", "piano", "strings"} <= set(dipped)
    for stands, one in zip(loud[1:], covered[1:], strict=True):
        assert LEAD_LUFS + balance_lu(one.role) - DUCK_DB - 0.1 <= stands <= LEAD_LUFS + balance_lu(one.role) + 0.1
    assert settled([part("melody", 1_000), part("bass", 63)])[2] > LEAD_HEARD > heard / 4


def test_silent_parts_and_none_are_left_alone() -> None:
    silent = Measured("bass", "bass", np.zeros((10, spectra.BANDS), np.float32))
    found = by_loudness([silent, part("melody", 1_000)], RATE, [0, 0], [0, 0])
    assert found[0].gain_db == 0
    assert by_loudness([], RATE, [], []) == []
    short = Measured("x", "x", np.zeros((0, spectra.BANDS), np.float32))
    assert np.isfinite(neural_balance.features([short, silent], [0, 0])).all()


def test_the_network_balances_too(stems: Stems) -> None:
    import pyloudnorm

    done = mix(stems, MixSettings(balance="neural"))
    oracle = pyloudnorm.Meter(RATE, filter_class="DeMan").integrated_loudness(done.audio)
    assert oracle == pytest.approx(-14.0, abs=0.5)
    rule = mix(stems, MixSettings(balance="loudness"))
    for ours, theirs in zip(done.table, rule.table, strict=True):
        assert (ours.after_lufs - done.table[0].after_lufs) == pytest.approx(
            theirs.after_lufs - rule.table[0].after_lufs, abs=4.0
        )
        assert abs(ours.pan) <= 1


def test_the_networks_rows_and_answers_have_their_shapes(stems: Stems) -> None:
    rows = neural_balance.features(measure(stems), [0.0] * 6)
    assert rows.shape == (6, neural_balance.FEATURES)
    assert np.abs(rows).max() <= 2
    said = neural_balance.predict(rows)
    assert said.shape == (6, neural_balance.OUTPUTS)
    assert np.abs(said).max() <= 1
    assert neural_balance.predict(rows[:0]).shape == (0, neural_balance.OUTPUTS)


def test_a_network_that_is_gone_names_the_way_out(monkeypatch: pytest.MonkeyPatch, stems: Stems) -> None:
    neural_balance._shipped.cache_clear()
    monkeypatch.setattr(neural_balance, "FILE", "gone.npz")
    with pytest.raises(AudioError, match="use --balance loudness"):
        mix(stems, MixSettings(balance="neural"))


def test_a_calibrated_mix_stands_near_the_measured_one(band: Score, small_font: Path, stems: Stems) -> None:
    plan = calibration.plan(band, small_font)
    measured = mix(stems).plan
    assert plan.names == measured.names
    apart = [
        ours.trim_db + ours.gain_db - theirs.trim_db - theirs.gain_db
        for ours, theirs in zip(plan.strips, measured.strips, strict=True)
    ]
    assert max(abs(one - apart[0]) for one in apart) < 8
    muted = calibration.plan(band, small_font, MixSettings(mute=("bass",), pan={"guitar": 0.9}))
    assert [strip.mute for strip in muted.strips] == [False, False, True, False, False, False]
    assert muted.strips[3].pan == 0.9


def test_a_font_without_a_table_is_measured(small_font: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sf2"
    other.symlink_to(small_font)
    assert calibration.known(other) == {}
    found = calibration.levels(other, [(0, 0), (128, 0), (0, 0)])
    table = calibration.known(small_font)
    for preset in ((0, 0), (128, 0)):
        assert found[preset].lufs == pytest.approx(table[preset].lufs, abs=0.1)
    calibration.write({other: found}, tmp_path / "table.json")
    assert '"0:0"' in (tmp_path / "table.json").read_text()


def test_louder_playing_and_chords_are_expected_to_be_louder(band: Score) -> None:
    loud = calibration.Loud(-20.0, -20.0)
    piano = band.part("piano")
    notes = piano.notes.copy()
    notes["velocity"] = 40
    soft = calibration.expected(replace(piano, notes=notes), loud)
    notes["velocity"] = 80
    assert calibration.expected(replace(piano, notes=notes), loud).lufs - soft.lufs == pytest.approx(12.04, abs=0.01)
    assert soft.lufs + 12.04 - loud.lufs == pytest.approx(10 * np.log10(3), abs=0.01)
