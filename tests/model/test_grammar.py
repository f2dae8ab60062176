"""The grammar: what it lets players do, and what not."""

from __future__ import annotations

import numpy as np
import pytest

from composer.gm import BAND, ROLES
from composer.model.grammar import LIMBS, Turn, is_playable, let_go
from composer.vocab import DURATIONS, GRID_NOTE_DTYPE, duration_class

DRUMS, BASS, GUITAR, PIANO, STRINGS = (ROLES.index(name) for name in BAND)


def after(notes: list[tuple[int, int]], part: int) -> Turn:
    turn = Turn(part)
    for position, pitch in notes:
        turn.strike(position, pitch)
    return turn


def allowed(notes: list[tuple[int, int]], part: int, position: int) -> set[int]:
    low, high, limbs = after(notes, part).pitches(position)
    return {pitch for pitch in range(low, high + 1) if not LIMBS[limbs, pitch]}


@pytest.mark.parametrize("role", list(BAND))
def test_range(role: str) -> None:
    assert allowed([], ROLES.index(role), 0) == set(range(BAND[role].low, BAND[role].high + 1))


def test_chords_rise() -> None:
    assert min(allowed([(0, 60), (0, 64)], PIANO, 0)) == 65
    assert min(allowed([(0, 60), (0, 64)], PIANO, 6)) == BAND["piano"].low


def test_a_drummer_has_two_feet_and_two_hands() -> None:
    assert not {35, 36} & allowed([(0, 36)], DRUMS, 0)
    snare_and_hat = allowed([(0, 38), (0, 42)], DRUMS, 0)
    assert 44 in snare_and_hat
    assert 54 in snare_and_hat
    assert not {46, 49, 51, 57} & snare_and_hat


def test_two_hands_on_the_keys() -> None:
    assert is_playable([36, 48, 60, 64, 67], PIANO)
    assert not is_playable([36, 55, 75], PIANO)
    assert not is_playable([48, 50, 52, 53, 55, 57, 59, 60, 62, 64, 65], PIANO)


def test_six_strings() -> None:
    assert is_playable([40, 45, 50, 55, 59, 64], GUITAR)
    assert not is_playable([40, 45, 50, 55, 59, 64, 66], GUITAR)
    assert not is_playable([40, 80], GUITAR)


def test_positions_go_forward_and_stay_in_the_bar() -> None:
    assert after([(12, 60)], PIANO).positions(36, must_play=False) == (12, 35, True)


def test_a_full_chord_moves_on() -> None:
    assert after([(0, 40), (0, 52)], BASS).positions(48, must_play=False)[0] == 1
    for chord in ([(0, 36), (0, 38), (0, 42), (0, 44), (0, 87)], [(0, 36), (0, 38), (0, 42), (0, 54), (0, 60)]):
        full = not allowed(chord, DRUMS, 0)
        assert after(chord, DRUMS).positions(48, must_play=False)[0] == int(full)


def test_who_must_play_cannot_end_before_a_note() -> None:
    assert after([], BASS).positions(48, must_play=True) == (0, 47, False)
    assert after([(0, 40)], BASS).positions(48, must_play=True)[2]


def test_let_go_keeps_within_polyphony() -> None:
    rng = np.random.default_rng(0)
    for role in ("bass", "guitar", "piano", "strings"):
        part = ROLES.index(role)
        rows = sorted(
            {(part, int(rng.integers(4)), int(rng.integers(48)), int(rng.integers(40, 70))) for _ in range(120)}
        )
        notes = np.array([(*row, int(duration_class(np.array(40))), 8) for row in rows], GRID_NOTE_DTYPE)
        kept = let_go(notes, np.full(4, 48), part)
        assert np.array_equal(kept["pitch"], np.sort(notes, order=["bar", "position", "pitch"])["pitch"])
        start = kept["bar"].astype(int) * 48 + kept["position"]
        stop = start + DURATIONS[kept["duration"]]
        limit = 1 if role == "bass" else BAND[role].polyphony
        for tick in np.unique(start):
            sounding = (start <= tick) & (stop > tick)
            assert sounding.sum() <= max(limit, (start == tick).sum())
