"""The desk plays live what the mixer mixes offline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.audio import schedule
from composer.audio.desk import Desk
from composer.audio.fluid import BLOCK
from composer.audio.mixer import MixSettings, mix
from composer.audio.player import Ensemble
from composer.audio.strip import Strip
from composer.audio.synth import Stems
from composer.score import Score


@pytest.mark.parametrize("size", [256, 960])
def test_a_live_run_and_the_offline_mix_agree_to_60_db(size: int, stems: Stems, band: Score, small_font: Path) -> None:
    done = mix(stems, MixSettings(target_lufs=-9.0, chorus_db={"piano": -12.0}))
    assert done.master.reduction_db > 0.5, "the limiter should have work"
    desk = Desk(done.plan, stems.sample_rate)
    last = int(np.ceil(band.duration_s * stems.sample_rate / BLOCK)) * BLOCK
    heard = []
    clock = schedule.Clock(band.tempo, stems.sample_rate, last)
    with Ensemble(small_font, band.parts, clock, size) as ensemble:
        for _ in range(last // size):
            heard.append(desk.process(ensemble.play(size)))
    live = np.concatenate(heard, axis=1)[:, desk.latency :]
    offline = done.audio.T[:, : live.shape[1]]
    error = live - offline
    assert 10 * np.log10((error**2).mean() / (offline**2).mean()) < -90


def test_faders_move_while_it_plays(stems: Stems) -> None:
    desk = Desk(mix(stems).plan, stems.sample_rate)
    sound = np.ascontiguousarray(stems.audio.transpose(0, 2, 1)[:, :, : 64 * 600])
    outs = np.zeros_like(sound)
    desk.process(sound[:, :, : 64 * 300].copy(), outs[:, :, : 64 * 300])
    for at, strip in enumerate(desk.strips):
        desk.set(at, replace(strip, mute=at != 2))
    desk.process(sound[:, :, 64 * 300 : 64 * 310].copy())
    desk.process(sound[:, :, 64 * 310 :].copy(), outs[:, :, 64 * 310 :])
    assert (np.abs(outs[:, :, : 64 * 300]).max(axis=(1, 2)) > 0.001).sum() >= 5
    assert [bool(part.any()) for part in outs[:, :, 64 * 310 :]] == [at == 2 for at in range(6)]
    assert desk.peaks[2] > 0
    desk.master_db = -6.0
    assert desk.master_db == pytest.approx(-6.0)


def test_a_strip_without_anything_passes_the_sound_on() -> None:
    from composer.audio.desk import MixPlan

    desk = Desk(MixPlan(("one",), (Strip(highpass_hz=20),)), 48_000)
    sine = (0.5 * np.sin(np.arange(64 * 300) * 0.3)).astype(np.float32)
    out = desk.process(np.stack([sine, sine])[None].copy())
    assert out[0, desk.latency + 5_000 :] == pytest.approx(sine[5_000 : len(sine) - desk.latency], abs=0.01)
