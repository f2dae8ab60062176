"""Musical time: the transport's line, taps, and another machine's clock."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import InputError
from composer.live.clock_in import ClockFollower
from composer.live.transport import Taps, Transport


def test_a_change_of_tempo_leaves_the_past_alone() -> None:
    transport = Transport(120)
    transport.start(100.0)
    transport.set_tempo(60, 102.0)
    assert transport.beat_at(102.0) == pytest.approx(4)
    assert transport.time_of(6) == pytest.approx(104.0)
    transport.stop(103.0)
    assert transport.time_of(7) == float("inf")
    assert transport.beat_at(999.0) == pytest.approx(5)


@pytest.mark.parametrize("bpm", [0, 19, 401, float("nan")])
def test_tempos_no_band_plays(bpm: float) -> None:
    with pytest.raises(InputError, match="tempo must be in range"):
        Transport(bpm)


def test_taps() -> None:
    taps = Taps(4)
    assert [taps.tap(at) for at in (0.0, 0.5, 0.52, 1.0)] == [None] * 4  # 0.52 belongs to a chord
    bpm, next_s = taps.tap(1.5)  # type: ignore[misc]
    assert (bpm, next_s) == (pytest.approx(120), pytest.approx(2.0))


def test_uneven_taps_start_again() -> None:
    taps = Taps(4)
    times = [0.0, 0.5, 1.4, 1.9, 2.4, 2.9]
    found = [taps.tap(at) for at in times]
    assert found[:5] == [None] * 5
    assert found[5] is not None
    assert found[5][0] == pytest.approx(120)


def follow(pulses: np.ndarray) -> list[tuple[float, float, float]]:
    follower = ClockFollower()
    return [at for at in map(follower.pulse, pulses.tolist()) if at is not None]


def off_the_beat(pulses: np.ndarray, first: float) -> float:
    """How far, in seconds, the follower's beat is from the sender's at worst, from beat `first` on."""
    beats = np.arange(len(pulses)) / 24
    worst = 0.0
    for time_s, beat, _ in follow(pulses):
        if beat >= first:
            worst = max(worst, abs(float(np.interp(beat, beats, pulses)) - time_s))
    return worst


@pytest.mark.parametrize("change", [0.05, -0.05])
@pytest.mark.parametrize("over_beats", [1, 4, 16])
def test_a_ramp_of_five_percent_is_followed_within_15_ms(change: float, over_beats: int) -> None:
    """With a pulse jitter of 1 ms, from two beats on, never more than 15 ms off."""
    rng = np.random.default_rng(1)
    beat = np.arange(24 * 40) / 24
    bpm = 120 * (1 + change * np.clip((beat - 8) / over_beats, 0, 1))
    pulses = 10 + np.concatenate([[0], np.cumsum(60 / bpm[:-1] / 24)]) + rng.normal(0, 0.001, len(beat))
    assert off_the_beat(pulses, 2) < 0.015


def test_lost_pulses_and_silences_do_not_lose_the_beat() -> None:
    even = 10 + np.arange(24 * 20) * 0.5 / 24
    kept = np.delete(even, [100, 101, 200, *range(240, 300)])
    found = follow(kept)
    time_s, beat, beat_s = found[-1]
    assert (time_s, beat, beat_s) == (
        pytest.approx(even[-1], abs=1e-3),
        pytest.approx(479 / 24),
        pytest.approx(0.5, abs=1e-3),
    )


@pytest.mark.parametrize("held_up", [0.6, 1.4, 2.5, 3.3, 7.7])
def test_pulses_held_up_and_let_go_at_once_are_counted_once(held_up: float) -> None:
    """A busy machine's network: nothing for a while, then all of it in one moment, again and again."""
    pulse_s = 0.5 / 24
    pulses = 10 + np.arange(24 * 20) * pulse_s
    for first in range(100, 400, 37):
        until = pulses[first] + held_up * pulse_s
        pulses[first:] = np.maximum(pulses[first:], until + 1e-4 * np.arange(len(pulses) - first))
    time_s, beat, _ = follow(pulses)[-1]
    assert beat == pytest.approx(479 / 24)
    assert time_s == pytest.approx(10 + 479 * pulse_s, abs=2e-3)


def test_doubled_pulses_are_dropped() -> None:
    even = 10 + np.arange(24 * 8) * 0.5 / 24
    doubled = np.sort(np.concatenate([even, even[50:60] + 0.0005]))
    assert follow(doubled)[-1][1] == pytest.approx(191 / 24)


def test_another_tempo_altogether_is_believed() -> None:
    pulses = 10 + np.concatenate([np.arange(96) * 0.5 / 24, 96 * 0.5 / 24 + np.arange(96) * 1.0 / 24])
    assert follow(pulses)[-1][2] == pytest.approx(1.0, rel=0.02)
