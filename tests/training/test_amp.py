"""An amplifier learned from two recordings: aligned, trained, better than nothing."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import AudioError
from composer.training.amp import MARGIN, AmpTraining, align, error_to_signal, train

RATE = 8_000


def playing(seconds: float = 8.0) -> np.ndarray:
    """Decaying tones, float32."""
    rng = np.random.default_rng(0)
    time_s = np.arange(int(seconds * RATE)) / RATE
    since = time_s % 0.25
    pitch = 100 * 2 ** rng.uniform(0, 2, int(seconds * 4) + 1)[(time_s // 0.25).astype(int)]
    return (0.5 * np.exp(-8 * since) * np.sin(2 * np.pi * pitch * since)).astype(np.float32)


@pytest.mark.parametrize(("late", "sign"), [(0, 1), (137, 1), (-55, -1)])
def test_the_two_sides_are_aligned(late: int, sign: int) -> None:
    dry = playing()
    wet = sign * np.tanh(3 * np.roll(dry, late)).astype(np.float32)
    pair = align(dry, wet, RATE)
    assert pair.inverted == (sign < 0)
    left = late - pair.delay
    assert 0 <= left <= 2 * MARGIN
    assert np.abs(np.tanh(3 * np.roll(pair.dry, left)) - pair.wet)[200:-200].max() < 1e-6


def test_recordings_that_do_not_belong_together_are_refused() -> None:
    dry = playing()
    noise = np.random.default_rng(1).standard_normal(len(dry)).astype(np.float32)
    for wet, word in ((noise, "do not resemble"), (0 * dry, "silent"), (dry[:RATE], "too short")):
        with pytest.raises(AudioError, match=word):
            align(dry, wet, RATE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lstm", "wavenet"])
def test_a_few_epochs_learn_a_soft_clipper(kind: str) -> None:
    dry = playing()
    pair = align(dry, np.tanh(3 * dry), RATE)
    heard: list[str] = []
    settings = AmpTraining(
        kind=kind, epochs=4, minutes=2, hidden=8, channels=6, dilations=(1, 2, 4), segment=512, warm_up=128, batch=8
    )
    amp = train(pair, "clipper", settings, heard.append)
    assert len(heard) <= 4
    assert amp.esr is not None
    assert amp.esr < (0.7 if kind == "lstm" else 0.2)
    assert error_to_signal(pair.wet, pair.dry) > 0.3
    cut = int(len(pair.dry) * (1 - settings.validation))
    made = amp.network.start().process(pair.dry[cut:])
    assert error_to_signal(pair.wet[cut:], made) == pytest.approx(amp.esr, rel=1e-3)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(AudioError, match="no kind of amplifier called 'valve'"):
        AmpTraining(kind="valve")
