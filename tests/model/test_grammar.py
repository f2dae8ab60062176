"""The grammar: what it lets players do, and what not."""

from __future__ import annotations

import numpy as np
import pytest

from composer.gm import BAND, ROLES
from composer.model.grammar import FORBIDDEN, forbid_pitches, forbid_positions, is_playable, let_go
from composer.model.sequence import END_POSITION
from composer.vocab import DURATIONS, GRID_NOTE_DTYPE, duration_class

DRUMS, BASS, GUITAR, PIANO, STRINGS = (ROLES.index(name) for name in BAND)


def allowed(turn: list[tuple[int, int]], part: int, position: int) -> set[int]:
    logits = np.zeros(128)
    forbid_pitches(logits, turn, part, position)
    return set(np.flatnonzero(logits > FORBIDDEN).tolist())


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
    logits = np.zeros(END_POSITION + 1)
    forbid_positions(logits, [(12, 60)], PIANO, 36, must_play=False)
    assert set(np.flatnonzero(logits > FORBIDDEN)) == {*range(12, 36), END_POSITION}


def test_a_full_chord_moves_on() -> None:
    logits = np.zeros(END_POSITION + 1)
    forbid_positions(logits, [(0, 40), (0, 52)], BASS, 48, must_play=False)
    assert 0 not in np.flatnonzero(logits > FORBIDDEN)


def test_who_must_play_cannot_end_before_a_note() -> None:
    logits = np.zeros(END_POSITION + 1)
    forbid_positions(logits, [], BASS, 48, must_play=True)
    assert logits[END_POSITION] == FORBIDDEN
    logits = np.zeros(END_POSITION + 1)
    forbid_positions(logits, [(0, 40)], BASS, 48, must_play=True)
    assert logits[END_POSITION] == 0


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
