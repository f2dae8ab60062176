"""The strip, its filters, compressor, room and limiter: each the same whatever the block size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfreqz

from composer.audio import filters, reverb
from composer.audio.chorus import Chorus, ChorusRun
from composer.audio.compressor import Compressor, CompressorRun
from composer.audio.limiter import CELL, Limiter, LimiterRun, apply_curve
from composer.audio.loudness import cell_peaks, loudness
from composer.audio.strip import BackRun, Equaliser, FrontRun, Strip, amplitude, pan_gains
from composer.errors import AudioError

RATE = 44_100
SIZES = (64, 192, 1024, 64 * 150)


def noise(frames: int = 64 * 150, seed: int = 0) -> np.ndarray:
    """Noise with louder and softer stretches, float32, shape (2, frames)."""
    rng = np.random.default_rng(seed)
    level = np.repeat(10 ** rng.uniform(-2.5, -0.2, 10), frames // 10)
    return (rng.standard_normal((2, frames)) * level).astype(np.float32)


def in_blocks(size: int, audio: np.ndarray) -> list[slice]:
    return [slice(at, at + size) for at in range(0, audio.shape[1], size)]


def decibels(error: np.ndarray, signal: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt((error**2).mean() / (signal**2).mean()) + 1e-12))


def test_the_high_pass_is_butterworths() -> None:
    hz, ours = sosfreqz(filters.highpass(100, RATE)[None], 512, fs=RATE)
    _, theirs = sosfreqz(butter(2, 100, "highpass", fs=RATE, output="sos"), 512, fs=RATE)
    assert np.abs(ours) == pytest.approx(np.abs(theirs), abs=1e-9)
    assert filters.power_response(filters.highpass(100, RATE)[None], hz, RATE) == pytest.approx(
        np.abs(ours) ** 2, abs=1e-9
    )


@pytest.mark.parametrize(
    ("eq", "hz"), [(Equaliser(low_db=6), 20), (Equaliser(mid_db=6), 1_000), (Equaliser(high_db=6), 18_000)]
)
def test_every_band_lifts_what_it_says_and_what_it_lifts_it_takes_back(eq: Equaliser, hz: float) -> None:
    sections = eq.sections(RATE)
    assert len(sections) == 1
    assert 10 * np.log10(filters.power_response(sections, np.array([hz]), RATE)[0]) == pytest.approx(6, abs=0.3)
    back = Equaliser(*(-value if "db" in name else value for name, value in vars(eq).items()))
    there = np.concatenate([sections, back.sections(RATE)])
    assert filters.power_response(there, np.geomspace(20, 20_000, 50), RATE) == pytest.approx(1, abs=1e-6)


def test_bands_out_of_range_are_named() -> None:
    with pytest.raises(AudioError, match="equaliser's mid must be in range -24"):
        Equaliser(mid_db=40)
    with pytest.raises(AudioError, match="equaliser's low must be in range 20"):
        Equaliser(low_hz=2)
    with pytest.raises(AudioError, match="ratio of 1 or more"):
        Compressor(ratio=0.5)


@pytest.mark.parametrize("size", SIZES)
def test_blocks_of_any_size_are_the_same_strip(size: int) -> None:
    audio = noise()
    strip = Strip(
        3.0, 80.0, Compressor(-20, 4), eq=Equaliser(2, mid_db=-5, high_db=1), gain_db=-4, pan=0.3, reverb_db=-9
    )

    def through(size: int) -> tuple[np.ndarray, np.ndarray]:
        front, back = FrontRun(strip, RATE), BackRun(strip, RATE)
        out, bus, send = (np.zeros_like(audio) for _ in range(3))
        for here in in_blocks(size, audio):
            front.process(audio[:, here], out[:, here])
            back.process(out[:, here], bus[:, here], send[:, here])
        return bus, send

    whole, blocks = through(audio.shape[1]), through(size)
    assert decibels(whole[0] - blocks[0], whole[0]) < -120
    assert decibels(whole[1] - amplitude(-9) * whole[0], whole[1]) < -110
    one_side = BackRun(strip, RATE, (1,))
    front_out, bus = np.zeros_like(audio), np.zeros((1, audio.shape[1]), np.float32)
    FrontRun(strip, RATE).process(audio, front_out)
    one_side.process(front_out[1:], bus)
    assert decibels(bus[0] - whole[0][1], bus) < -120


def test_up_and_down_again_leaves_nothing() -> None:
    audio = noise()
    out = np.zeros_like(audio)
    BackRun(Strip(gain_db=6), RATE).process(audio, out)
    down = np.zeros_like(audio)
    BackRun(Strip(gain_db=-6), RATE).process(out, down)
    assert decibels(down - audio, audio) < -120


def test_faders_glide_and_mute_is_silence() -> None:
    ones = np.ones((2, 256), np.float32)
    back = BackRun(Strip(), RATE)
    back.set(Strip(mute=True))
    bus = np.zeros_like(ones)
    back.process(ones, bus)
    assert np.abs(np.diff(bus[0])).max() < 0.005
    bus[:] = 0
    back.process(ones, bus)
    assert not bus.any()
    assert pan_gains(-1) == pytest.approx((2**0.5, 0))


def test_the_compressor_takes_what_its_curve_says() -> None:
    settings = Compressor(threshold_db=-20, ratio=4, knee_db=0)
    for level_db, wanted_db in ((-30, -30), (-20, -20), (-8, -17)):
        audio = (10 ** (level_db / 20) * np.sqrt(2) * np.sin(np.arange(RATE) / 10)).astype(np.float32)
        both = np.stack([audio, audio])[:, : RATE // 64 * 64]
        CompressorRun(settings, RATE).process(both)
        rms_db = 10 * np.log10((both[:, RATE // 2 :] ** 2).mean())
        assert rms_db == pytest.approx(wanted_db, abs=0.2)
    quiet = noise() * np.float32(1e-3)
    kept = quiet.copy()
    CompressorRun(settings, RATE).process(kept)
    assert np.array_equal(kept, quiet)


@pytest.mark.parametrize("size", [64, 500, 1024, 5000])
def test_the_room_is_the_same_live_and_offline(size: int) -> None:
    audio, room = noise(), reverb.Room()
    whole, blocks = np.zeros_like(audio), np.zeros_like(audio)
    for side in range(2):
        reverb.whole(audio[side], room, RATE, side, whole[side])
    run = reverb.ReverbRun(room, RATE)
    for here in in_blocks(size, audio):
        run.process(audio[:, here], blocks[:, here])
    assert decibels(whole - blocks, whole) < -100
    assert not whole[:, : reverb.PRE_DELAY].any()


def test_the_room_is_as_loud_as_what_is_sent() -> None:
    rng = np.random.default_rng(1)
    spectrum = np.fft.rfft(rng.standard_normal((2, 8 * RATE)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(spectrum.shape[1]) + 100)).astype(np.float32)
    wet = np.zeros_like(pink)
    for side in range(2):
        reverb.whole(pink[side], reverb.Room(), RATE, side, wet[side])
    assert loudness(wet.T, RATE) == pytest.approx(loudness(pink.T, RATE), abs=0.7)


@pytest.mark.parametrize("size", SIZES)
def test_the_chorus_sways_the_same(size: int) -> None:
    audio = noise()
    whole, blocks = np.zeros_like(audio), np.zeros_like(audio)
    ChorusRun(Chorus(), RATE).process(audio, whole)
    run = ChorusRun(Chorus(), RATE)
    for here in in_blocks(size, audio):
        run.process(audio[:, here], blocks[:, here])
    assert np.array_equal(whole, blocks)
    assert -5 < decibels(whole, audio) < 1


@pytest.mark.parametrize("size", SIZES)
def test_a_gain_that_jumps_stays_under_the_ceiling(size: int) -> None:
    audio = noise()
    run = LimiterRun(Limiter(), 0.1, RATE)
    blocks = []
    for number, here in enumerate(in_blocks(size, audio)):
        run.gain = 16.0 if number % 3 == 1 else 0.1
        blocks.append(run.process(audio[:, here]))
    assert np.abs(np.concatenate(blocks, axis=1)).max() <= 10 ** (-1 / 20)


@pytest.mark.parametrize("size", SIZES)
def test_the_limiter_is_the_same_live_and_offline(size: int) -> None:
    audio = noise() * np.float32(3)
    curve = Limiter().curve(cell_peaks(audio.T, CELL), 1.5, RATE)
    whole = apply_curve(audio.T, curve, 1.5).T
    run = LimiterRun(Limiter(), 1.5, RATE)
    padded = np.concatenate([audio, np.zeros((2, 64 * 150), np.float32)], axis=1)
    blocks = np.concatenate([run.process(padded[:, here]) for here in in_blocks(size, padded)], axis=1)
    assert curve.min() < 0.5
    assert blocks[:, run.latency :][:, : audio.shape[1]] == pytest.approx(whole, abs=1e-5)
